import { parseAddressParts } from '../../advertise/advertised-address.ts';
import { logLine } from '../../base/channels.ts';
import type { AddressParts } from '../../net/listener.ts';
import { type AdminCommand, CommandFault } from './admin-command.ts';
import type { Administered } from './administered.ts';
import { type ListenerRow, listenerRows } from './listener-rows.ts';

/** Reads and changes printed addresses while calls run; what was printed before stays own. */
export function advertiseCommand(server: Administered): AdminCommand {
  return {
    name: 'advertise',
    usage: 'get | set ADDRESS|none [LISTENER]',
    summary: 'read or change what is printed, until the next reload',
    run: ([verb, address, listener]) => {
      if (verb === undefined || verb === 'get') return listenerRows(server.advertise);
      if (verb === 'set' && address !== undefined) return set(server, partsOf(address), listener);
      throw new CommandFault('get or set is needed');
    },
  };
}

function set(
  server: Administered,
  parts: AddressParts | undefined,
  name: string | undefined,
): readonly ListenerRow[] {
  const { advertise, network } = server;
  if (name === undefined) {
    advertise.update({ settings: { ...advertise.settings, global: parts } });
  } else {
    if (!network.advertise(name, parts)) {
      const names = network.listeners.map((listener) => listener.name);
      throw new CommandFault(`there is no listener ${name}`, `one of ${names.join(', ')}`);
    }
    advertise.update({ listeners: network.listeners });
  }
  logLine('info', 'advertise', 'a printed address was changed', { listener: name ?? 'global', ...parts });
  return listenerRows(advertise);
}

function partsOf(text: string): AddressParts | undefined {
  if (text === 'none') return undefined;
  const parsed = parseAddressParts(text);
  if (parsed.ok) return parsed.parts;
  throw new CommandFault(parsed.reason, 'write it as 99.88.44.33 or 99.88.44.33:5060');
}

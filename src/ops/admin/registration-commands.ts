import { formatHostPort } from '../../base/ip.ts';
import type { Binding } from '../../core/registrar/location-store.ts';
import { addressOfRecord } from '../../wire/sip/address-of-record.ts';
import { Uri } from '../../wire/sip/uri.ts';
import { defaultRealm } from '../config/realm.ts';
import { type AdminCommand, CommandFault } from './admin-command.ts';
import type { Administered } from './administered.ts';

const MOST_ROWS = 10_000;

export function registrationCommands(server: Administered): readonly AdminCommand[] {
  return [
    {
      name: 'registrations',
      usage: '[AOR]',
      summary: 'who is registered, and where',
      run: ([aor]) => registrations(server, aor),
    },
    {
      name: 'unregister',
      usage: 'AOR [CONTACT]',
      summary: 'remove the contacts of an address-of-record, or one of them',
      run: ([aor, contact]) => unregister(server, aor, contact),
    },
  ];
}

async function registrations(server: Administered, text: string | undefined): Promise<readonly object[]> {
  const now = server.clock.wallNow();
  if (text !== undefined) {
    const bindings = await server.registrar.bindings(aorOf(server, text));
    return bindings.map((binding) => row(binding, now));
  }
  const rows: object[] = [];
  for await (const binding of server.location.all()) {
    if (binding.expiresAt > now) rows.push(row(binding, now));
    if (rows.length === MOST_ROWS) break;
  }
  return rows;
}

async function unregister(
  server: Administered,
  text: string | undefined,
  contact: string | undefined,
): Promise<string> {
  if (text === undefined) throw new CommandFault('an address-of-record is needed');
  const aor = aorOf(server, text);
  const removed = await server.registrar.remove(aor, contact);
  return `${removed} ${removed === 1 ? 'contact' : 'contacts'} of ${aor} removed`;
}

function row(binding: Binding, now: number): object {
  const { transport, address, port } = binding.received;
  return {
    aor: binding.aor,
    contact: binding.contact,
    received: `${transport}:${formatHostPort(address, port)}`,
    listener: binding.listener,
    nat: binding.natted ? 'yes' : 'no',
    expires: `${Math.ceil((binding.expiresAt - now) / 1000)}s`,
    agent: binding.userAgent,
  };
}

/** `alice` and `alice@example.com` are enough; an address of this server means the server itself, as in a REGISTER. */
function aorOf({ advertise, config }: Administered, text: string): string {
  const realm = defaultRealm(config);
  const named = /^[a-z]+:/i.test(text) ? text : `sip:${text}`;
  const uri = Uri.parse(named.includes('@') ? named : `${named}@${realm}`);
  if (uri?.kind !== 'sip' || uri.user === undefined) {
    throw new CommandFault(`${text} is no address-of-record`, 'write it as alice@example.com');
  }
  const { how } = advertise.own.recognise({ host: uri.host });
  return addressOfRecord(
    how === undefined || how === 'domain' ? uri : uri.with({ host: realm, port: undefined }),
  );
}

import { relative } from 'node:path';
import { channels } from '../base/channels.ts';
import { formatHostPort, ipFamily, unbracket } from '../base/ip.ts';
import type { Destination } from '../net/network.ts';
import { CommandFault } from '../ops/admin/admin-command.ts';
import { positionText } from '../script/fault-position.ts';
import { type Step, traceScript } from '../script/opensips/trace/trace-script.ts';
import { DryServer } from '../server/dry-server.ts';
import { parseHostPort } from '../wire/sip/host-port.ts';
import { fromByteString } from '../wire/sip/text.ts';
import { readCaptured } from './captured-message.ts';
import { type ConfigOptions, configOf } from './config-options.ts';
import { harmless, indent, paint, print } from './terminal.ts';

interface DryRunOptions extends ConfigOptions {
  readonly from?: string;
  readonly on?: string;
}

/** `viaduct dry-run`: each step as it happens, then what would be sent. */
export async function dryRunMessage(file: string, options: DryRunOptions): Promise<void> {
  const { bytes, source } = readCaptured(file);
  const config = await configOf({ ...options, traced: true });
  const traced = config.script && traceScript(config.script, (step) => print(stepText(step)));
  using _tracing = traced ?? { [Symbol.dispose]: () => {} };
  using _lines = showLines();
  await using server = await DryServer.start(traced ? { ...config, script: traced.loaded } : config);
  const from = options.from === undefined ? source : sourceOf(options.from, source);
  const [first = ''] = bytes.toString('latin1').split('\r\n', 1);
  print(paint('bold', `${harmless(first)}  from ${addressText(from)}`));
  await server.take(bytes, from, options.on);
  const { unsent } = server.network;
  for (const { from: listener, to, bytes: text } of unsent) {
    print(`\n${paint('bold', `would send from ${listener.name} to ${addressText(to)}`)}`);
    print(indent(harmless(fromByteString(text.toString('latin1')).replaceAll('\r\n', '\n').trimEnd())));
  }
  if (unsent.length === 0) print('\nnothing would be sent');
  for (const name of server.names.asked) print(`\n${name} would be looked up`);
}

function stepText({ at, what, outcome }: Step): string {
  const place = at ? positionText({ ...at, file: relative(process.cwd(), at.file) || at.file }) : '';
  const sign = what.endsWith(')') && !what.startsWith('$') ? '→' : '=';
  return `${paint('dim', place.padEnd(PLACE_WIDTH))} ${harmless(fromByteString(`${what}`))} ${sign} ${harmless(fromByteString(outcome))}`;
}

const PLACE_WIDTH = 24;

/** Shows what the script logs among its steps. */
function showLines(): Disposable {
  const hear = (line: unknown) => {
    const { area, text, level } = line as {
      readonly area: string;
      readonly text: string;
      readonly level: string;
    };
    if (area === 'script') print(`${' '.repeat(PLACE_WIDTH)} ${level}: ${harmless(text)}`);
  };
  channels.log.subscribe(hear);
  return { [Symbol.dispose]: () => channels.log.unsubscribe(hear) };
}

function addressText({ transport, address, port }: Destination): string {
  return `${transport}:${formatHostPort(address, port)}`;
}

function sourceOf(text: string, { transport }: Destination): Destination {
  const parsed = parseHostPort(text.replace(/^(?:udp|tcp|tls|wss?):/, ''));
  if (parsed === undefined || ipFamily(unbracket(parsed.host)) === 0) {
    throw new CommandFault(`${text} is no address`, '--from 203.0.113.10:5060');
  }
  return { transport, address: unbracket(parsed.host), port: parsed.port ?? 5060 };
}

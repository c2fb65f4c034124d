import type { RawValue, SocketLine } from './ast.ts';
import type { Faults } from './faults.ts';
import type { Scanner } from './scanner.ts';

/** Words behind a socket that take another word. */
const WITH_WORD: ReadonlySet<string> = new Set([
  'as',
  'tag',
  'use_workers',
  'tos',
  'use_auto_scaling_profile',
]);
/** Words behind a socket that stand alone. */
const ALONE: ReadonlySet<string> = new Set(['anycast', 'frag', 'reuse_port', 'accept_subdomain']);
const PROXY_PROTOCOL = /^(?:allow[-_]|send[-_])?proxy(?:[-_]protocol)?$/;

/** Why a word behind a socket has no effect. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  use_workers: 'Viaduct has no worker processes',
  use_auto_scaling_profile: 'Viaduct has no worker processes',
  tos: 'the type of service is left to the system',
  anycast: 'sockets are not told apart by it',
  frag: 'the system fragments where it must',
  reuse_port: 'one process listens',
};

/** `PROTO:HOST[:PORTS] [as HOST[:PORT]] [tag NAME] …`, behind the `=`. */
export function readSocket(scanner: Scanner, faults: Faults, start: number): SocketLine | undefined {
  const first = scanner.raw();
  if (first === undefined || isSetting(scanner)) {
    if (first) scanner.position = first.start;
    faults.error(start, 'the socket is missing', 'write socket = udp:10.0.0.34:5060');
    return undefined;
  }
  if (/^bond:/i.test(first.text)) {
    faults.error(
      first.start,
      'sockets cannot be bonded',
      'choose between them in the script: $socket_out = "udp:10.0.0.34:5060"',
    );
    skipBraces(scanner, faults);
    return undefined;
  }
  const address = withPorts(scanner, faults, first.text);
  let advertised: string | undefined;
  let tag: string | undefined;
  let acceptSubdomain = false;
  for (;;) {
    const before = scanner.position;
    const word = scanner.raw();
    const lower = word?.text.toLowerCase() ?? '';
    const alone = ALONE.has(lower);
    const proxied = PROXY_PROTOCOL.test(lower);
    if (!word || (!alone && !proxied && !WITH_WORD.has(lower)) || isSetting(scanner)) {
      scanner.position = before;
      break;
    }
    if (proxied) {
      faults.error(word.start, 'the PROXY protocol is not spoken', 'take the word away');
      continue;
    }
    const why = WITHOUT_EFFECT[lower];
    if (why !== undefined) faults.notice(word.start, `"${lower}" has no effect: ${why}`);
    if (alone) {
      acceptSubdomain ||= lower === 'accept_subdomain';
      continue;
    }
    const value = scanner.raw();
    if (value === undefined || isSetting(scanner)) {
      if (value) scanner.position = value.start;
      faults.error(word.start, `what follows "${lower}" is missing`);
      break;
    }
    if (lower === 'as') advertised = withPorts(scanner, faults, value.text);
    else if (lower === 'tag') tag = value.text;
  }
  return { address, advertised, tag, acceptSubdomain, start: first.start };
}

/** Port lists may have blanks inside: `5060, 5070-5080`. */
function withPorts(scanner: Scanner, faults: Faults, text: string): string {
  const { text: source } = faults.source;
  const more = /^[ \t]*[,-][ \t]*\d+(?:[ \t]*[,-][ \t]*\d+)*/.exec(
    source.slice(scanner.position, scanner.position + 256),
  );
  if (more === null) return text;
  scanner.position += more[0].length;
  return text + more[0].replaceAll(/[ \t]/g, '');
}

/** Whether the word that was read is the name of a setting: `tos = 16`. */
export function isSetting(scanner: Scanner): boolean {
  const before = scanner.position;
  scanner.skipBlanks();
  const equals = scanner.restOfLine(scanner.position).startsWith('=');
  scanner.position = before;
  return equals;
}

function skipBraces(scanner: Scanner, faults: Faults): void {
  const { text } = faults.source;
  scanner.skipBlanks();
  const close = text[scanner.position] === '{' ? text.indexOf('}', scanner.position) : -1;
  if (close >= 0) scanner.position = close + 1;
}

/** `[PROTO:]HOST[:PORT] [accept_subdomain] …`, as many as stand on the line behind the `=`. */
export function readAliases(scanner: Scanner, faults: Faults, start: number): readonly RawValue[] {
  const aliases: { text: string; start: number }[] = [];
  const lineEnd = scanner.position + scanner.restOfLine(scanner.position).length;
  for (;;) {
    const before = scanner.position;
    const word = scanner.raw();
    if (!word || isSetting(scanner) || (aliases.length > 0 && word.start >= lineEnd)) {
      scanner.position = before;
      break;
    }
    const last = aliases.at(-1);
    if (word.text.toLowerCase() === 'accept_subdomain' && last) last.text += ' accept_subdomain';
    else aliases.push({ text: withQuotedHost(scanner, word.text), start: word.start });
  }
  if (aliases.length === 0) faults.error(start, 'the alias is missing', 'write alias = sip.example.com');
  return aliases;
}

/** `udp:"host":5060`: what is quoted belongs together with what stands round it. */
function withQuotedHost(scanner: Scanner, text: string): string {
  if (!text.endsWith(':')) return text;
  const host = scanner.raw();
  if (host === undefined) return text;
  const rest = /^:\d+/.exec(scanner.restOfLine(scanner.position))?.[0] ?? '';
  scanner.position += rest.length;
  return text + host.text + rest;
}

import { ipFamily, unbracket } from '../base/ip.ts';
import { defaultPort, TRANSPORT_NAMES, type TransportName, transportName } from './transport-name.ts';

/** One `listen` line as it is written: `PROTO:HOST[:PORTS] [as HOST[:PORTS]] [name NAME]`. */
export interface ListenSpec {
  readonly transport: TransportName;
  /** An IP address without brackets, `0.0.0.0`, `::`, `*`, or the name of an interface. */
  readonly host: string;
  /** At least one; 0 lets the system choose. */
  readonly ports: readonly number[];
  /** The host of the `as` part without brackets, as written. */
  readonly advertisedHost: string | undefined;
  /** The ports of the `as` part: none, or one for each of `ports`. */
  readonly advertisedPorts: readonly number[] | undefined;
  readonly name: string | undefined;
}

/** `column` counts characters from 1; `hint` is a sentence for the operator. */
export type ListenSpecResult =
  | { readonly ok: true; readonly spec: ListenSpec }
  | { readonly ok: false; readonly column: number; readonly message: string; readonly hint: string };

const EXAMPLE = 'write it as udp:10.0.0.34:5060 as 99.88.44.33:5060';
const MOST_PORTS = 1000;

/** Reads one `listen` line; ports are single, lists or ranges: `5060-5063,5070`. `tag` may stand for `name`. */
export function parseListenSpec(text: string): ListenSpecResult {
  try {
    return { ok: true, spec: new SpecReader(text).read() };
  } catch (error) {
    if (error instanceof Fault) {
      return { ok: false, column: error.offset + 1, message: error.message, hint: error.hint };
    }
    throw error;
  }
}

/** Leaves the reader from any depth; never leaves this file. */
class Fault extends Error {
  readonly offset: number;
  readonly hint: string;

  constructor(offset: number, message: string, hint: string) {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}

interface Word {
  readonly text: string;
  readonly offset: number;
}

interface HostAndPorts {
  readonly host: string;
  readonly ports: readonly number[] | undefined;
}

class SpecReader {
  readonly #words: Word[];
  readonly #end: number;

  constructor(text: string) {
    this.#words = [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], offset: match.index }));
    this.#end = text.length;
  }

  read(): ListenSpec {
    const socket = this.#next('a listener', EXAMPLE);
    const colon = socket.text.indexOf(':');
    const transport = colon < 0 ? undefined : transportName(socket.text.slice(0, colon));
    if (!transport) {
      const known = TRANSPORT_NAMES.map((name) => `${name}:`).join(', ');
      throw new Fault(
        socket.offset,
        `"${socket.text}" does not begin with a transport`,
        `begin with one of ${known}`,
      );
    }
    const bound = hostAndPorts(from(socket, colon + 1), 0);
    if (bound.host === '') throw new Fault(socket.offset + colon + 1, 'the host is missing', EXAMPLE);
    const ports = bound.ports ?? [defaultPort(transport)];
    let advertised: HostAndPorts | undefined;
    let name: string | undefined;
    while (this.#words.length > 0) {
      const word = this.#next('', '');
      if (word.text === 'as' && !advertised) {
        const as = this.#next('an address after "as"', EXAMPLE);
        advertised = hostAndPorts(as, 1);
        checkAdvertised(as, advertised, ports.length);
      } else if ((word.text === 'name' || word.text === 'tag') && name === undefined) {
        name = symbolicName(this.#next(`a name after "${word.text}"`, 'a name is letters, digits and . _ -'));
      } else {
        throw new Fault(
          word.offset,
          `"${word.text}" is not expected here`,
          'after the socket may follow "as HOST[:PORT]" and "name NAME", each once',
        );
      }
    }
    return {
      transport,
      host: bound.host,
      ports,
      advertisedHost: advertised?.host || undefined,
      advertisedPorts: advertised?.ports,
      name,
    };
  }

  #next(what: string, hint: string): Word {
    const word = this.#words.shift();
    if (!word) throw new Fault(this.#end, `${what} is missing`, hint);
    return word;
  }
}

function from(word: Word, start: number): Word {
  return { text: word.text.slice(start), offset: word.offset + start };
}

function hostAndPorts(word: Word, lowestPort: 0 | 1): HostAndPorts {
  const { text } = word;
  const bracketEnd = text.startsWith('[') ? text.indexOf(']') : -1;
  if (text.startsWith('[') && bracketEnd < 0) {
    throw new Fault(word.offset, 'the bracket is not closed', 'an IPv6 address is written [2001:db8::1]');
  }
  if (bracketEnd < 0 && ipFamily(text) === 6) {
    throw new Fault(word.offset, 'an IPv6 address without brackets', `write [${text}] or [${text}]:5060`);
  }
  const colon = text.indexOf(':', bracketEnd + 1);
  const written = colon < 0 ? text : text.slice(0, colon);
  const host = unbracket(written);
  if (bracketEnd >= 0 && ipFamily(host) !== 6) {
    throw new Fault(
      word.offset,
      `"${written}" is no IPv6 address`,
      'only an IPv6 address stands in brackets',
    );
  }
  if (bracketEnd < 0 && !isHostText(host)) {
    throw new Fault(word.offset, `"${written}" is no address and no name`, EXAMPLE);
  }
  return { host, ports: colon < 0 ? undefined : portList(from(word, colon + 1), lowestPort) };
}

/** Letters of host names (RFC 1123) and of interface names; the dot-only and digit-only cases must be addresses. */
function isHostText(host: string): boolean {
  if (host === '' || host === '*') return true;
  return /^[\d.]+$/.test(host) ? ipFamily(host) === 4 : /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(host);
}

function portList(word: Word, lowest: 0 | 1): number[] {
  const ports: number[] = [];
  let offset = 0;
  for (const item of word.text.split(',')) {
    const at = word.offset + offset;
    const dash = item.indexOf('-');
    const first = portNumber(dash < 0 ? item : item.slice(0, dash), at, lowest);
    const last = dash < 0 ? first : portNumber(item.slice(dash + 1), at + dash + 1, lowest);
    if (last < first) throw new Fault(at, `the range ${item} runs backwards`, `write ${last}-${first}`);
    if (ports.length + last - first >= MOST_PORTS) {
      throw new Fault(at, `more than ${MOST_PORTS} ports`, 'each port is a socket of its own: list fewer');
    }
    for (let port = first; port <= last; port++) {
      if (port !== 0 && ports.includes(port))
        throw new Fault(at, `port ${port} is listed twice`, 'list it once');
      ports.push(port);
    }
    offset += item.length + 1;
  }
  return ports;
}

function portNumber(text: string, offset: number, lowest: 0 | 1): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= lowest && port <= 65_535) return port;
  throw new Fault(offset, `"${text}" is no port`, `a port is a number from ${lowest} to 65535`);
}

function checkAdvertised(word: Word, advertised: HostAndPorts, bound: number): void {
  if (advertised.host === '' && advertised.ports === undefined) {
    throw new Fault(word.offset, 'neither host nor port after "as"', EXAMPLE);
  }
  if (advertised.host === '*' || advertised.host === '0.0.0.0' || /^[0:]+$/.test(advertised.host)) {
    throw new Fault(
      word.offset,
      'a wildcard cannot be printed in a message',
      'give the address or the name under which others reach this server',
    );
  }
  if (advertised.ports && advertised.ports.length !== bound) {
    throw new Fault(
      word.offset,
      `${advertised.ports.length} ports after "as" for ${bound} listening ports`,
      'give as many ports on both sides, or none after "as" where they are the same',
    );
  }
}

function symbolicName(word: Word): string {
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(word.text)) return word.text;
  throw new Fault(word.offset, `"${word.text}" is no name`, 'a name is up to 64 letters, digits and . _ -');
}

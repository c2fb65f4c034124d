import { parseDecimal } from '../sip/text.ts';
import { type Candidate, parseCandidate } from './candidate.ts';
import { type Connection, isNullAddress, parseConnection } from './connection.ts';
import { Attributes, parsePort, type SdpLine, words } from './lines.ts';

/** More formats than a line names in earnest. */
const MOST_FORMATS = 256;

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
export const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** What `a=rtcp:` says (RFC 3605): a port, and an address where it differs. */
export interface RtcpAddress {
  readonly port: number;
  readonly connection: Connection | undefined;
}

/** One medium of a session description: its `m=` line and what follows it (RFC 8866 §5.14). */
export class MediaDescription {
  /** From 0 on, in the order of the lines. */
  readonly index: number;
  /** `audio`, `video`, `image`, `application`, as written. */
  readonly kind: string;
  /** 0: refused, or not offered. */
  readonly port: number;
  /** Of `port/count`; 1 where it is not written. */
  readonly portCount: number;
  /** `RTP/AVP`, as written. */
  readonly protocol: string;
  /** Payload types, or whatever the protocol has for formats. */
  readonly formats: readonly string[];
  /** The `m=` line first. */
  readonly lines: readonly SdpLine[];
  readonly attributes: Attributes;
  /** Of its own `c=` line, or undefined. */
  readonly ownConnection: Connection | undefined;
  /** Its own, or that of the session; undefined where neither has one. */
  readonly connection: Connection | undefined;
  readonly direction: Direction;
  /** Where in the text the port stands, with its count. */
  readonly portStart: number;
  readonly portEnd: number;

  private constructor(index: number, lines: readonly SdpLine[], head: Head, session: SessionPart) {
    this.index = index;
    this.kind = head.kind;
    this.port = head.port;
    this.portCount = head.portCount;
    this.protocol = head.protocol;
    this.formats = head.formats;
    this.portStart = head.portStart;
    this.portEnd = head.portEnd;
    this.lines = lines;
    this.attributes = new Attributes(lines);
    this.ownConnection = head.connection;
    this.connection = head.connection ?? session.connection;
    this.direction = findDirection(this.attributes) ?? session.direction ?? 'sendrecv';
  }

  /** @returns a reason where the `m=` line or a `c=` line is none */
  static parse(
    index: number,
    lines: readonly SdpLine[],
    session: SessionPart,
  ): MediaDescription | 'bad-media' | 'bad-connection' {
    const head = parseHead(lines[0]!);
    if (!head) return 'bad-media';
    const line = lines.find(({ type }) => type === 'c');
    const connection = line && parseConnection(line.value);
    if (line && !connection) return 'bad-connection';
    return new MediaDescription(index, lines, { ...head, connection }, session);
  }

  /** Whether nothing is to be sent to it: a null address, `a=sendonly` or `a=inactive` (RFC 3264 §8.4). */
  get held(): boolean {
    return this.hasNullAddress || this.direction === 'sendonly' || this.direction === 'inactive';
  }

  get hasNullAddress(): boolean {
    return this.connection !== undefined && isNullAddress(this.connection.address);
  }

  /** Whether RTCP shares the port of RTP (RFC 5761); in an offer, whether it may. */
  get rtcpMux(): boolean {
    return this.attributes.has('rtcp-mux');
  }

  /** What `a=rtcp` says, or undefined where it is missing or unreadable. */
  get rtcp(): RtcpAddress | undefined {
    const value = this.attributes.value('rtcp');
    if (value === undefined) return undefined;
    const port = parsePort(words(value, 1)[0] ?? '');
    if (port === undefined) return undefined;
    const blank = value.indexOf(' ');
    return { port, connection: blank < 0 ? undefined : parseConnection(value.slice(blank)) };
  }

  /** Where RTCP goes by what is written: `a=rtcp`, else the port above (RFC 3550 §11); 0 for a medium that is refused. */
  get rtcpPort(): number {
    if (this.port === 0) return 0;
    return this.rtcp?.port ?? (this.port === 65_535 ? 0 : this.port + 1);
  }

  /** Candidates that can be read. */
  get candidates(): Candidate[] {
    return this.attributes.values('candidate').flatMap((value) => parseCandidate(value) ?? []);
  }

  /** @returns the payload type that `a=rtpmap` gives to an encoding such as `telephone-event`, or undefined */
  payloadType(encoding: string, clockRate?: number): number | undefined {
    const wanted = encoding.toLowerCase();
    for (const value of this.attributes.values('rtpmap')) {
      const [number, mapped] = words(value, 2);
      const [name, rate] = mapped?.split('/', 3) ?? [];
      if (name?.toLowerCase() !== wanted) continue;
      if (clockRate !== undefined && parseDecimal(rate ?? '') !== clockRate) continue;
      const payloadType = parseDecimal(number!);
      if (payloadType !== undefined && payloadType < 128) return payloadType;
    }
    return undefined;
  }
}

/** What the session says for media that do not say it themselves. */
export interface SessionPart {
  readonly connection: Connection | undefined;
  readonly direction: Direction | undefined;
}

interface Head {
  readonly kind: string;
  readonly port: number;
  readonly portCount: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  readonly portStart: number;
  readonly portEnd: number;
  readonly connection: Connection | undefined;
}

function parseHead({ value, valueStart }: SdpLine): Omit<Head, 'connection'> | undefined {
  const [kind, ports, protocol, ...formats] = words(value, MOST_FORMATS + 4);
  if (protocol === undefined || formats.length > MOST_FORMATS) return undefined;
  const slash = ports!.indexOf('/');
  const digits = slash < 0 ? ports! : ports!.slice(0, slash);
  const port = parsePort(digits);
  const portCount = slash < 0 ? 1 : parsePort(ports!.slice(slash + 1));
  if (port === undefined || portCount === undefined || portCount === 0) return undefined;
  const portStart = valueStart + value.indexOf(ports!, value.indexOf(kind!) + kind!.length);
  return { kind: kind!, port, portCount, protocol, formats, portStart, portEnd: portStart + ports!.length };
}

/** The direction that attributes say, the last one where they contradict each other. */
export function findDirection(attributes: Attributes): Direction | undefined {
  let found: Direction | undefined;
  let at = -1;
  for (const direction of DIRECTIONS) {
    const line = attributes.find(direction);
    if (line && line.start > at) {
      found = direction;
      at = line.start;
    }
  }
  return found;
}

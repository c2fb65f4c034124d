// SIP messages as a witness sees them: taken from captured packets, with the words that the rules and ladders need.
import type { TransportName } from '../../src/net/transport-name.ts';
import type { Packet } from './pcap.ts';

/** Where the witness stood: on the Internet's side of the cloud gateway, or in the VPC. */
export type Link = 'internet' | 'vpc';

/** One SIP message on one link. */
export interface SeenMessage {
  readonly link: Link;
  readonly time: number;
  readonly transport: TransportName;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly text: string; // latin1
}

/** Start line and headers, without the body. */
export function head(message: SeenMessage): string {
  return message.text.slice(0, message.text.indexOf('\r\n\r\n'));
}

/** What follows the headers. */
export function body(message: SeenMessage): string {
  return message.text.slice(message.text.indexOf('\r\n\r\n') + 4);
}

export function startLine(message: SeenMessage): string {
  return message.text.slice(0, message.text.indexOf('\r\n'));
}

const COMPACT: Record<string, string> = {
  v: 'via',
  m: 'contact',
  i: 'call-id',
  f: 'from',
  t: 'to',
  l: 'content-length',
};

/** The values of a header (name in lower case) in their order; comma-separated ones apart. */
export function headers(message: SeenMessage, name: string): string[] {
  const values: string[] = [];
  for (const line of head(message)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .slice(1)) {
    const colon = line.indexOf(':');
    const written = line.slice(0, colon).trim().toLowerCase();
    if ((COMPACT[written] ?? written) === name)
      values.push(...line.slice(colon + 1).split(/,(?![^<"]*[>"])/));
  }
  return values.map((value) => value.trim());
}

/** Method of a request; undefined for a response. */
export function methodOf(message: SeenMessage): string | undefined {
  const line = startLine(message);
  return line.startsWith('SIP/2.0 ') ? undefined : line.slice(0, line.indexOf(' '));
}

/** Status of a response; undefined for a request. */
export function statusOf(message: SeenMessage): number | undefined {
  const line = startLine(message);
  return line.startsWith('SIP/2.0 ') ? Number(line.slice(8, 11)) : undefined;
}

/** The host that a URI in a header value, or a Via's sent-by, names. */
export function hostOf(value: string): string {
  const sentBy = /^SIP\/2\.0\/\w+\s+([^\s;:]+)/i.exec(value)?.[1];
  return sentBy ?? /sips?:(?:[^@<>]*@)?(\[[^\]]+\]|[^\s:;>?]+)/i.exec(value)?.[1] ?? '';
}

const FIRST_LINE = /^(?:SIP\/2\.0 \d{3} [^\r]*|[A-Z]+ \S+ SIP\/2\.0)$/;

/** The bytes of one direction of a TCP connection, in order and once, with the time each message ended. */
function* framesOf(segments: Packet[]): Generator<{ time: number; text: string }> {
  let expected: number | undefined;
  let stream = '';
  for (const { sequence, payload, time } of segments) {
    // A gap cannot be told from reordering here; veth pairs do neither, so only repeats are cut away.
    const repeated = expected === undefined ? 0 : (expected - sequence) | 0;
    if (repeated >= payload.length) continue;
    stream += payload.toString('latin1', Math.max(0, repeated));
    expected = (sequence + payload.length) >>> 0;
    for (;;) {
      stream = stream.replace(/^(?:\r\n)+/, '');
      const end = stream.indexOf('\r\n\r\n');
      if (end < 0) break;
      const length = Number(/\r\n(?:content-length|l)\s*:\s*(\d+)/i.exec(stream.slice(0, end))?.[1] ?? 0);
      if (stream.length < end + 4 + length) break;
      yield { time, text: stream.slice(0, end + 4 + length) };
      stream = stream.slice(end + 4 + length);
    }
  }
}

/** The SIP messages among the packets of one link, by time. Keep-alives and media are passed over. */
export function messagesOf(link: Link, packets: readonly Packet[]): SeenMessage[] {
  const found: SeenMessage[] = [];
  const add = (packet: Packet, time: number, text: string): void => {
    const { transport, source, destination, sourcePort, destinationPort } = packet;
    const message = { link, time, transport, source, destination, sourcePort, destinationPort, text };
    if (text.includes('\r\n\r\n') && FIRST_LINE.test(startLine(message))) found.push(message);
  };
  const streams = new Map<string, Packet[]>();
  for (const packet of packets) {
    if (packet.transport === 'udp') {
      add(packet, packet.time, packet.payload.toString('latin1'));
    } else if (packet.payload.length > 0) {
      const key = `${packet.source}:${packet.sourcePort}>${packet.destination}:${packet.destinationPort}`;
      const stream = streams.get(key);
      if (stream === undefined) streams.set(key, [packet]);
      else stream.push(packet);
    }
  }
  for (const segments of streams.values()) {
    for (const { time, text } of framesOf(segments)) add(segments[0]!, time, text);
  }
  return found.sort((a, b) => a.time - b.time);
}

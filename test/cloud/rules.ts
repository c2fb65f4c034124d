// What the witness holds against a server: the rules of printed addresses, each a pure function of what was seen.
import {
  body,
  head,
  headers,
  hostOf,
  methodOf,
  type SeenMessage,
  startLine,
  statusOf,
} from './seen-message.ts';
import { ADDRESS } from './topology.ts';

/** One broken rule and the message that shows it. */
export interface Violation {
  readonly rule:
    | 'server-private-address' // the server's own VPC address in a header that crosses to the Internet
    | 'phone-private-address' // the VPC phone's address in a header that crosses to the Internet
    | 'private-media-address' // a private address in a session description that crosses to the Internet
    | 'public-media-address' // the VPC phone was told to send its sound to the public address
    | 'public-next-hop' // the VPC phone was told to send to the public address
    | 'public-address-used' // the VPC phone did send there
    | 'looped-through-nat' // the server sent to its own public address
    | 'lost-ack'; // a final response to INVITE repeated for want of its ACK
  readonly header: string; // the one that is wrong; empty where it is the packet itself
  readonly why: string;
  readonly message: SeenMessage;
}

const VPC_ADDRESS = /(?<![\d.])10\.0\.0\.\d{1,3}(?![\d.])/g;
const UNREACHABLE_INSIDE: readonly string[] = [ADDRESS.serverPublic, ADDRESS.relayPublic];
const CLOUD_PUBLIC: readonly string[] = [ADDRESS.serverPublic, ADDRESS.vpcNatGateway, ADDRESS.server6];

/** Whatever is no public one: the VPC's and those of homes. */
const PRIVATE_ADDRESS = /(?<![\d.])(?:10|192\.168)(?:\.\d{1,3}){2,3}(?![\d.])/g;

function* mediaAddresses(seen: readonly SeenMessage[]): Generator<Violation> {
  for (const message of seen) {
    const outward = message.link === 'internet' && CLOUD_PUBLIC.includes(message.source);
    const inward = message.link === 'vpc' && message.destination === ADDRESS.vpcphone;
    for (const line of body(message).split('\r\n')) {
      const [leaked] = outward ? (line.match(PRIVATE_ADDRESS) ?? []) : [];
      if (leaked !== undefined) {
        const why = `${leaked} went out in "${line}"`;
        yield { rule: 'private-media-address', header: line.slice(0, 2), why, message };
      }
      if (
        inward &&
        line.startsWith('c=') &&
        UNREACHABLE_INSIDE.some((address) => line.endsWith(` ${address}`))
      ) {
        const why = `the VPC phone was told "${line}"`;
        yield { rule: 'public-media-address', header: 'c=', why, message };
      }
    }
  }
}

function* privateAddresses(seen: readonly SeenMessage[]): Generator<Violation> {
  for (const message of seen) {
    if (message.link !== 'internet' || !CLOUD_PUBLIC.includes(message.source)) continue;
    for (const line of head(message).split('\r\n')) {
      for (const [address] of line.matchAll(VPC_ADDRESS)) {
        const rule = address === ADDRESS.server ? 'server-private-address' : 'phone-private-address';
        yield {
          rule,
          header: line.slice(0, line.search(/[: ]/)),
          why: `${address} went out in "${line}"`,
          message,
        };
      }
    }
  }
}

/** The value by which the receiver will find its next hop to the server; undefined where it needs none. */
function nextHopOf(message: SeenMessage): string | undefined {
  const recordRoutes = headers(message, 'record-route');
  if (statusOf(message) !== undefined) return recordRoutes.at(-1); // RFC 3261 §12.1.2: the caller reverses them
  return recordRoutes[0] ?? headers(message, 'via')[0];
}

function* publicInside(seen: readonly SeenMessage[]): Generator<Violation> {
  for (const message of seen) {
    if (message.link !== 'vpc') continue;
    if (message.destination === ADDRESS.vpcphone) {
      const tellers = [nextHopOf(message), methodOf(message) && headers(message, 'via')[0]];
      const teller = tellers.find((value) => value && hostOf(value) === ADDRESS.serverPublic);
      const header = teller?.startsWith('SIP/2.0/') ? 'Via' : 'Record-Route';
      if (teller)
        yield { rule: 'public-next-hop', header, why: `the VPC phone was told "${teller}"`, message };
    }
    if (message.destination !== ADDRESS.serverPublic) continue;
    if (message.source === ADDRESS.server) {
      yield {
        rule: 'looped-through-nat',
        header: '',
        why: 'the server sent to its own public address',
        message,
      };
    } else {
      yield {
        rule: 'public-address-used',
        header: '',
        why: `${message.source} sent to the public address`,
        message,
      };
    }
  }
}

// A slow machine may repeat a response whose ACK is merely late, and the two may cross. It is a lost ACK where none was
// seen on that link at all, or where the response is repeated when it must have come.
const CROSSING_SECONDS = 0.4; // less than T1
function* lostAcks(seen: readonly SeenMessage[]): Generator<Violation> {
  const keyOf = (message: SeenMessage, from: string, to: string): string =>
    [
      message.link,
      from,
      to,
      headers(message, 'call-id')[0],
      Number.parseInt(headers(message, 'cseq')[0]!, 10),
    ].join();
  const acks = new Map<string, number>();
  for (const message of seen) {
    if (methodOf(message) !== 'ACK') continue;
    const key = keyOf(message, message.destination, message.source);
    if (!acks.has(key)) acks.set(key, message.time);
  }
  const finals = new Set<string>();
  for (const message of seen) {
    const status = statusOf(message);
    if (status === undefined || status < 200 || !headers(message, 'cseq')[0]?.endsWith('INVITE')) continue;
    const key = keyOf(message, message.source, message.destination);
    const repeat = `${key},${status},${headers(message, 'via').join()},${headers(message, 'to')[0]}`;
    const acked = acks.get(key) ?? Number.POSITIVE_INFINITY;
    if (
      finals.has(repeat) &&
      (acked === Number.POSITIVE_INFINITY || message.time > acked + CROSSING_SECONDS)
    ) {
      yield {
        rule: 'lost-ack',
        header: '',
        why: `${status} repeated, ACK ${acked < message.time ? 'ignored' : 'missing'}`,
        message,
      };
    }
    finals.add(repeat);
  }
}

/** All that the messages of all links show, by time. */
export function violationsOf(seen: readonly SeenMessage[]): Violation[] {
  const found = [
    ...privateAddresses(seen),
    ...mediaAddresses(seen),
    ...publicInside(seen),
    ...lostAcks(seen),
  ];
  return found.sort((a, b) => a.message.time - b.message.time);
}

/** The violation with the whole message, for a person to read. */
export function describeViolation({ rule, why, message }: Violation): string {
  const { link, transport, source, sourcePort, destination, destinationPort } = message;
  const way = `${source}:${sourcePort} -> ${destination}:${destinationPort} ${transport} on the ${link} link`;
  const lines = message.text.trimEnd().split('\r\n');
  return [`${rule}: ${why}`, `  ${way}`, ...lines.map((line) => `  | ${line}`)].join('\n');
}

/** One line a message: time, way and start line. */
export function describeMessage(message: SeenMessage): string {
  const { link, time, source, sourcePort, destination, destinationPort } = message;
  return `${time.toFixed(3)} ${link} ${source}:${sourcePort} -> ${destination}:${destinationPort} ${startLine(message)}`;
}

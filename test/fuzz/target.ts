import { readdirSync, readFileSync } from 'node:fs';
import { RFC4475 } from '../conformance/rfc4475/table.ts';
import { RFC5118 } from '../conformance/rfc5118/table.ts';

/** What a file in `targets/` exports. */
export interface FuzzTarget {
  readonly name: string;
  /** What inputs are made of, as byte strings. */
  readonly seeds: readonly string[];
  /** How many inputs a run of the tests makes, where one costs more than those of others. */
  readonly iterations?: number;
  /** Takes any bytes. @throws whatever shows that the code under test is wrong */
  run(input: Buffer): void | Promise<void>;
}

const FOLDER = new URL('./targets/', import.meta.url);

/** All targets, by name. */
export async function loadTargets(): Promise<FuzzTarget[]> {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts'));
  return Promise.all(files.sort().map((file) => import(new URL(file, FOLDER).href) as Promise<FuzzTarget>));
}

/** The torture messages of RFC 4475 and 5118, as seeds for targets that take whole messages. */
export function tortureMessages(): string[] {
  return [...RFC4475, ...RFC5118].map(({ file }) => readFileSync(file, 'latin1'));
}

/** A call's usual messages, as seeds too. */
export const USUAL_MESSAGES: readonly string[] = [
  [
    'INVITE sip:bob@192.0.2.7:5062;transport=udp SIP/2.0',
    'Record-Route: <sip:192.0.2.1;lr;r2=on>, <sip:198.51.100.1:5060;transport=tcp;lr;r2=on>',
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa1b2c3',
    'v: SIP/2.0/TCP client.example.com:49152;rport=49152;received=203.0.113.9;branch=z9hG4bK77',
    'Max-Forwards: 69',
    'From: "Alice \\"A\\"" <sip:alice@example.com>;tag=88sja8x',
    'To: Bob <sip:bob@example.com>',
    'Call-ID: a84b4c76e66710@client.example.com',
    'CSeq: 314159 INVITE',
    'Route: <sip:192.0.2.2;lr>',
    'Contact: <sip:alice@client.example.com:49152;transport=tcp>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"',
    'Content-Type: application/sdp',
    'Content-Length: 5',
    '',
    'v=0\r\n',
  ].join('\r\n'),
  [
    'SIP/2.0 401 Unauthorized',
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa1b2c3;received=198.51.100.2;rport=5060',
    'f: <sip:alice@example.com>;tag=1',
    't: <sip:alice@example.com>;tag=2',
    'i: 1@a',
    'CSeq: 1 REGISTER',
    'WWW-Authenticate: Digest realm="example.com", nonce="abc", qop="auth"',
    'l: 0',
    '',
    '',
  ].join('\r\n'),
  [
    'REGISTER sip:example.com SIP/2.0',
    'Via: SIP/2.0/TCP [2001:db8::9]:5061;branch=z9hG4bKnashds7;rport',
    'Max-Forwards: 70',
    'From: <sip:bob@example.com>;tag=456248',
    'To: <sip:bob@example.com>',
    'Call-ID: 843817637684230@998sdasdh09',
    'CSeq: 1826 REGISTER',
    'Contact: <sip:bob@[2001:db8::9];ob>;reg-id=1;expires=600, *',
    'Path: <sip:edge.example.com;lr>',
    'Supported: path, outbound',
    'Require: outbound',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n'),
];

import { describe, expect, it } from 'vitest';
import type { Flow } from '../../net/flow.ts';
import type { TransportName } from '../../net/transport-name.ts';
import { buildRequest, type HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { parseMessage } from '../../wire/sip/parse.ts';
import { isBehindNat, isNatTestName, type NatTestName, natTest, natTestsOf } from './nat-test.ts';

interface Seen {
  readonly via?: string;
  readonly contact?: string;
  readonly sdp?: string;
  readonly from?: string;
  readonly port?: number;
  readonly transport?: TransportName;
  readonly moreVia?: string;
}

function message({ via = '192.0.2.1:5060', contact, sdp, moreVia }: Seen): SipMessage {
  const headers: HeaderEntry[] = [[H.Via, `SIP/2.0/UDP ${via};branch=z9hG4bKx`]];
  if (moreVia !== undefined) headers.push([H.Via, `SIP/2.0/UDP ${moreVia};branch=z9hG4bKy`]);
  if (contact !== undefined) headers.push([H.Contact, contact]);
  if (sdp !== undefined) headers.push([H.ContentType, 'application/sdp']);
  const parts = { method: 'INVITE', requestUri: 'sip:bob@example.com', headers };
  const parsed = parseMessage(
    buildRequest(sdp === undefined ? parts : { ...parts, body: Buffer.from(sdp, 'latin1') }),
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

function flow({ from = '192.0.2.1', port = 5060, transport = 'udp' }: Seen): Flow {
  const listener = {
    name: `${transport}:10.0.0.34:5060`,
    transport,
    address: '10.0.0.34',
    port: 5060,
    family: 4 as const,
    advertised: undefined,
  };
  return { listener, transport, remoteAddress: from, remotePort: port, connectionId: 0, send: () => true };
}

describe('nat_uac_test', () => {
  it.each<[NatTestName, boolean, Seen]>([
    ['private-contact', true, { contact: '<sip:a@10.1.2.3>' }],
    ['private-contact', true, { contact: 'sip:a@100.64.0.1:5070' }],
    ['private-contact', true, { contact: '<sip:a@127.0.0.1>' }],
    ['private-contact', false, { contact: '<sip:a@192.0.2.1>' }],
    ['private-contact', false, { contact: '<sip:a@192.0.0.3>' }],
    ['private-contact', false, { contact: '<sip:a@10.example.com>' }],
    ['private-contact', false, {}],
    ['diff-ip-src-via', true, { via: '192.168.1.2:5060' }],
    ['diff-ip-src-via', true, { via: 'phone.example.com' }],
    ['diff-ip-src-via', true, { via: '192.0.2.1;received=198.51.100.7' }],
    ['diff-ip-src-via', false, {}],
    ['diff-ip-src-via', false, { via: '[2001:DB8:0::1]', from: '2001:db8::1' }],
    ['private-via', true, { via: '172.31.255.255' }],
    ['private-via', false, { via: '172.32.0.0' }],
    [
      'private-sdp',
      true,
      { sdp: 'v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\nc=IN IP4 10.0.0.1\r\n' },
    ],
    ['private-sdp', false, { sdp: 'v=0\r\no=- 0 0 IN IP4 10.0.0.1\r\nc=IN IP4 192.0.2.1\r\n' }],
    ['private-sdp', false, {}],
    ['diff-port-src-via', true, { port: 40000 }],
    ['diff-port-src-via', true, { via: '192.0.2.1', port: 5061 }],
    ['diff-port-src-via', false, { via: '192.0.2.1', port: 5060 }],
    ['diff-ip-src-contact', true, { contact: '<sip:a@192.0.2.2>' }],
    ['diff-ip-src-contact', false, { contact: '<sip:a@192.0.2.1>' }],
    ['diff-ip-src-contact', false, { contact: '*' }],
    ['diff-port-src-contact', true, { contact: '<sip:a@192.0.2.1:5070>' }],
    ['diff-port-src-contact', false, { contact: '<sips:a@192.0.2.1>', port: 5061 }],
    ['carrier-grade-nat', false, { contact: '<sip:a@192.0.0.3>' }],
  ])('%s is %s for %j', (test, expected, seen) => {
    expect(natTest(message(seen), flow(seen), [test])).toBe(expected);
  });

  it('is true where any of its tests is', () => {
    const seen = { port: 40000 };
    expect(natTest(message(seen), flow(seen), ['private-via', 'diff-port-src-via'])).toBe(true);
    expect(natTest(message(seen), flow(seen), [])).toBe(false);
  });

  it('counts the networks of carrier-grade NAT where they are asked for', () => {
    const seen = { contact: '<sip:a@192.0.0.3>' };
    expect(natTest(message(seen), flow(seen), ['private-contact', 'carrier-grade-nat'])).toBe(true);
  });

  it('takes the numbers of old scripts', () => {
    expect(natTestsOf(19)).toEqual(['private-contact', 'diff-ip-src-via', 'diff-port-src-via']);
    expect([natTestsOf(0), natTestsOf(256), natTestsOf(-1), natTestsOf(1.5)]).toEqual([
      [],
      undefined,
      undefined,
      undefined,
    ]);
    expect(['private-sdp', 'toString'].map(isNatTestName)).toEqual([true, false]);
  });
});

describe('by default a sender is behind a NAT', () => {
  it.each<[boolean, string, Seen]>([
    [false, 'not where all its addresses are right', { contact: '<sip:a@192.0.2.1:5060>' }],
    [
      false,
      'not in the same private network',
      { via: '10.0.0.7', contact: '<sip:a@10.0.0.7>', from: '10.0.0.7' },
    ],
    [true, 'where its Via has another address', { via: '192.168.1.2' }],
    [true, 'where its Via has another port', { port: 40000 }],
    [true, 'where only its Contact differs', { contact: '<sip:a@192.168.1.2>' }],
    [true, 'where only the port of its Contact differs', { contact: '<sip:a@192.0.2.1:5070>' }],
    [
      false,
      'not for the port of a connection',
      { port: 40000, transport: 'tcp', contact: '<sip:a@192.0.2.1>' },
    ],
    [true, 'on a connection from another address', { via: '192.168.1.2', transport: 'tcp' }],
    [
      false,
      'not for a name, which says nothing',
      { via: 'phone.example.com', contact: '<sip:a@phone.example.com>' },
    ],
    [true, 'in a browser', { via: 'x.invalid', transport: 'wss', port: 40000 }],
    [
      false,
      'not by way of a proxy',
      { via: '192.0.2.1:5060', moreVia: '192.168.1.2', contact: '<sip:a@192.168.1.2>' },
    ],
  ])('%s: %s', (expected, _name, seen) => {
    expect(isBehindNat(message(seen), flow(seen))).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { describeViolation, violationsOf } from './rules.ts';
import type { Link, SeenMessage } from './seen-message.ts';

let clock = 0;

function seen(
  link: Link,
  source: string,
  destination: string,
  start: string,
  ...lines: string[]
): SeenMessage {
  const text = `${[start, ...lines].join('\r\n')}\r\n\r\n`;
  const ports = { sourcePort: 5060, destinationPort: 5060 };
  return { link, time: ++clock, transport: 'udp', source, destination, ...ports, text };
}

const rules = (...messages: SeenMessage[]): string[] => violationsOf(messages).map(({ rule }) => rule);

const VIA = 'Via: SIP/2.0/UDP 99.88.44.33:5060;branch=z9hG4bK1';
const INVITE = 'INVITE sip:bob@example.com SIP/2.0';
const DIALOG = ['To: <sip:bob@example.com>;tag=1', 'Call-ID: a', 'CSeq: 1 INVITE'];

describe('the rules of printed addresses', () => {
  it('hold private addresses back from the Internet', () => {
    const outward = (...lines: string[]): SeenMessage =>
      seen('internet', '99.88.44.33', '203.0.113.10', INVITE, ...lines);
    expect(rules(outward(VIA))).toEqual([]);
    expect(rules(outward('Via: SIP/2.0/UDP 10.0.0.34:5060'))).toEqual(['server-private-address']);
    expect(rules(outward(VIA, 'Contact: <sip:bob@10.0.0.50>'))).toEqual(['phone-private-address']);
    expect(rules(outward(VIA, 'Contact: <sip:bob@110.0.0.50>'))).toEqual([]);
  });

  it('want media sent where each reader can send them', () => {
    const told = (link: Link, source: string, destination: string, address: string): SeenMessage => {
      const message = seen(link, source, destination, INVITE, VIA);
      return { ...message, text: `${message.text}v=0\r\nc=IN IP4 ${address}\r\n` };
    };
    const outward = (address: string) => rules(told('internet', '99.88.44.33', '203.0.113.10', address));
    expect(outward('99.88.44.33')).toEqual([]);
    expect(outward('10.0.0.34')).toEqual(['private-media-address']);
    expect(outward('192.168.1.20')).toEqual(['private-media-address']);
    const inward = (address: string) =>
      rules(told('vpc', '10.0.0.34', '10.0.0.50', address)).filter((rule) => rule !== 'public-next-hop');
    expect(inward('10.0.0.34')).toEqual([]);
    expect(inward('99.88.44.33')).toEqual(['public-media-address']);
    expect(rules(told('internet', '203.0.113.10', '99.88.44.33', '10.0.0.50'))).toEqual([]);
  });

  it('do not blame the server for what the Internet sends', () => {
    const inward = seen('internet', '203.0.113.10', '99.88.44.33', INVITE, 'Contact: <sip:a@10.0.0.50>');
    expect(rules(inward)).toEqual([]);
  });

  it('want the private address as the next hop of the VPC phone', () => {
    const request = (...lines: string[]): SeenMessage =>
      seen('vpc', '10.0.0.34', '10.0.0.50', INVITE, ...lines);
    const inside = 'Via: SIP/2.0/UDP 10.0.0.34:5060;branch=z9hG4bK1';
    expect(rules(request(inside))).toEqual([]);
    expect(rules(request(VIA))).toEqual(['public-next-hop']);
    expect(rules(request(inside, 'Record-Route: <sip:99.88.44.33;lr>'))).toEqual(['public-next-hop']);
    const both = '<sip:10.0.0.34;lr>, <sip:99.88.44.33;lr>';
    expect(rules(request(inside, `Record-Route: ${both}`))).toEqual([]);
    const answer = seen(
      'vpc',
      '10.0.0.34',
      '10.0.0.50',
      'SIP/2.0 200 OK',
      `Record-Route: ${both}`,
      ...DIALOG,
    );
    expect(rules(answer)).toEqual(['public-next-hop']);
  });

  it('want nobody inside to send to the public address', () => {
    expect(rules(seen('vpc', '10.0.0.34', '99.88.44.33', INVITE))).toEqual(['looped-through-nat']);
    expect(rules(seen('vpc', '10.0.0.50', '99.88.44.33', INVITE))).toEqual(['public-address-used']);
  });

  it('see a lost ACK, and forgive a late one', () => {
    const answer = (): SeenMessage => seen('vpc', '203.0.113.10', '10.0.0.34', 'SIP/2.0 200 OK', ...DIALOG);
    const ack = (): SeenMessage =>
      seen('vpc', '10.0.0.34', '203.0.113.10', 'ACK sip:b SIP/2.0', 'Call-ID: a', 'CSeq: 1 ACK');
    expect(rules(answer(), ack())).toEqual([]);
    expect(rules(answer(), answer(), ack())).toEqual([]);
    expect(rules(answer(), answer())).toEqual(['lost-ack']);
    expect(rules(answer(), ack(), answer())).toEqual(['lost-ack']);
  });

  it('are told with the whole message', () => {
    const [violation] = violationsOf([seen('vpc', '10.0.0.34', '99.88.44.33', INVITE, VIA)]);
    expect(describeViolation(violation!)).toContain(`  | ${VIA}`);
  });
});

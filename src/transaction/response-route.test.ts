import { describe, expect, it } from 'vitest';
import { Via } from '../wire/sip/via.ts';
import { receivedVia } from './response-route.ts';
import { incoming, LayerUnderTest } from './testing/layer-under-test.ts';

function received(text: string, forced = false): string {
  const { network } = new LayerUnderTest('udp');
  return receivedVia(Via.parse(text)!, network.peer('192.0.2.7', 40_000), forced);
}

describe('receivedVia', () => {
  it.each([
    ['the source itself', 'SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa', 'SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKa'],
    ['another address', 'SIP/2.0/UDP 10.1.1.1;branch=b', 'SIP/2.0/UDP 10.1.1.1;branch=b;received=192.0.2.7'],
    ['a name', 'SIP/2.0/UDP pc.example.com', 'SIP/2.0/UDP pc.example.com;received=192.0.2.7'],
    ['a lie', 'SIP/2.0/UDP 192.0.2.7;received=1.1.1.1', 'SIP/2.0/UDP 192.0.2.7;received=192.0.2.7'],
    ['rport', 'SIP/2.0/UDP 192.0.2.7;rport', 'SIP/2.0/UDP 192.0.2.7;received=192.0.2.7;rport=40000'],
    ['a false rport', 'SIP/2.0/UDP a;rport=9', 'SIP/2.0/UDP a;received=192.0.2.7;rport=40000'],
  ])('%s', (_name, given, expected) => {
    expect(received(given)).toBe(expected);
  });

  it('adds rport where it is forced', () => {
    expect(received('SIP/2.0/UDP 192.0.2.7', true)).toBe(
      'SIP/2.0/UDP 192.0.2.7;received=192.0.2.7;rport=40000',
    );
  });
});

describe('where a datagram answer goes', () => {
  function answered(via: string, forced = false): string[] {
    const t = new LayerUnderTest('udp');
    t.forced = forced;
    const source = t.network.peer('192.0.2.7', 40_000);
    t.accept(incoming('INVITE', via), source).reply({ status: 486 });
    return [...t.network.flows].filter(([, flow]) => flow.sent.length > 0).map(([key]) => key);
  }

  it('goes to the source port with rport or where it is forced, else to that of sent-by; never to maddr', () => {
    expect(answered(';branch=z9hG4bKa')).toEqual(['192.0.2.7:5060']);
    expect(answered(';rport;branch=z9hG4bKa')).toEqual(['192.0.2.7:40000']);
    expect(answered(';branch=z9hG4bKa', true)).toEqual(['192.0.2.7:40000']);
    expect(answered(';branch=z9hG4bKa;maddr=203.0.113.1')).toEqual(['192.0.2.7:5060']);
    expect(answered(';branch=z9hG4bKa;received=203.0.113.1')).toEqual(['192.0.2.7:5060']);
  });
});

describe('where an answer goes whose connection is gone', () => {
  it('goes to the source and the port of sent-by over TCP', () => {
    const t = new LayerUnderTest('tcp');
    const source = t.network.peer('192.0.2.7', 40_000);
    const server = t.accept(incoming('INVITE'), source);
    server.reply({ status: 180 });
    source.open = false;
    t.near.open = false;
    server.reply({ status: 486 });
    expect(source.startLines).toEqual(['SIP/2.0 180 Ringing']);
    expect(t.network.peer('192.0.2.7', 5060).startLines).toEqual(['SIP/2.0 486 Busy Here']);
  });

  it('goes nowhere over WebSocket, or where no connection can be made', () => {
    for (const transport of ['ws', 'tcp'] as const) {
      const t = new LayerUnderTest(transport);
      const source = t.network.peer('192.0.2.7', 40_000);
      const server = t.accept(incoming('INVITE'), source);
      const reasons: string[] = [];
      server.onTransportError = (reason) => reasons.push(reason);
      source.open = false;
      t.network.full = transport === 'tcp';
      server.reply({ status: 486 });
      expect(reasons).toEqual(['the answer could not be sent']);
    }
  });
});

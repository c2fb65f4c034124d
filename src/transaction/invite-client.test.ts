import { describe, expect, it } from 'vitest';
import { H } from '../wire/sip/header-name.ts';
import { LayerUnderTest, read } from './testing/layer-under-test.ts';

describe('INVITE client, Calling', () => {
  it('repeats the request after 500, 1000, 2000 … ms and gives up after 32 s (timers A and B)', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    const sentAfter = [0, 499, 1, 1000, 2000, 4000, 8000, 16_000].map((ms) => {
      t.clock.advance(ms);
      return t.far.sent.length;
    });
    expect(sentAfter).toEqual([1, 1, 2, 3, 4, 5, 6, 7]);
    expect(t.heard()).toEqual([]);
    t.clock.advance(500);
    expect(t.heard()).toEqual(['timeout']);
    expect(client.state).toBe('terminated');
    expect(t.layer.counters).toMatchObject({ timeouts: 1, retransmissionsSent: 6, clientsInUse: 0 });
    t.clock.advance(60_000);
    expect(t.far.sent.length).toBe(7);
  });

  it('repeats nothing over a reliable transport, but gives up all the same', () => {
    const t = new LayerUnderTest('tcp');
    t.sendRequest('INVITE');
    t.clock.advance(32_000);
    expect(t.far.sent.length).toBe(1);
    expect(t.heard()).toEqual(['timeout']);
  });

  it('waits as long as frTimeout says', () => {
    const t = new LayerUnderTest('udp', { timers: { frTimeout: 5000 } });
    t.sendRequest('INVITE');
    t.clock.advance(4999);
    expect(t.heard()).toEqual([]);
    t.clock.advance(1);
    expect(t.heard()).toEqual(['timeout']);
  });

  it('reports a send that fails later, not from inside the call', () => {
    const t = new LayerUnderTest('udp');
    t.far.open = false;
    const client = t.sendRequest('INVITE');
    expect(t.heard()).toEqual([]);
    t.clock.advance(50);
    expect(t.heard()).toEqual(['transport error: the request could not be sent']);
    expect(client.state).toBe('terminated');
  });

  it('sends once however often it is told to', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    client.send(Buffer.from('again'), t.far);
    expect(t.far.sent.length).toBe(1);
  });
});

describe('INVITE client, Proceeding', () => {
  it('stops repeating at a provisional answer, passes each, and waits without end', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    t.answer(client, 100);
    t.answer(client, 180);
    t.answer(client, 180);
    t.clock.advance(600_000);
    expect(t.heard()).toEqual(['response 100', 'response 180', 'response 180']);
    expect(client.state).toBe('proceeding');
    expect(t.far.sent.length).toBe(1);
  });
});

describe('INVITE client, Accepted (RFC 6026)', () => {
  it('passes every 2xx until timer M, and nothing else', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    t.answer(client, 200);
    expect(client.state).toBe('accepted');
    t.answer(client, 200);
    t.answer(client, 180);
    t.answer(client, 486);
    t.clock.advance(31_999);
    t.answer(client, 200);
    expect(t.heard()).toEqual(['response 200', 'response 200', 'response 200']);
    expect(t.far.startLines).toEqual(['INVITE sip:bob@198.51.100.9 SIP/2.0']);
    t.clock.advance(1);
    expect(client.state).toBe('terminated');
    t.answer(client, 200);
    expect(t.heard()).toEqual(['stray 200']);
  });

  it('waits for further 2xx over a reliable transport too', () => {
    const t = new LayerUnderTest('tcp');
    const client = t.sendRequest('INVITE');
    t.answer(client, 200);
    t.clock.advance(31_000);
    expect(client.state).toBe('accepted');
  });
});

describe('INVITE client, Completed', () => {
  it('acknowledges each copy of a negative answer and passes the first', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE', 'Route: <sip:a.example.com;lr>,\r\n <sip:b.example.com;lr>\r\n');
    t.answer(client, 486);
    t.answer(client, 486);
    t.answer(client, 180);
    expect(t.heard()).toEqual(['response 486']);
    expect(client.state).toBe('completed');
    expect(t.far.sent.length).toBe(3);
    expect(t.far.sent[1]).toBe(t.far.sent[2]);
    expect(t.far.sent[1]).toBe(
      `ACK sip:bob@198.51.100.9 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.34;branch=${client.branch}\r\n` +
        'Route: <sip:a.example.com;lr>,\r\n <sip:b.example.com;lr>\r\nMax-Forwards: 70\r\n' +
        'From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>;tag=b2\r\n' +
        'Call-ID: call1@192.0.2.7\r\nCSeq: 7 ACK\r\nContent-Length: 0\r\n\r\n',
    );
    t.clock.advance(32_000);
    expect(client.state).toBe('terminated');
    expect(t.heard()).toEqual([]);
  });

  it('ends at once over a reliable transport (timer D)', () => {
    const t = new LayerUnderTest('tcp');
    const client = t.sendRequest('INVITE');
    t.answer(client, 486);
    expect(t.far.startLines.at(-1)).toBe('ACK sip:bob@198.51.100.9 SIP/2.0');
    expect(client.state).toBe('terminated');
    expect(t.layer.counters.clientsInUse).toBe(0);
  });

  it('passes a late 2xx of another fork', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    t.answer(client, 487);
    t.answer(client, 200);
    expect(t.heard()).toEqual(['response 487', 'response 200']);
    expect(client.state).toBe('completed');
  });

  it('keeps a line break inside an answer out of its ACK', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    t.receive(
      `SIP/2.0 486 Busy\r\nVia: SIP/2.0/UDP 10.0.0.34;branch=${client.branch}\r\n` +
        'To: <sip:bob@example.com>;tag=b2\nX: y\r\nCSeq: 7 INVITE\r\n\r\n',
      t.far,
    );
    expect(t.far.sent.at(-1)).toContain('\r\nTo: <sip:bob@example.com>\r\n');
  });
});

describe('CANCEL of an INVITE', () => {
  it('waits for a provisional answer', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE', 'Route: <sip:a.example.com;lr>\r\n');
    client.cancel('SIP;cause=200;text="Call completed elsewhere"');
    expect(t.far.sent.length).toBe(1);
    t.answer(client, 100);
    expect(t.far.sent.length).toBe(2);
    expect(t.far.sent[1]).toBe(
      `CANCEL sip:bob@198.51.100.9 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.34;branch=${client.branch}\r\n` +
        'Route: <sip:a.example.com;lr>\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a1\r\n' +
        'To: <sip:bob@example.com>\r\nCall-ID: call1@192.0.2.7\r\nCSeq: 7 CANCEL\r\n' +
        'Reason: SIP;cause=200;text="Call completed elsewhere"\r\nContent-Length: 0\r\n\r\n',
    );
  });

  it('goes at once behind a provisional answer, is repeated until answered, and its answer stays here', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    t.answer(client, 180);
    client.cancel();
    client.cancel();
    t.clock.advance(500);
    expect(t.far.startLines.slice(1)).toEqual(Array(2).fill('CANCEL sip:bob@198.51.100.9 SIP/2.0'));
    t.answer(client, 200, 'CANCEL');
    t.clock.advance(4000);
    expect(t.far.sent.length).toBe(3);
    t.answer(client, 487);
    expect(t.heard()).toEqual(['response 180', 'response 487']);
    expect(t.far.startLines.at(-1)).toBe('ACK sip:bob@198.51.100.9 SIP/2.0');
  });

  it('is never sent behind a final answer', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    client.cancel();
    t.answer(client, 200);
    t.answer(client, 180);
    client.cancel();
    expect(t.far.sent.length).toBe(1);
    const other = t.sendRequest('INVITE');
    t.answer(other, 200);
    other.cancel();
    expect(t.far.sent.length).toBe(2);
  });

  it('ends the INVITE after 64*T1 without a final answer', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    t.answer(client, 180);
    t.clock.advance(60_000);
    client.cancel();
    t.answer(client, 200, 'CANCEL');
    t.answer(client, 180);
    t.clock.advance(31_950);
    expect(client.state).toBe('proceeding');
    t.clock.advance(50);
    expect(t.heard()).toEqual(['response 180', 'response 180', 'timeout']);
    expect(client.state).toBe('terminated');
  });

  it('refuses a Reason that would break out of its line', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    expect(() => client.cancel('SIP\r\nX: y')).toThrow(expect.objectContaining({ code: 'SIP_BAD_FIELD' }));
  });

  it('carries the escapes of the INVITE untouched, a quoted NUL too', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE', 'Route: "\\\0" <sip:a.example.com;lr>\r\n');
    t.answer(client, 180);
    client.cancel();
    expect(read(t.far.sent[1]!).get(H.Route)).toBe('"\\\0" <sip:a.example.com;lr>');
  });
});

describe('INVITE client, given up', () => {
  it('says nothing more once terminated', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    t.answer(client, 180);
    client.cancel();
    client.terminate();
    t.clock.advance(60_000);
    expect(t.far.sent.length).toBe(2);
    expect(t.heard()).toEqual(['response 180']);
    t.answer(client, 487);
    expect(t.heard()).toEqual(['stray 487']);
  });

  it('hears of its broken connection before a final answer, and of no other', () => {
    const t = new LayerUnderTest('tcp');
    const first = t.sendRequest('INVITE');
    const second = t.sendRequest('INVITE');
    t.answer(second, 200);
    t.layer.flowFailed(t.near, 'reset');
    expect(first.state).toBe('calling');
    t.layer.flowFailed(t.far, 'reset');
    expect(t.heard()).toEqual(['response 200', 'transport error: reset']);
    expect(first.state).toBe('terminated');
    expect(second.state).toBe('accepted');
    t.layer.flowFailed(t.far, 'reset');
    expect(t.heard()).toEqual([]);
  });

  it('does not wait for a peer that has closed its connection in good order', () => {
    const t = new LayerUnderTest('tcp');
    const ringing = t.sendRequest('INVITE');
    t.answer(ringing, 180);
    const other = t.sendRequest('OPTIONS');
    t.heard();
    t.layer.flowClosed(t.far, 'closed by the peer');
    expect(t.heard()).toEqual([
      'transport error: closed by the peer',
      'transport error: closed by the peer',
      'connection closed',
    ]);
    expect([ringing.state, other.state]).toEqual(['terminated', 'terminated']);
  });
});

import { describe, expect, it } from 'vitest';
import { incoming, LayerUnderTest } from './testing/layer-under-test.ts';

const BYE = incoming('BYE');

describe('non-INVITE server, Trying', () => {
  it('is silent to repetitions, and says 100 once the client has slowed down to T2 (RFC 4320 §4.1)', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(BYE);
    t.receive(BYE);
    t.clock.advance(3499);
    expect(t.near.sent).toEqual([]);
    t.clock.advance(1);
    expect(t.near.startLines).toEqual(['SIP/2.0 100 Trying']);
    expect(server.state).toBe('proceeding');
    t.receive(BYE);
    expect(t.near.startLines).toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 100 Trying']);
    expect(t.heard()).toEqual(['request BYE']);
  });

  it('takes no provisional but 100, and over UDP not before its time', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(BYE);
    expect(server.reply({ status: 100 })).toBe(true);
    expect(server.forward(Buffer.from('x'), 180)).toBe(true);
    expect(t.near.sent).toEqual([]);
    t.clock.advance(3500);
    server.reply({ status: 100 });
    expect(t.near.sent.length).toBe(2);
    const reliable = new LayerUnderTest('tcp');
    reliable.accept(BYE).reply({ status: 100 });
    expect(reliable.near.startLines).toEqual(['SIP/2.0 100 Trying']);
  });

  it('ends by itself when the client has given up', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(BYE);
    t.clock.advance(32_000);
    expect(server.state).toBe('terminated');
    expect(server.reply({ status: 200 })).toBe(false);
    expect(t.near.startLines).toEqual(['SIP/2.0 100 Trying']);
  });
});

describe('non-INVITE server, Completed', () => {
  it('repeats its answer to repetitions for 64*T1 (timer J)', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(BYE);
    let ended = 0;
    server.onTerminated = () => ended++;
    expect(server.reply({ status: 200 })).toBe(true);
    expect(server.reply({ status: 200 })).toBe(false);
    expect(server.forward(Buffer.from('x'), 481)).toBe(false);
    t.receive(BYE);
    expect(t.near.startLines).toEqual(['SIP/2.0 200 OK', 'SIP/2.0 200 OK']);
    t.clock.advance(31_999);
    expect(ended).toBe(0);
    t.clock.advance(1);
    expect(ended).toBe(1);
    t.receive(BYE);
    expect(t.heard()).toEqual(['request BYE', 'request BYE']);
  });

  it('ends at once over a reliable transport', () => {
    const t = new LayerUnderTest('tcp');
    const server = t.accept(BYE);
    server.reply({ status: 200 });
    expect(server.state).toBe('terminated');
    expect(t.layer.counters).toMatchObject({ inUse: 0, finished: [0, 0, 1, 0, 0, 0, 0] });
  });

  it('never sends a 408 (RFC 4320 §4.2), and still absorbs repetitions', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(BYE);
    expect(server.reply({ status: 408 })).toBe(true);
    t.receive(BYE);
    expect(server.state).toBe('completed');
    expect(t.near.sent).toEqual([]);
    expect(t.heard()).toEqual(['request BYE']);
  });
});

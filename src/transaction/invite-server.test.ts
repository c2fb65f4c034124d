import { describe, expect, it } from 'vitest';
import { incoming, LayerUnderTest } from './testing/layer-under-test.ts';

const INVITE = incoming('INVITE');
const ACK = incoming('ACK', undefined, ';tag=b2');

describe('INVITE server, Proceeding', () => {
  it('says 100 after 200 ms where the user has said nothing, without a tag', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(INVITE);
    t.clock.advance(199);
    expect(t.near.sent).toEqual([]);
    t.clock.advance(1);
    expect(t.near.startLines).toEqual(['SIP/2.0 100 Trying']);
    expect(t.near.sent[0]).toContain('\r\nTo: <sip:bob@example.com>\r\n');
    expect(server.lastStatus).toBe(100);
    t.clock.advance(60_000);
    expect(t.near.sent.length).toBe(1);
  });

  it('says no 100 where the user was quicker', () => {
    const t = new LayerUnderTest('udp');
    t.accept(INVITE).reply({ status: 180 });
    t.clock.advance(1000);
    expect(t.near.startLines).toEqual(['SIP/2.0 180 Ringing']);
  });

  it('absorbs a repeated INVITE, and repeats the last answer', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(INVITE);
    t.receive(INVITE);
    expect(t.near.sent).toEqual([]);
    server.reply({ status: 180 });
    server.forward(Buffer.from('SIP/2.0 183 Session Progress\r\n\r\n'), 183);
    t.receive(INVITE);
    expect(t.near.startLines).toEqual([
      'SIP/2.0 180 Ringing',
      'SIP/2.0 183 Session Progress',
      'SIP/2.0 183 Session Progress',
    ]);
    expect(t.heard()).toEqual(['request INVITE']);
    expect(t.layer.counters).toMatchObject({
      localReplies: 1,
      relayedReplies: 1,
      retransmissionsAbsorbed: 2,
    });
  });

  it('answers with the Via that it gives to forwarded requests, and one To tag', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(incoming('INVITE', ';rport;branch=z9hG4bKcall1'));
    expect(server.topVia).toBe(
      'SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKcall1;received=192.0.2.7;rport=5060',
    );
    server.reply({ status: 180 });
    server.reply({
      status: 486,
      reason: 'Not Now',
      headers: [['X-Why', 'asleep']],
      body: Buffer.from('zzz'),
    });
    expect(t.near.sent[0]).toContain(`Via: ${server.topVia}\r\n`);
    expect(t.near.sent[0]).toContain(`;tag=${server.toTag}\r\n`);
    expect(t.near.sent[1]).toContain(`;tag=${server.toTag}\r\n`);
    expect(t.near.sent[1]).toContain('SIP/2.0 486 Not Now\r\n');
    expect(t.near.sent[1]).toContain('X-Why: asleep\r\nContent-Length: 3\r\n\r\nzzz');
  });
});

describe('INVITE server, Accepted (RFC 6026)', () => {
  it('passes every 2xx, absorbs the INVITE, leaves the ACK to the user, and ends with timer L', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(INVITE);
    let ended = 0;
    server.onTerminated = () => ended++;
    expect(server.forward(Buffer.from('SIP/2.0 200 OK\r\n\r\n'), 200)).toBe(true);
    expect(server.state).toBe('accepted');
    expect(server.forward(Buffer.from('SIP/2.0 200 OK\r\n\r\n'), 200)).toBe(true);
    expect(server.reply({ status: 200 })).toBe(false);
    expect(server.forward(Buffer.from('x'), 180)).toBe(false);
    expect(server.forward(Buffer.from('x'), 486)).toBe(false);
    t.receive(INVITE);
    t.receive(ACK);
    expect(t.near.sent.length).toBe(2);
    expect(t.heard()).toEqual(['request INVITE', 'ack']);
    t.clock.advance(31_999);
    expect(ended).toBe(0);
    t.clock.advance(1);
    expect(ended).toBe(1);
    expect(server.state).toBe('terminated');
    expect(server.forward(Buffer.from('x'), 200)).toBe(false);
    expect(t.layer.counters.inUse).toBe(0);
  });

  it('waits for timer L over a reliable transport too', () => {
    const t = new LayerUnderTest('tcp');
    const server = t.accept(INVITE);
    server.reply({ status: 200 });
    t.clock.advance(31_000);
    expect(server.state).toBe('accepted');
  });
});

describe('INVITE server, Completed', () => {
  it('repeats a negative answer after 500, 1000, 2000, then every 4000 ms until timer H (a lost ACK)', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(INVITE);
    expect(server.reply({ status: 486 })).toBe(true);
    expect(server.reply({ status: 180 })).toBe(false);
    expect(server.reply({ status: 603 })).toBe(false);
    const sentAfter = [0, 499, 1, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000, 4000].map((ms) => {
      t.clock.advance(ms);
      return t.near.sent.length;
    });
    expect(sentAfter).toEqual([1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(new Set(t.near.sent).size).toBe(1);
    t.clock.advance(500);
    expect(server.state).toBe('terminated');
    expect(t.layer.counters.timeouts).toBe(1);
  });

  it('repeats it when the INVITE comes again', () => {
    const t = new LayerUnderTest('udp');
    t.accept(INVITE).reply({ status: 486 });
    t.receive(INVITE);
    expect(t.near.sent.length).toBe(2);
  });

  it('repeats nothing by itself over a reliable transport, but waits for the ACK', () => {
    const t = new LayerUnderTest('tcp');
    const server = t.accept(INVITE);
    server.reply({ status: 486 });
    t.clock.advance(31_999);
    expect(server.state).toBe('completed');
    expect(t.near.sent.length).toBe(1);
    t.clock.advance(1);
    expect(server.state).toBe('terminated');
  });

  it('lets a late 2xx of a fork through, as RFC 3261 §16.7 wants, and stays where it is', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(INVITE);
    server.reply({ status: 487 });
    expect(server.forward(Buffer.from('SIP/2.0 200 OK\r\n\r\n'), 200)).toBe(true);
    expect(server.state).toBe('completed');
    expect(server.lastStatus).toBe(487);
    t.receive(INVITE);
    expect(t.near.startLines).toEqual([
      'SIP/2.0 487 Request Terminated',
      'SIP/2.0 200 OK',
      'SIP/2.0 487 Request Terminated',
    ]);
  });

  it('sends the answer once more on a new connection where its own breaks', () => {
    const t = new LayerUnderTest('tcp');
    t.accept(INVITE).reply({ status: 486 });
    t.near.open = false;
    t.layer.flowFailed(t.near, 'reset');
    const fresh = t.network.peer('192.0.2.7', 5060);
    expect(fresh).not.toBe(t.near);
    expect(fresh.startLines).toEqual(['SIP/2.0 486 Busy Here']);
    fresh.open = false;
    t.layer.flowFailed(fresh, 'refused');
    expect(t.network.peer('192.0.2.7', 5060).sent).toEqual([]);
  });
});

describe('INVITE server, Confirmed', () => {
  it('absorbs ACKs for T4 (timer I)', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(INVITE);
    server.reply({ status: 486 });
    t.receive(ACK);
    expect(server.state).toBe('confirmed');
    t.receive(ACK);
    t.receive(INVITE);
    t.clock.advance(4999);
    expect(server.state).toBe('confirmed');
    expect(t.near.sent.length).toBe(1);
    t.clock.advance(1);
    expect(server.state).toBe('terminated');
    expect(t.heard()).toEqual(['request INVITE']);
    t.receive(ACK);
    expect(t.heard()).toEqual(['ack']);
  });

  it('ends at once over a reliable transport', () => {
    const t = new LayerUnderTest('tcp');
    const server = t.accept(INVITE);
    server.reply({ status: 486 });
    t.receive(ACK);
    expect(server.state).toBe('terminated');
  });
});

describe('INVITE server, answers that cannot be delivered', () => {
  it('tells the user and stays as it is (RFC 6026 §8.9)', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(INVITE);
    const reasons: string[] = [];
    server.onTransportError = (reason) => reasons.push(reason);
    t.near.open = false;
    expect(server.reply({ status: 486 })).toBe(true);
    expect(reasons).toEqual(['the answer could not be sent']);
    expect(server.state).toBe('completed');
    expect(t.layer.counters.sendFailures).toBe(1);
  });
});

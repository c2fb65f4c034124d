import { describe, expect, it } from 'vitest';
import { LayerUnderTest } from './testing/layer-under-test.ts';

describe('non-INVITE client, Trying', () => {
  it('repeats after 500, 1000, 2000, then every 4000 ms, and gives up after 32 s (timers E and F)', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('BYE');
    expect(client.state).toBe('trying');
    const sentAfter = [0, 499, 1, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000, 4000].map((ms) => {
      t.clock.advance(ms);
      return t.far.sent.length;
    });
    expect(sentAfter).toEqual([1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    t.clock.advance(500);
    expect(t.heard()).toEqual(['timeout']);
    expect(client.state).toBe('terminated');
  });

  it('repeats nothing over a reliable transport', () => {
    const t = new LayerUnderTest('tcp');
    t.sendRequest('BYE');
    t.clock.advance(32_000);
    expect(t.far.sent.length).toBe(1);
    expect(t.heard()).toEqual(['timeout']);
  });

  it('reports a send that fails and a connection that breaks', () => {
    const t = new LayerUnderTest('tcp');
    const client = t.sendRequest('BYE');
    t.layer.flowFailed(t.far, 'reset');
    expect(client.state).toBe('terminated');
    t.far.open = false;
    t.sendRequest('BYE');
    t.clock.advance(50);
    expect(t.heard()).toEqual(['transport error: reset', 'transport error: the request could not be sent']);
  });
});

describe('non-INVITE client, Proceeding', () => {
  it('repeats every 4000 ms behind a provisional answer, and timer F goes on', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('OPTIONS');
    t.answer(client, 100);
    expect(client.state).toBe('proceeding');
    const sentAfter = [500, 3999, 1, 4000].map((ms) => {
      t.clock.advance(ms);
      return t.far.sent.length;
    });
    expect(sentAfter).toEqual([2, 2, 3, 4]);
    t.clock.advance(32_000);
    expect(t.heard()).toEqual(['response 100', 'timeout']);
  });
});

describe('non-INVITE client, Completed', () => {
  it('passes the first final answer and absorbs others for T4 (timer K)', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('BYE');
    t.answer(client, 200);
    t.answer(client, 200);
    t.answer(client, 408);
    t.clock.advance(4999);
    expect(client.state).toBe('completed');
    expect(t.heard()).toEqual(['response 200']);
    t.clock.advance(1);
    expect(client.state).toBe('terminated');
    expect(t.far.sent.length).toBe(1);
    expect(t.layer.counters.retransmissionsAbsorbed).toBe(2);
  });

  it('ends at once over a reliable transport', () => {
    const t = new LayerUnderTest('tcp');
    const client = t.sendRequest('BYE');
    t.answer(client, 200);
    expect(client.state).toBe('terminated');
    expect(t.heard()).toEqual(['response 200']);
  });

  it('is not cancelled', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('OPTIONS');
    t.answer(client, 100);
    client.cancel();
    expect(t.far.sent.length).toBe(1);
  });
});

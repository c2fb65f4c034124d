import { describe, expect, it } from 'vitest';
import { incoming, LayerUnderTest } from './testing/layer-under-test.ts';

const LIMIT = 30;
const ROOM = 10;
const MANY = 100;

const branch = (number: number) => `;branch=z9hG4bKcall${number}`;

describe('answered transactions', () => {
  it.each([
    ['INVITE', 200],
    ['BYE', 200],
    ['OPTIONS', 404],
  ])('of clients that ask by %s take no room from new ones', (method, status) => {
    const t = new LayerUnderTest('udp', { limit: LIMIT });
    for (let i = 0; i < MANY; i++) {
      const server = t.accept(incoming(method, branch(i)));
      expect(server).toBeDefined();
      server.reply({ status });
    }
    expect(t.layer.counters).toMatchObject({ dropped: 0, inUse: ROOM, endedEarly: MANY - ROOM });
  });

  it('absorb what comes again, the latest of them', () => {
    const t = new LayerUnderTest('udp', { limit: LIMIT });
    for (let i = 0; i < MANY; i++) t.accept(incoming('BYE', branch(i))).reply({ status: 200 });
    t.heard();
    const sent = t.near.sent.length;
    for (let i = MANY - ROOM; i < MANY; i++) t.receive(incoming('BYE', branch(i)));
    expect(t.heard()).toEqual([]);
    expect(t.near.sent.length - sent).toBe(ROOM);
  });

  it('are kept for their time where there is room', () => {
    const t = new LayerUnderTest('udp', { limit: LIMIT });
    for (let i = 0; i < ROOM; i++) t.accept(incoming('BYE', branch(i))).reply({ status: 200 });
    t.clock.advance(31_000);
    expect(t.layer.counters).toMatchObject({ inUse: ROOM, endedEarly: 0 });
    t.clock.advance(2000);
    expect(t.layer.counters).toMatchObject({ inUse: 0, endedEarly: 0 });
    for (let i = 0; i < ROOM; i++) t.accept(incoming('BYE', branch(i))).reply({ status: 200 });
    expect(t.layer.counters.endedEarly).toBe(0);
  });

  it('never push out what is still to be answered, nor what waits for its ACK', () => {
    const t = new LayerUnderTest('udp', { limit: LIMIT });
    const open = t.accept(incoming('INVITE', branch(1000)));
    const refused = t.accept(incoming('INVITE', branch(1001)));
    refused.reply({ status: 486 });
    for (let i = 0; i < MANY; i++) t.accept(incoming('BYE', branch(i))).reply({ status: 200 });
    expect(open.state).toBe('proceeding');
    expect(refused.state).toBe('completed');
  });

  it.each([200, 486])(
    'of servers that were asked by INVITE and said %s take no room from new ones',
    (status) => {
      const t = new LayerUnderTest('udp', { limit: LIMIT });
      for (let i = 0; i < MANY; i++) t.answer(t.sendRequest('INVITE'), status);
      expect(t.layer.counters).toMatchObject({ dropped: 0, clientsInUse: ROOM, endedEarly: MANY - ROOM });
    },
  );
});

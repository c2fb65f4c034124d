import { describe, expect, it } from 'vitest';
import { ConnectionBindings, livesByConnection } from './connection-bindings.ts';
import type { Binding } from './location-store.ts';

const BINDING: Binding = {
  aor: 'sip:alice@example.com',
  contact: 'sip:alice@192.168.1.2:5060;transport=tcp',
  expiresAt: 1000,
  q: 1000,
  callId: 'a',
  cseq: 1,
  path: [],
  received: { transport: 'tcp', address: '198.51.100.7', port: 40000 },
  listener: 'tcp:10.0.0.34:5060',
  connectionId: 7,
  bootId: 'run',
  natted: true,
  instance: '',
  regId: 0,
  userAgent: '',
  updatedAt: 1,
};

describe('livesByConnection', () => {
  it.each<[string, Partial<Binding>, boolean]>([
    ['behind a NAT', {}, true],
    ['reachable by its Contact', { natted: false }, false],
    ['a flow', { natted: false, regId: 1 }, true],
    ['a WebSocket client', { natted: false, received: { ...BINDING.received, transport: 'wss' } }, true],
    ['behind an edge proxy', { regId: 1, path: ['<sip:edge.example.com;lr;ob>'] }, false],
    ['a datagram contact', { connectionId: 0 }, false],
  ])('%s', (_name, part, expected) => {
    expect(livesByConnection({ ...BINDING, ...part })).toBe(expected);
  });
});

describe('ConnectionBindings', () => {
  it('tells once for each connection who registered by it', () => {
    const bindings = new ConnectionBindings();
    bindings.add(7, 'sip:alice@example.com');
    bindings.add(7, 'sip:alice@example.com');
    bindings.add(8, 'sip:alice@example.com');
    bindings.add(8, 'sip:bob@example.com');
    bindings.add(8, 'sip:carol@example.com');
    expect([...bindings.take(7)]).toEqual(['sip:alice@example.com']);
    expect([...bindings.take(7)]).toEqual([]);
    expect([...bindings.take(8)]).toHaveLength(3);
    expect(bindings.size).toBe(0);
  });
});

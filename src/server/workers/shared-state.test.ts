import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import type { Authenticator } from '../../core/auth/authenticator.ts';
import type { Binding } from '../../core/registrar/location-store.ts';
import type { Destination } from '../../net/network.ts';
import { Quarantine } from '../../net/quarantine.ts';
import { PortPeers } from '../../net/workers/port-peers.ts';
import { Database } from '../../store/sqlite/database.ts';
import { SqliteLocation } from '../../store/sqlite/location.ts';
import type { ServerRelays } from '../relays.ts';
import { share, shareLocation } from './shared-state.ts';

const PLACE: Destination = { transport: 'udp', address: '192.0.2.1', port: 5060 };
const AOR = 'sip:alice@example.com';

/** What one worker shares, with a clock of its own. */
class TestWorker {
  readonly clock = new FakeClock();
  readonly peers = new PortPeers();
  readonly quarantine = new Quarantine(this.clock);
  readonly shut: string[] = [];
  readonly lines: string[] = [];
  readonly authenticator = {
    shutOut: undefined as ((suspect: string) => void) | undefined,
    shut: (suspect: string) => void this.shut.push(suspect),
  };
  overhear: (line: string) => void = () => {};

  constructor(index: number) {
    const relays = {
      overhear: (hear: (line: string) => void) => {
        this.overhear = hear;
      },
      notified: (line: string) => this.lines.push(line),
    };
    const { quarantine, authenticator } = this;
    const shared = {
      quarantine,
      authenticator: authenticator as unknown as Authenticator,
      relays: relays as unknown as ServerRelays,
    };
    share(shared, this.peers, place(index), this.clock);
  }
}

function place(index: number) {
  return { index, count: 2, life: 0 };
}

const opened: PortPeers[] = [];

afterEach(async () => {
  for (const peers of opened.splice(0)) await peers[Symbol.asyncDispose]();
});

function join2(zero: PortPeers, one: PortPeers): void {
  const { port1, port2 } = new MessageChannel();
  zero.attach(1, port1);
  one.attach(0, port2);
  opened.push(zero, one);
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn();
}

function two(): [TestWorker, TestWorker] {
  const workers: [TestWorker, TestWorker] = [new TestWorker(0), new TestWorker(1)];
  join2(workers[0].peers, workers[1].peers);
  return workers;
}

describe('workers', () => {
  it('know of places that fail, for as long as the one that saw it, and of those that are there again', async () => {
    const [zero, one] = two();
    one.clock.advance(5000);
    zero.quarantine.failed(PLACE, 'no answer', 10_000);
    await settle();
    one.clock.advance(9_999);
    expect(one.quarantine.due()).toEqual([]);
    one.clock.advance(1);
    expect(one.quarantine.due()).toMatchObject([{ destination: PLACE, failures: 1, reason: 'no answer' }]);
    one.quarantine.heard(PLACE);
    await settle();
    expect(zero.quarantine.size).toBe(0);
  });

  it('tell one that begins of the places that have failed', async () => {
    const [zero, late] = [new TestWorker(0), new TestWorker(1)];
    zero.quarantine.failed(PLACE, 'no answer');
    join2(zero.peers, late.peers);
    await settle();
    expect(late.quarantine.all()).toMatchObject([{ destination: PLACE }]);
  });

  it('shut out whom one of them has shut out, and hear what relays have told one', async () => {
    const [zero, one] = two();
    zero.authenticator.shutOut!('192.0.2.7 alice');
    zero.overhear('T1 1');
    await settle();
    expect([one.shut, one.lines, zero.shut, zero.lines]).toEqual([['192.0.2.7 alice'], ['T1 1'], [], []]);
  });

  it('have the bindings that one of them has changed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-shared-'));
    await using first = Database.open(join(folder, 'viaduct.db'));
    await using second = Database.open(join(folder, 'viaduct.db'));
    const [zero, one] = [new SqliteLocation(first), new SqliteLocation(second)];
    const [a, b] = [new PortPeers(), new PortPeers()];
    shareLocation(zero, a, place(0));
    shareLocation(one, b, place(1));
    join2(a, b);
    const binding = { aor: AOR, contact: 'sip:a@192.0.2.9' } as Binding;
    await zero.save(AOR, [binding]);
    await settle();
    expect(one.find(AOR)).toEqual([binding]);
    await one.save(AOR, []);
    await settle();
    expect(zero.count()).toBe(0);
    rmSync(folder, { recursive: true });
  });
});

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import type { Flow } from '../../net/flow.ts';
import type { Listener } from '../../net/listener.ts';
import type { Network } from '../../net/network.ts';
import type { Binding, LocationStore } from '../registrar/location-store.ts';
import { Registrar } from '../registrar/registrar.ts';
import { KeepAlive, type KeepAliveOptions, type KeepAliveSettings } from './keepalive.ts';

const ROUND = 30_000;

class TestStore implements LocationStore {
  readonly map = new Map<string, readonly Binding[]>();
  find(aor: string): readonly Binding[] {
    return this.map.get(aor) ?? [];
  }
  save(aor: string, bindings: readonly Binding[]): void {
    this.map.set(aor, bindings);
  }
  *all(): Generator<Binding> {
    for (const list of this.map.values()) yield* list;
  }
  count(): number {
    return [...this.all()].length;
  }
  async [Symbol.asyncDispose](): Promise<void> {}
}

class TestNetwork implements Network {
  readonly sent: string[] = [];
  readonly open = new Map<number, Flow>();
  readonly listeners: readonly Listener[] = ['one', 'two'].map((name) => ({
    name,
    transport: 'udp',
    address: '10.0.0.34',
    port: 5060,
    family: 4,
    advertised: undefined,
  }));
  flowTo(listener: Listener, { address, port }: { address: string; port: number }): Flow {
    return this.#flow(`${listener.name} to ${address}:${port}`, 0);
  }
  connection(id: number): Flow | undefined {
    return this.open.get(id);
  }
  connect(id: number): void {
    this.open.set(id, this.#flow(`connection ${id}`, id));
  }
  #flow(name: string, connectionId: number): Flow {
    const send = (bytes: Buffer) =>
      this.sent.push(`${name}: ${JSON.stringify(bytes.toString('latin1'))}`) > 0;
    const listener = this.listeners[0]!;
    return { listener, transport: 'udp', remoteAddress: '', remotePort: 0, connectionId, send };
  }
}

let clock: FakeClock;
let store: TestStore;
let network: TestNetwork;
let registrar: Registrar;
let asked: string[];
let answer: (binding: Binding) => Promise<boolean>;
let keepAlive: KeepAlive | undefined;

beforeEach(() => {
  clock = new FakeClock();
  store = new TestStore();
  network = new TestNetwork();
  registrar = new Registrar({ store, clock, bootId: 'now' });
  asked = [];
  answer = async () => true;
});

afterEach(async () => {
  await keepAlive?.[Symbol.asyncDispose]();
  await registrar[Symbol.asyncDispose]();
});

function start(settings: Partial<KeepAliveSettings> = {}, more: Partial<KeepAliveOptions> = {}): KeepAlive {
  const sender = {
    sendOptions: (binding: Binding) => {
      asked.push(`${binding.contact} at ${clock.now()}`);
      return answer(binding);
    },
  };
  const common = { location: store, registrar, network, sender, clock, bootId: 'now' };
  keepAlive = new KeepAlive({ ...common, settings, ...more });
  return keepAlive;
}

function add(user: string, parts: Partial<Binding> = {}): void {
  const aor = `sip:${user}@example.com`;
  const binding: Binding = {
    aor,
    contact: `sip:${user}@192.168.1.2`,
    expiresAt: clock.wallNow() + 3_600_000,
    q: 1000,
    callId: 'c',
    cseq: 1,
    path: [],
    received: { transport: 'udp', address: '198.51.100.7', port: 40000 },
    listener: 'two',
    connectionId: 0,
    bootId: 'now',
    natted: true,
    instance: '',
    regId: 0,
    userAgent: '',
    updatedAt: clock.wallNow(),
    ...parts,
  };
  store.save(aor, [...store.find(aor), binding]);
}

const overTcp = (connectionId: number): Partial<Binding> => ({
  received: { transport: 'tcp', address: '198.51.100.7', port: 40000 },
  connectionId,
});

describe('keep-alives', () => {
  it('reach every binding once in an interval, spread over it', async () => {
    for (let i = 0; i < 60; i++) add(`u${i}`);
    start();
    await clock.advanceAsync(ROUND);
    expect(new Set(asked.map((it) => it.split(' ')[0])).size).toBe(60);
    expect(new Set(asked.map((it) => it.split(' at ')[1])).size).toBe(30);
    expect(asked).toHaveLength(60);
  });

  it('reach many bindings a few at a time, each once in an interval', async () => {
    const count = 24_000;
    for (let i = 0; i < count; i++) add(`u${i}`, { natted: true });
    start({ datagrams: 'crlf' });
    const sentAt = new Map<number, number>();
    const push = network.sent.push.bind(network.sent);
    network.sent.push = (...texts) => {
      sentAt.set(clock.now(), (sentAt.get(clock.now()) ?? 0) + texts.length);
      return push(...texts);
    };
    for (let round = 1; round <= 2; round++) {
      // The end of a round's last step lies within the next interval.
      await clock.advanceAsync(ROUND + (round === 1 ? ROUND / 30 : 0));
      expect(network.sent.length).toBeGreaterThanOrEqual(round * count);
    }
    expect(new Set(network.sent.slice(0, count)).size).toBe(1);
    expect(Math.max(...sentAt.values())).toBe(200);
    expect(network.sent.length).toBeLessThan(2.1 * count);
  });

  it('reach few bindings no more often than many', async () => {
    add('alice');
    start();
    await clock.advanceAsync(ROUND);
    expect(asked).toHaveLength(1);
    await clock.advanceAsync(2 * ROUND);
    expect(asked).toHaveLength(3);
  });

  it('leave alone what lapsed, what is not behind a NAT and what is behind an edge proxy', async () => {
    add('lapsed', { expiresAt: clock.wallNow() });
    add('open', { natted: false });
    add('edge', { path: ['<sip:edge.example.com;lr>'] });
    add('natted');
    start();
    await clock.advanceAsync(ROUND);
    expect(asked.map((it) => it.split(' ')[0])).toContain('sip:natted@192.168.1.2');
    expect(asked.every((it) => it.startsWith('sip:natted@'))).toBe(true);
  });

  it('reach only those that are kept alive from here', async () => {
    for (const user of ['alice', 'bob']) add(user);
    start({}, { isMine: ({ aor }) => aor.includes('bob') });
    await clock.advanceAsync(ROUND);
    expect(asked.map((it) => it.split(' ')[0])).toEqual(['sip:bob@192.168.1.2']);
  });

  it('reach contacts that are not behind a NAT where that is wanted', async () => {
    add('open', { natted: false });
    start({ nattedOnly: false });
    await clock.advanceAsync(ROUND / 30);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['zeros', '\0\0\0\0'],
    ['crlf', '\r\n\r\n'],
  ] as const)(
    'on datagrams may be %s, from the listener that the contact registered on',
    async (datagrams, bytes) => {
      add('alice');
      add('lost', { listener: 'gone' });
      start({ datagrams });
      await clock.advanceAsync(ROUND / 30);
      await clock.advanceAsync(ROUND / 30);
      expect(network.sent).toEqual([`two to 198.51.100.7:40000: ${JSON.stringify(bytes)}`]);
    },
  );

  it('on connections are a double CRLF', async () => {
    network.connect(7);
    add('alice', overTcp(7));
    start();
    await clock.advanceAsync(ROUND / 30);
    expect(network.sent).toEqual(['connection 7: "\\r\\n\\r\\n"']);
  });
});

describe('a dead binding', () => {
  it('is removed after some unanswered OPTIONS in a row', async () => {
    add('alice');
    const answers = [false, false, true, false, false, false];
    answer = async () => answers.shift() ?? true;
    const { counters } = start({ maxLost: 3 });
    for (let round = 1; round <= 5; round++) await clock.advanceAsync(ROUND);
    while (answers.length > 0) await clock.advanceAsync(ROUND);
    expect(store.count()).toBe(0);
    expect(counters).toMatchObject({ answered: 1, lost: 5, removed: 1 });
  });

  it('is removed when its connection has been gone for some rounds', async () => {
    add('gone', overTcp(7));
    add('earlier', { ...overTcp(8), bootId: 'before' });
    network.connect(8);
    start({ maxLost: 1 });
    await clock.advanceAsync(ROUND);
    expect(store.count()).toBe(0);
    expect(network.sent).toEqual([]);
  });

  it('stays where it registered anew meanwhile', async () => {
    add('alice');
    answer = async (binding) => {
      store.save(binding.aor, [{ ...binding, updatedAt: binding.updatedAt + 1 }]);
      return false;
    };
    start({ maxLost: 1 });
    await clock.advanceAsync(ROUND / 30);
    expect(store.count()).toBe(1);
  });

  it('is one whose OPTIONS could not be sent, too', async () => {
    add('alice');
    answer = () => Promise.reject(new Error('no listener'));
    start({ maxLost: 1 });
    await clock.advanceAsync(ROUND / 30);
    expect(store.count()).toBe(0);
  });
});

it('OPTIONS without an answer are bounded', async () => {
  for (let i = 0; i < 10; i++) add(`u${i}`);
  answer = () => new Promise(() => {});
  const { counters } = start({ maxPending: 3 });
  await clock.advanceAsync(ROUND);
  expect([keepAlive?.pending, asked.length, counters.postponed > 0]).toEqual([3, 3, true]);
});

it('nothing is sent after the end', async () => {
  add('alice');
  await start()[Symbol.asyncDispose]();
  await clock.advanceAsync(ROUND);
  expect(asked).toEqual([]);
});

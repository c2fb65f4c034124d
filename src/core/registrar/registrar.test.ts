import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { channels } from '../../base/channels.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import type { Flow } from '../../net/flow.ts';
import { buildRequest, type HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { parseMessage } from '../../wire/sip/parse.ts';
import type { Binding, LocationStore, MaybePromise } from './location-store.ts';
import { type RegisterOptions, type RegisterResult, Registrar } from './registrar.ts';

const AOR = 'sip:alice@example.com';

class TestStore implements LocationStore {
  readonly map = new Map<string, readonly Binding[]>();
  saves = 0;
  find(aor: string): MaybePromise<readonly Binding[]> {
    return this.map.get(aor) ?? [];
  }
  save(aor: string, bindings: readonly Binding[]): MaybePromise<void> {
    this.saves++;
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

/** Answers later, when the test lets it. */
class SlowStore extends TestStore {
  readonly waiting: (() => void)[] = [];
  override find(aor: string): Promise<readonly Binding[]> {
    return this.#later(() => super.find(aor) as readonly Binding[]);
  }
  override save(aor: string, bindings: readonly Binding[]): Promise<void> {
    return this.#later(() => {
      super.save(aor, bindings);
    });
  }
  async settle(): Promise<void> {
    for (let i = 0; i < 20; i++) {
      this.waiting.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  #later<T>(job: () => T): Promise<T> {
    return new Promise((resolve) => this.waiting.push(() => resolve(job())));
  }
}

function flowFrom(port = 40000, transport: 'udp' | 'tcp' = 'udp', connectionId = 0): Flow {
  const listener = {
    name: `${transport}:10.0.0.34:5060`,
    transport,
    address: '10.0.0.34',
    port: 5060,
    family: 4 as const,
    advertised: undefined,
  };
  return {
    listener,
    transport,
    remoteAddress: '198.51.100.7',
    remotePort: port,
    connectionId,
    send: () => true,
  };
}

interface Register {
  readonly contacts?: readonly string[];
  readonly callId?: string;
  readonly cseq?: number;
  readonly headers?: readonly HeaderEntry[];
}

function register({ contacts = [], callId = 'a', cseq = 1, headers = [] }: Register): SipMessage {
  const bytes = buildRequest({
    method: 'REGISTER',
    requestUri: 'sip:example.com',
    headers: [
      [H.Via, 'SIP/2.0/UDP 192.168.1.2:5060;branch=z9hG4bKx'],
      [H.From, `<${AOR}>;tag=1`],
      [H.To, `<${AOR}>`],
      [H.CallId, callId],
      [H.CSeq, `${cseq} REGISTER`],
      ...contacts.map((contact): HeaderEntry => [H.Contact, contact]),
      ...headers,
    ],
  });
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

function values(result: RegisterResult, header: number): string[] {
  return result.headers.filter(([name]) => name === header).map(([, value]) => value);
}

let clock: FakeClock;
let store: TestStore;
let registrar: Registrar;

function send(
  request: Register,
  options: Partial<RegisterOptions> = {},
  flow: Flow = flowFrom(),
): RegisterResult {
  const result = registrar.process(register(request), flow, { aor: AOR, natted: false, ...options });
  if (result instanceof Promise) throw new Error('the store answers at once');
  return result;
}

function targets() {
  const found = registrar.lookup(AOR);
  if (found instanceof Promise) throw new Error('the store answers at once');
  return found;
}

beforeEach(() => {
  clock = new FakeClock();
  store = new TestStore();
  registrar = new Registrar({ store, clock, bootId: 'boot-1' });
});

afterEach(async () => {
  await registrar[Symbol.asyncDispose]();
});

describe('a REGISTER', () => {
  it('adds a binding and lists it', () => {
    const result = send({ contacts: ['<sip:alice@192.168.1.2:5060>;q=0.5;expires=600'] });
    expect(result.status).toBe(200);
    expect(values(result, H.Contact)).toEqual(['<sip:alice@192.168.1.2:5060>;q=0.5;expires=600']);
    expect(values(result, H.Date)).toEqual(['Thu, 01 Jan 2026 00:00:00 GMT']);
    expect(result.ok && result.added).toMatchObject([
      {
        aor: AOR,
        listener: 'udp:10.0.0.34:5060',
        received: { transport: 'udp', address: '198.51.100.7', port: 40000 },
        expiresAt: clock.wallNow() + 600_000,
      },
    ]);
  });

  it('without Contact lists what is there and changes nothing', () => {
    send({ contacts: ['<sip:alice@192.168.1.2>;expires=600'] });
    clock.advance(100_000);
    const result = send({ callId: 'b' });
    expect(values(result, H.Contact)).toEqual(['<sip:alice@192.168.1.2>;expires=500']);
    expect(store.saves).toBe(1);
  });

  it('takes expiry from the parameter, then the header, then the default, and cuts it to the maximum', () => {
    const result = send({
      contacts: ['<sip:a@192.0.2.1>;expires=300', '<sip:b@192.0.2.1>', '<sip:c@192.0.2.1>;expires=999999'],
      headers: [[H.Expires, '400']],
    });
    expect(values(result, H.Contact)).toEqual([
      '<sip:a@192.0.2.1>;expires=300',
      '<sip:b@192.0.2.1>;expires=400',
      '<sip:c@192.0.2.1>;expires=7200',
    ]);
    expect(values(send({ contacts: ['<sip:d@192.0.2.1>'], cseq: 2 }), H.Contact).at(-1)).toBe(
      '<sip:d@192.0.2.1>;expires=3600',
    );
  });

  it('takes an expiry that cannot be read for 3600 (RFC 3261 §10.3 step 7)', () => {
    const result = send({ contacts: ['<sip:a@192.0.2.1>;expires=soon'] });
    expect(values(result, H.Contact)).toEqual(['<sip:a@192.0.2.1>;expires=3600']);
  });

  it('is refused with 423 and Min-Expires where it is too brief', () => {
    const result = send({ contacts: ['<sip:a@192.0.2.1>;expires=300', '<sip:b@192.0.2.1>;expires=10'] });
    expect(result.status).toBe(423);
    expect(values(result, H.MinExpires)).toEqual(['60']);
    expect(store.saves).toBe(0);
  });

  it('never refuses an hour as too brief', () => {
    expect(send({ contacts: ['<sip:a@192.0.2.1>;expires=3600'] }, { minExpires: 5000 }).status).toBe(200);
  });

  it('refreshes what is the same URI, whatever its spelling', () => {
    send({ contacts: ['<sip:alice@Phone.example.com:5070;transport=tcp>'] });
    const result = send({ contacts: ['<sip:%61lice@phone.EXAMPLE.com:5070;Transport=TCP>'], cseq: 2 });
    expect(result.ok && result.refreshed).toHaveLength(1);
    expect(result.ok && result.bindings).toHaveLength(1);
  });

  it('keeps contacts apart that differ', () => {
    send({ contacts: ['<sip:alice@192.0.2.1>'] });
    expect(values(send({ contacts: ['<sip:alice@192.0.2.1:5061>'], cseq: 2 }), H.Contact)).toHaveLength(2);
  });

  it('with expires=0 removes that contact alone', () => {
    send({ contacts: ['<sip:a@192.0.2.1>', '<sip:b@192.0.2.1>'] });
    const result = send({ contacts: ['<sip:a@192.0.2.1>;expires=0'], cseq: 2 });
    expect(result.ok && result.removed.map((it) => it.contact)).toEqual(['sip:a@192.0.2.1']);
    expect(values(result, H.Contact)).toEqual(['<sip:b@192.0.2.1>;expires=3600']);
  });

  it.each([
    ['a Contact that is none', { contacts: ['<sip:>'] }],
    ['an unclosed bracket', { contacts: ['<sip:a@192.0.2.1'] }],
    ['URI headers without brackets', { contacts: ['sip:a@192.0.2.1?Route=%3Csip:x%3E'] }],
    ['an impossible q', { contacts: ['<sip:a@192.0.2.1>;q=1.5'] }],
    ['a reg-id of nothing', { contacts: ['<sip:a@192.0.2.1>;+sip.instance="<urn:x>";reg-id=zero'] }],
    ['an empty Contact', { contacts: [''] }],
    ['a broken Path', { contacts: ['<sip:a@192.0.2.1>'], headers: [[H.Path, '<sip:>']] as HeaderEntry[] }],
  ])('is refused with 400 for %s', (_name, request) => {
    expect(send(request).status).toBe(400);
    expect(store.saves).toBe(0);
  });

  it('keeps headers of a registered URI out of requests', () => {
    send({ contacts: ['<sip:a@192.0.2.1?Route=%3Csip:evil.example%3E>'] });
    expect(targets()[0]!.uri).toBe('sip:a@192.0.2.1');
  });
});

describe('the wildcard', () => {
  it('removes everything', () => {
    send({ contacts: ['<sip:a@192.0.2.1>', '<sip:b@192.0.2.1>'] });
    const result = send({ contacts: ['*'], cseq: 2, headers: [[H.Expires, '0']] });
    expect(result.ok && result.removed).toHaveLength(2);
    expect(values(result, H.Contact)).toEqual([]);
    expect(targets()).toEqual([]);
  });

  it.each([
    ['without Expires', ['*'], []],
    ['with another Expires', ['*'], [[H.Expires, '60']]],
    ['beside another Contact', ['*', '<sip:a@192.0.2.1>'], [[H.Expires, '0']]],
  ] as [string, string[], HeaderEntry[]][])('is refused %s', (_name, contacts, headers) => {
    send({ contacts: ['<sip:a@192.0.2.1>'] });
    expect(send({ contacts, headers, cseq: 2 }).status).toBe(400);
    expect(targets()).toHaveLength(1);
  });
});

describe('order', () => {
  it('is kept within a Call-ID, and nothing is changed by what comes late', () => {
    send({ contacts: ['<sip:a@192.0.2.1>;expires=600'], cseq: 5 });
    for (const cseq of [4, 5]) {
      const late = send({ contacts: ['<sip:b@192.0.2.1>', '<sip:a@192.0.2.1>;expires=0'], cseq });
      expect(late.status).toBe(500);
    }
    expect(send({ contacts: ['*'], cseq: 5, headers: [[H.Expires, '0']] }).status).toBe(500);
    expect(targets().map((it) => it.uri)).toEqual(['sip:a@192.0.2.1']);
  });

  it('lets a request pass again whose answer was lost, and changes nothing by it', () => {
    send({ contacts: ['<sip:a@192.0.2.1>;expires=600'], cseq: 5 });
    clock.advance(100_000);
    const again = send({ contacts: ['<sip:a@192.0.2.1>;expires=600'], cseq: 5 });
    expect(again.status).toBe(200);
    expect(values(again, H.Contact)).toEqual(['<sip:a@192.0.2.1>;expires=500']);
  });

  it('does not matter across Call-IDs: a phone that was restarted begins again', () => {
    send({ contacts: ['<sip:a@192.0.2.1>'], cseq: 5 });
    expect(send({ contacts: ['<sip:a@192.0.2.1>'], callId: 'b', cseq: 1 }).status).toBe(200);
  });
});

describe('too many contacts', () => {
  const three: Register = { contacts: ['<sip:a@192.0.2.1>', '<sip:b@192.0.2.1>', '<sip:c@192.0.2.1>'] };

  it('are refused where that is wanted, and a refresh is not', () => {
    const options = { maxContacts: 2, whenFull: 'refuse' } as const;
    expect(send(three, options).status).toBe(403);
    expect(send({ contacts: three.contacts!.slice(0, 2) }, options).status).toBe(200);
    expect(send({ contacts: ['<sip:c@192.0.2.1>'], cseq: 2 }, options).status).toBe(403);
    expect(send({ contacts: ['<sip:a@192.0.2.1>'], cseq: 3 }, options).status).toBe(200);
  });

  it('take the place of the oldest: a phone that has moved is not locked out by its past', () => {
    const options = { maxContacts: 2 };
    for (const [cseq, user] of ['a', 'b', 'c'].entries()) {
      clock.advance(1000);
      send({ contacts: [`<sip:${user}@192.0.2.1>`], cseq }, options);
    }
    expect(targets().map((it) => it.uri)).toEqual(['sip:c@192.0.2.1', 'sip:b@192.0.2.1']);
    expect(send({ ...three, cseq: 9 }, options).status).toBe(403);
  });

  it('do not count what has lapsed', () => {
    send({ contacts: ['<sip:a@192.0.2.1>;expires=60'] }, { maxContacts: 1 });
    clock.advance(60_000);
    expect(send({ contacts: ['<sip:b@192.0.2.1>'], cseq: 2 }, { maxContacts: 1 }).status).toBe(200);
  });
});

describe('Path (RFC 3327)', () => {
  const path: HeaderEntry[] = [
    [H.Path, '<sip:p1.example.com;lr>'],
    [H.Path, '<sip:p2.example.com;lr>'],
  ];

  it('is stored, echoed where it is supported, and becomes the route of requests', () => {
    const contacts = ['<sip:a@192.168.1.2>'];
    const result = send({ contacts, headers: [...path, [H.Supported, 'path']] }, { natted: true });
    expect(values(result, H.Path)).toEqual(path.map(([, value]) => value));
    expect(targets()).toMatchObject([
      { route: ['<sip:p1.example.com;lr>', '<sip:p2.example.com;lr>'], source: undefined, connectionId: 0 },
    ]);
  });

  it('from a client that does not support it is stored without an echo, refused or passed over', () => {
    const request: Register = { contacts: ['<sip:a@192.168.1.2>'], headers: path };
    expect(values(send(request), H.Path)).toEqual([]);
    expect(targets()[0]!.route).toHaveLength(2);
    const strict = send({ ...request, cseq: 2 }, { path: 'strict' });
    expect([strict.status, ...values(strict, H.Unsupported)]).toEqual([420, 'path']);
    send({ ...request, cseq: 3 }, { path: 'ignore' });
    expect(targets()[0]!.route).toEqual([]);
  });
});

describe('Outbound (RFC 5626)', () => {
  const flow1 = '<sip:a@192.168.1.2:1111>;+sip.instance="<urn:uuid:1>";reg-id=1';
  const supported: HeaderEntry = [H.Supported, 'outbound, path'];

  it('replaces the flow of the same instance and reg-id, whatever its URI and Call-ID', () => {
    const first = send({ contacts: [flow1], headers: [supported] });
    expect(values(first, H.Require)).toEqual(['outbound']);
    expect(values(first, H.Contact)).toEqual([
      '<sip:a@192.168.1.2:1111>;expires=3600;+sip.instance="<urn:uuid:1>";reg-id=1',
    ]);
    const again = flow1.replace('1111', '2222');
    const result = send({ contacts: [again], callId: 'b', headers: [supported] });
    expect(result.ok && result.bindings.map((it) => it.contact)).toEqual(['sip:a@192.168.1.2:2222']);
  });

  it('tries one flow of an instance, the newest, and names the others for its failure', () => {
    send({ contacts: [flow1] }, {}, flowFrom(1111, 'tcp', 7));
    clock.advance(1000);
    send({ contacts: [flow1.replace('reg-id=1', 'reg-id=2')], cseq: 2 }, {}, flowFrom(2222, 'tcp', 8));
    expect(targets()).toMatchObject([
      { connectionId: 8, source: { port: 2222 }, otherFlows: [{ connectionId: 7, source: { port: 1111 } }] },
    ]);
  });

  it('is refused with 439 where the proxy next to the client keeps no flows', () => {
    const via: HeaderEntry = [H.Via, 'SIP/2.0/UDP 192.168.1.9;branch=z9hG4bKy'];
    const request: Register = { contacts: [flow1], headers: [via, supported] };
    expect(send(request).status).toBe(439);
    const path: HeaderEntry = [H.Path, '<sip:edge.example.com;lr;ob>'];
    expect(send({ ...request, headers: [...request.headers!, path] }).status).toBe(200);
  });

  it('refuses two contacts where one is a flow, and takes a reg-id without an instance for nothing', () => {
    expect(send({ contacts: [flow1, '<sip:b@192.0.2.1>'] }).status).toBe(400);
    const result = send({ contacts: ['<sip:a@192.0.2.1>;reg-id=3'] });
    expect(result.ok && result.bindings[0]!.regId).toBe(0);
  });
});

describe('a look-up', () => {
  it('orders by q, then newest first, and leaves out what has lapsed', () => {
    send({ contacts: ['<sip:old@192.0.2.1>;q=0.5', '<sip:gone@192.0.2.1>;expires=60'] });
    clock.advance(60_000);
    send({
      contacts: ['<sip:new@192.0.2.1>;q=0.5', '<sip:low@192.0.2.1>;q=0', '<sip:top@192.0.2.1>'],
      cseq: 2,
    });
    expect(targets().map(({ uri, q }) => [uri, q])).toEqual([
      ['sip:top@192.0.2.1', 1000],
      ['sip:new@192.0.2.1', 500],
      ['sip:old@192.0.2.1', 500],
      ['sip:low@192.0.2.1', 0],
    ]);
  });

  it('sends to the source only where the contact is behind a NAT', () => {
    send({ contacts: ['<sip:a@192.168.1.2>'] });
    expect(targets()[0]!.source).toBeUndefined();
    send({ contacts: ['<sip:a@192.168.1.2>'], cseq: 2 }, { natted: true });
    expect(targets()[0]!).toMatchObject({
      source: { transport: 'udp', address: '198.51.100.7', port: 40000 },
      listener: 'udp:10.0.0.34:5060',
    });
  });

  it('forgets connections of an earlier run', async () => {
    send({ contacts: ['<sip:a@192.168.1.2;transport=tcp>'] }, { natted: true }, flowFrom(40000, 'tcp', 7));
    expect(targets()[0]!.connectionId).toBe(7);
    await using later = new Registrar({ store, clock, bootId: 'boot-2' });
    expect(await later.lookup(AOR)).toMatchObject([{ connectionId: 0, source: { port: 40000 } }]);
  });
});

describe('over time', () => {
  it('lapsed bindings are cleared away and announced', async () => {
    const events: unknown[] = [];
    const listen = (event: unknown) => events.push(event);
    channels.binding.subscribe(listen);
    try {
      send({ contacts: ['<sip:a@192.0.2.1>;expires=60', '<sip:b@192.0.2.1>;expires=600'] });
      send({ contacts: ['<sip:b@192.0.2.1>;expires=600'], cseq: 2 });
      await clock.advanceAsync(71_000);
      expect(await registrar.remove(AOR)).toBe(1);
    } finally {
      channels.binding.unsubscribe(listen);
    }
    expect(events).toEqual([
      { aor: AOR, event: 'added', contact: 'sip:a@192.0.2.1' },
      { aor: AOR, event: 'added', contact: 'sip:b@192.0.2.1' },
      { aor: AOR, event: 'refreshed', contact: 'sip:b@192.0.2.1' },
      { aor: AOR, event: 'expired', contact: 'sip:a@192.0.2.1' },
      { aor: AOR, event: 'removed', contact: 'sip:b@192.0.2.1' },
    ]);
    expect(registrar.counters).toMatchObject({ accepted: 2, added: 2, refreshed: 1, expired: 1, removed: 1 });
  });

  it('many lapsed bindings are cleared away a few at a time', async () => {
    const savedAt = new Map<number, number>();
    class CountingStore extends TestStore {
      override save(aor: string, bindings: readonly Binding[]): MaybePromise<void> {
        savedAt.set(clock.now(), (savedAt.get(clock.now()) ?? 0) + 1);
        return super.save(aor, bindings);
      }
    }
    const many = new CountingStore();
    send({ contacts: ['<sip:a@192.0.2.1>;expires=60'] });
    const [one] = store.find(AOR) as Binding[];
    const binding = { ...one!, expiresAt: clock.wallNow() + 1000 };
    for (let i = 0; i < 1000; i++) many.map.set(`sip:${i}@x`, [{ ...binding, aor: `sip:${i}@x` }]);
    await using sweeper = new Registrar({ store: many, clock, bootId: 'boot' });
    await clock.advanceAsync(11_000);
    expect(sweeper.counters.expired).toBe(1000);
    expect([savedAt.size, Math.max(...savedAt.values())]).toEqual([5, 200]);
  });

  it('lapsed bindings of others are theirs to clear away', async () => {
    await registrar[Symbol.asyncDispose]();
    registrar = new Registrar({ store, clock, bootId: 'boot-1', isMine: (aor) => aor !== AOR });
    send({ contacts: ['<sip:a@192.0.2.1>;expires=60'] });
    await clock.advanceAsync(100_000);
    expect([registrar.counters.expired, store.find(AOR)]).toMatchObject([0, [{ aor: AOR }]]);
  });

  it('what others have changed meanwhile is changed further', () => {
    send({ contacts: ['<sip:a@192.0.2.1>'] });
    const [binding] = store.find(AOR) as Binding[];
    const elsewhere = { ...binding!, contact: 'sip:b@192.0.2.2', callId: 'b' };
    const shared: LocationStore = Object.assign(Object.create(store), { findToChange: () => [elsewhere] });
    registrar = new Registrar({ store: shared, clock, bootId: 'boot-1' });
    const { bindings } = send({ contacts: ['<sip:c@192.0.2.3>'] }) as RegisterResult & { ok: true };
    expect(bindings.map(({ contact }) => contact).sort()).toEqual(['sip:b@192.0.2.2', 'sip:c@192.0.2.3']);
  });

  it('a dead binding is dropped, one written anew stays', async () => {
    send({ contacts: ['<sip:a@192.0.2.1>'] });
    const [old] = await registrar.bindings(AOR);
    clock.advance(1000);
    send({ contacts: ['<sip:a@192.0.2.1>'], cseq: 2 });
    expect(await registrar.drop(old!)).toBe(0);
    const [fresh] = await registrar.bindings(AOR);
    expect(await registrar.drop(fresh!)).toBe(1);
  });
});

describe('a store that waits', () => {
  it('sees the changes of one address-of-record one after another', async () => {
    const slow = new SlowStore();
    await using later = new Registrar({ store: slow, clock, bootId: 'b', maxWaiting: 1 });
    const options = { aor: AOR, natted: false };
    const first = later.process(register({ contacts: ['<sip:a@192.0.2.1>'] }), flowFrom(), options);
    const second = later.process(
      register({ contacts: ['<sip:b@192.0.2.1>'], callId: 'b' }),
      flowFrom(),
      options,
    );
    const third = await later.process(register({ contacts: ['<sip:c@192.0.2.1>'] }), flowFrom(), options);
    expect([third.status, later.overflowed]).toEqual([503, 1]);
    await slow.settle();
    expect((await first).ok && (await second).ok).toBe(true);
    expect(slow.map.get(AOR)).toHaveLength(2);
  });

  it('or fails gives 503 and changes nothing', async () => {
    store.save = () => {
      throw new Error('the disk is full');
    };
    expect(send({ contacts: ['<sip:a@192.0.2.1>'] }).status).toBe(503);
    store.save = () => Promise.reject(new Error('the disk is full'));
    const later = registrar.process(register({ contacts: ['<sip:a@192.0.2.1>'] }), flowFrom(), {
      aor: AOR,
      natted: false,
    });
    expect((await later).status).toBe(503);
    expect(targets()).toEqual([]);
    expect(registrar.counters.failed).toBe(2);
  });
});

describe('Flow-Timer', () => {
  const contacts = ['<sip:a@192.0.2.1>;reg-id=1;+sip.instance="<urn:uuid:1>"'];
  const supported: Register = { contacts, headers: [[H.Supported, 'outbound']] };
  const timed = (flow: Flow, request = supported, flowTimer: number | undefined = 120) => {
    const own = new Registrar({ store: new TestStore(), clock, bootId: 'b', flowTimer });
    const result = own.process(register(request), flow, { aor: AOR, natted: false }) as RegisterResult;
    return result.headers.find(([name]) => name === 'Flow-Timer')?.[1];
  };

  it('is told to who registers a flow by TCP, and watched over', () => {
    let within = 0;
    const flow = { ...flowFrom(40001, 'tcp', 7), hearWithin: (ms: number) => void (within = ms) };
    expect(timed(flow)).toBe('120');
    expect(within).toBe(180_000);
  });

  it('is told to nobody else', () => {
    const tcp = flowFrom(40001, 'tcp', 7);
    expect(timed(flowFrom())).toBeUndefined();
    expect(timed(tcp, { contacts })).toBeUndefined();
    expect(timed(tcp, { contacts: ['<sip:a@192.0.2.1>'] })).toBeUndefined();
    const own = new Registrar({ store: new TestStore(), clock, bootId: 'b' });
    const result = own.process(register(supported), tcp, { aor: AOR, natted: false }) as RegisterResult;
    expect(result.headers.map(([name]) => name)).not.toContain('Flow-Timer');
  });
});

describe('a connection that closes', () => {
  const tcp = flowFrom(40001, 'tcp', 7);
  const flowOf = (regId: number) => [`<sip:a@192.0.2.1>;reg-id=${regId};+sip.instance="<urn:uuid:1>"`];

  it('takes with it the bindings that had no other way, at once', () => {
    send({ contacts: ['<sip:a@192.168.1.2;transport=tcp>'] }, { natted: true }, tcp);
    send({ contacts: ['<sip:b@192.0.2.1;transport=tcp>'], callId: 'b' }, {}, tcp);
    registrar.connectionClosed(8);
    expect(targets()).toHaveLength(2);
    registrar.connectionClosed(7);
    expect(targets().map(({ uri }) => uri)).toEqual(['sip:b@192.0.2.1;transport=tcp']);
    expect(registrar.counters).toMatchObject({ lost: 1, removed: 0 });
  });

  it('spares a binding that was written anew over another', () => {
    send({ contacts: flowOf(1) }, {}, tcp);
    send({ contacts: flowOf(2), callId: 'b' }, {}, tcp);
    send({ contacts: flowOf(1), cseq: 2 }, {}, flowFrom(40002, 'tcp', 9));
    registrar.connectionClosed(7);
    expect(targets().map(({ connectionId, otherFlows }) => [connectionId, otherFlows])).toEqual([[9, []]]);
  });

  it('before its REGISTER is through leaves nothing behind', () => {
    const gone = new Registrar({ store, clock, bootId: 'boot-1', isOpen: () => false });
    gone.process(register({ contacts: flowOf(1) }), tcp, { aor: AOR, natted: false });
    expect(targets()).toEqual([]);
  });

  it('takes them along too where another registrar has written them, which has ended', async () => {
    const natted = { natted: true };
    send({ contacts: ['<sip:a@192.168.1.2>'] }, natted, flowFrom(40000, 'tcp', 1));
    send({ contacts: ['<sip:b@192.168.1.2>'], callId: 'b' }, natted, flowFrom(40001, 'tcp', 2));
    send({ contacts: ['<sip:c@192.168.1.2>'], callId: 'c' }, natted, flowFrom(40002, 'tcp', 3));
    await registrar[Symbol.asyncDispose]();
    registrar = new Registrar({ store, clock, bootId: 'boot-1' });
    await registrar.recall((connectionId) => connectionId === 2);
    const left = () => (store.find(AOR) as Binding[]).map(({ contact }) => contact);
    expect(left()).toEqual(['sip:a@192.168.1.2', 'sip:c@192.168.1.2']);
    registrar.connectionClosed(3);
    expect([left(), registrar.counters.lost]).toEqual([['sip:a@192.168.1.2'], 2]);
  });

  it('leaves everything where it is told to, and when the server stops', async () => {
    const patient = new Registrar({ store, clock, bootId: 'boot-1', onConnectionLost: 'keep' });
    patient.process(register({ contacts: flowOf(1) }), tcp, { aor: AOR, natted: false });
    patient.connectionClosed(7);
    expect(targets()).toHaveLength(1);
    send({ contacts: flowOf(1), cseq: 2 }, {}, tcp);
    await registrar[Symbol.asyncDispose]();
    registrar.connectionClosed(7);
    expect(targets()).toHaveLength(1);
    await patient[Symbol.asyncDispose]();
  });
});

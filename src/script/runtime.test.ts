import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallHarness, type CallHarnessOptions } from '../../testing/call-harness.ts';
import { H } from '../wire/sip/header-name.ts';
import type { Handlers } from './api/routes.ts';
import { routes } from './api/routes.ts';
import { programOf } from './program.ts';

interface Line {
  readonly level: string;
  readonly text: string;
  readonly callId?: string;
}

const lines: Line[] = [];
const listen = (message: unknown): void => void lines.push(message as Line);

beforeEach(() => {
  lines.length = 0;
  subscribe('viaduct:log', listen);
});
afterEach(() => void unsubscribe('viaduct:log', listen));

function start(handlers: Partial<Handlers>, options: Partial<CallHarnessOptions> = {}): CallHarness {
  const others: Handlers = { register: (call) => call.reject(403), invite: (call) => call.reject(404) };
  return CallHarness.start({ routes: routes({ ...others, ...handlers }), ...options });
}

const forever = (): Promise<never> => new Promise(() => {});

describe('a handler that fails', () => {
  it('gets 500 for its request when it throws, and a log line with its place', async () => {
    await using harness = start({
      invite() {
        throw new TypeError('no such thing');
      },
    });
    harness.server.runtime.replaceProgram(
      programOf(harness.server.runtime.program.routes, [import.meta.filename]),
    );
    expect((await harness.peer('alice').invite('bob').final).status).toBe(500);
    const [line] = lines.filter(({ level }) => level === 'error');
    expect(line?.text).toMatch(/runtime\.test\.ts:\d+:\d+: TypeError: no such thing$/);
    expect(line?.callId).toMatch(/^call-alice/);
    expect(harness.server.runtime.counters.faults).toBe(1);
    expect(harness.server.runtime.pending).toBe(0);
  });

  it('gets 500 when its promise is rejected, when it answers nothing, and for a field that would break out', async () => {
    await using harness = start({
      invite: async () => Promise.reject(new Error('store is down')),
      message: (() => undefined) as unknown as Handlers['invite'],
      request: (call) => call.reject(400, 'two\r\nlines'),
    });
    const alice = harness.peer('alice');
    expect((await alice.invite('bob').final).status).toBe(500);
    expect((await alice.request('MESSAGE', 'sip:bob@example.com')).status).toBe(500);
    expect((await alice.request('SUBSCRIBE', 'sip:bob@example.com')).status).toBe(500);
    const texts = lines.filter(({ level }) => level === 'error').map(({ text }) => text);
    expect(texts[0]).toContain('store is down');
    expect(texts[1]).toContain('returned no answer');
    expect(texts[2]).toContain('reason: a CR');
  });

  it('gets 504 when it never answers, and is told', async () => {
    let aborted = false;
    await using harness = start({
      invite(call) {
        call.signal.addEventListener('abort', () => {
          aborted = true;
        });
        return forever();
      },
    });
    const call = harness.peer('alice').invite('bob');
    await harness.advance(24_000);
    expect((await call.invite).responses.map(({ status }) => status)).toEqual([100]);
    await harness.advance(2000);
    expect((await call.final).status).toBe(504);
    expect(aborted).toBe(true);
    expect(harness.server.runtime.counters.timeouts).toBe(1);
  });

  it('does no harm after its request was answered', async () => {
    let fail: (error: Error) => void = () => {};
    await using harness = start({ invite: () => new Promise((_, reject) => (fail = reject)) });
    const call = harness.peer('alice').invite('bob');
    await harness.advance(26_000);
    expect((await call.final).status).toBe(504);
    fail(new Error('too late'));
    await harness.advance(1);
    expect(lines.some(({ text }) => text.includes('too late'))).toBe(true);
  });
});

describe('CANCEL', () => {
  it('ends a request whose script still thinks with 487', async () => {
    await using harness = start({ invite: forever });
    const call = harness.peer('alice').invite('bob');
    await harness.advance(300);
    expect((await call.cancel()).status).toBe(200);
    expect((await call.final).status).toBe(487);
    expect(harness.server.runtime.pending).toBe(0);
  });

  it('lets no further fork begin', async () => {
    const outcomes: unknown[] = [];
    await using harness = start({
      async invite(call) {
        outcomes.push(await call.fork('sip:bob@203.0.113.2:5060'));
        const second = await call.fork('sip:carol@203.0.113.3:5060');
        outcomes.push(second);
        return second;
      },
    });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    const carol = harness.peer('carol', { address: '203.0.113.3' });
    const call = alice.invite('sip:x@example.com');
    (await bob.next('INVITE')).reply(180);
    await (await call.invite).atLeast(180);
    await call.cancel();
    expect((await call.final).status).toBe(487);
    expect(outcomes).toMatchObject([
      { status: 487, cancelled: true },
      { status: 487, cancelled: true },
    ]);
    expect(carol.received).toEqual([]);
  });
});

describe('fork', () => {
  it('tells the outcome, so that another target can be tried', async () => {
    await using harness = start({
      async invite(call) {
        const first = await call.fork('sip:bob@203.0.113.2:5060', { timeout: '20s' });
        return first.answered ? first : call.fork('sip:carol@203.0.113.3:5060');
      },
    });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    const carol = harness.peer('carol', { address: '203.0.113.3' });
    const call = alice.invite('sip:x@example.com');
    (await bob.next('INVITE')).reply(486);
    (await carol.next('INVITE')).reply(200);
    expect((await call.final).status).toBe(200);
    expect((await call.invite).responses.map(({ status }) => status)).toEqual([200]);
  });

  it('may ring for longer than a script may take', async () => {
    await using harness = start({ invite: (call) => call.fork('sip:bob@203.0.113.2:5060') });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    const call = alice.invite('sip:x@example.com');
    const ringing = await bob.next('INVITE');
    ringing.reply(180);
    await harness.advance(60_000);
    ringing.reply(200);
    expect((await call.final).status).toBe(200);
  });

  it('is given up at its timeout', async () => {
    await using harness = start({
      async invite(call) {
        const outcome = await call.fork('sip:bob@203.0.113.2:5060', { timeout: '20s' });
        return outcome.answered ? outcome : call.reject(480, outcome.timedOut ? 'Nobody Home' : 'Other');
      },
    });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    const call = alice.invite('sip:x@example.com');
    (await bob.next('INVITE')).reply(180);
    // Longer than a script may take for itself: the time of a fork does not count.
    await harness.advance(21_000);
    await bob.next('CANCEL');
    expect((await call.final).reason).toBe('Nobody Home');
  });

  it('forwards what the script set, and answers with nothing of it', async () => {
    await using harness = start({
      invite(call) {
        expect(call.headers.get('subject')).toBe('lunch');
        call.headers.set('Subject', 'Frühstück');
        call.headers.remove('X-Secret');
        call.headers.append('X-Seen', 'yes');
        expect(call.headers.get('s')).toBe('Frühstück');
        expect(call.headers.has('x-secret')).toBe(false);
        return call.fork('sip:bob@203.0.113.2:5060', {
          headers: { 'X-All': ['one', 'two'] },
          onBranch: (branch) => {
            branch.requestUri = 'sip:robert@203.0.113.2:5060';
            branch.addHeader('X-Branch', '1');
          },
          onReply: (reply) => reply.addHeader('X-Reply', String(reply.status)),
        });
      },
    });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    const call = alice.invite('sip:x@example.com', {
      headers: [
        ['Subject', 'lunch'],
        ['X-Secret', '1'],
        ['x-secret', '2'],
      ],
    });
    const incoming = await bob.next('INVITE');
    const { request } = incoming;
    expect(request.requestUri).toBe('sip:robert@203.0.113.2:5060');
    expect(Buffer.from(request.header('Subject') ?? '', 'latin1').toString('utf8')).toBe('Frühstück');
    expect(request.header('X-Secret')).toBeUndefined();
    expect(['X-Seen', 'X-All', 'X-Branch'].map((name) => request.header(name))).toEqual(['yes', 'one', '1']);
    incoming.reply(200);
    expect((await call.final).header('X-Reply')).toBe('200');
    expect((await call.final).header('Subject')).toBeUndefined();
  });

  it('prints the address that the script chose, for the call and for a branch', async () => {
    await using harness = start({
      invite(call) {
        call.advertise('198.51.100.1:5070');
        return call.fork(['sip:bob@203.0.113.2:5060', 'sip:carol@203.0.113.3:5060'], {
          onBranch(branch) {
            if (branch.requestUri.includes('carol')) branch.advertise = 'sip.example.net';
          },
        });
      },
    });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    const carol = harness.peer('carol', { address: '203.0.113.3' });
    alice.invite('sip:x@example.com');
    expect((await bob.next('INVITE')).request.topVia?.toString()).toContain(' 198.51.100.1:5070;');
    expect((await carol.next('INVITE')).request.topVia?.toString()).toContain(' sip.example.net:5060;');
  });

  it('sends from the listener that the script names, and from no unknown one', async () => {
    await using harness = start({
      invite: (call) => call.fork('sip:bob@203.0.113.2:5060', { listener: 'udp:10.0.0.34:5060' }),
      message: (call) => call.fork('sip:bob@203.0.113.2:5060', { listener: 'nowhere' }),
    });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    alice.invite('sip:x@example.com');
    await bob.next('INVITE');
    expect((await alice.request('MESSAGE', 'sip:x@example.com')).status).toBe(500);
    expect(lines.some(({ text }) => text.includes('there is no listener "nowhere"'))).toBe(true);
  });

  it('ends with the answer of a script that did not wait for it', async () => {
    await using harness = start({
      async invite(call) {
        call.fork('sip:bob@203.0.113.2:5060');
        await new Promise((resolve) => harness.clock.setTimer(5000, () => resolve(undefined)));
        return call.reject(480);
      },
    });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    const call = alice.invite('sip:x@example.com');
    (await bob.next('INVITE')).reply(180);
    await harness.advance(6000);
    expect((await call.final).status).toBe(480);
    await bob.next('CANCEL');
  });

  it('goes on where a callback throws', async () => {
    await using harness = start({
      invite: (call) =>
        call.fork('sip:bob@203.0.113.2:5060', {
          onBranch: () => {
            throw new Error('bad callback');
          },
        }),
    });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    const call = alice.invite('sip:x@example.com');
    (await bob.next('INVITE')).reply(200);
    expect((await call.final).status).toBe(200);
    expect(lines.some(({ text }) => text.includes('bad callback'))).toBe(true);
  });

  it('waits for callbacks that return promises, and goes on where they fail', async () => {
    await using harness = start({
      invite: (call) =>
        call.fork('sip:bob@203.0.113.2:5060', {
          onBranch: async (branch) => {
            await Promise.resolve();
            branch.addHeader('X-Branch', '1');
          },
          onReply: async (reply) => {
            await Promise.resolve();
            reply.addHeader('X-Reply', '1');
            throw new Error('bad reply callback');
          },
        }),
    });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    const call = alice.invite('sip:x@example.com');
    const incoming = await bob.next('INVITE');
    expect(incoming.request.header('X-Branch')).toBe('1');
    incoming.reply(200);
    expect((await call.final).header('X-Reply')).toBe('1');
    expect(lines.some(({ text }) => text.includes('bad reply callback'))).toBe(true);
  });

  it('lets nobody write the headers that are the server’s', async () => {
    const faults: unknown[] = [];
    await using harness = start({
      invite(call) {
        for (const name of ['Via', 'Route', 'f', 'Contact', 'Content-Length', 'bad name']) {
          try {
            call.headers.set(name, 'x');
          } catch (error) {
            faults.push((error as { code?: string }).code);
          }
        }
        return call.reject(404);
      },
    });
    await harness.peer('alice').invite('bob').final;
    expect(faults).toEqual(Array(6).fill('SIP_BAD_FIELD'));
  });
});

describe('answers', () => {
  it('may be provisional, redirecting, or bear a body', async () => {
    await using harness = start({
      invite(call) {
        call.progress(183, { headers: { 'X-Early': '1' } });
        return call.redirect(['sip:bob@203.0.113.9', 'sip:bob@203.0.113.8']);
      },
      message: (call) => call.reply(200, { headers: { 'Content-Type': 'text/plain' }, body: 'héllo' }),
    });
    const alice = harness.peer('alice');
    const call = alice.invite('bob');
    await call.final;
    const { responses } = await call.invite;
    expect(responses.map(({ status }) => status)).toEqual([183, 302]);
    expect(responses[1]?.elements(H.Contact).map(({ text }) => text)).toEqual([
      '<sip:bob@203.0.113.9>',
      '<sip:bob@203.0.113.8>',
    ]);
    const answer = await alice.request('MESSAGE', 'sip:bob@example.com');
    expect(answer.body.toString('utf8')).toBe('héllo');
  });

  it('are 405 for methods that no handler takes', async () => {
    await using harness = start({});
    const answer = await harness.peer('alice').request('PUBLISH', 'sip:bob@example.com');
    expect(answer.status).toBe(405);
    expect(answer.header('Allow')).toContain('INVITE');
  });
});

describe('requests inside a dialog', () => {
  it('come to inDialog where there is one, and go on along their route set', async () => {
    const seen: string[] = [];
    await using harness = start({
      invite: (call) => call.fork('sip:bob@203.0.113.2:5060'),
      inDialog(call) {
        seen.push(call.method);
        call.headers.set('X-Seen', '1');
        return call.followRoute();
      },
    });
    const alice = harness.peer('alice', { address: '203.0.113.1' });
    const bob = harness.peer('bob', { address: '203.0.113.2' });
    const call = alice.invite('sip:x@example.com');
    (await bob.next('INVITE')).reply(200);
    const bye = call.bye();
    const incoming = await bob.next('BYE');
    expect(incoming.request.header('X-Seen')).toBe('1');
    incoming.reply(200);
    expect((await bye).status).toBe(200);
    expect(seen).toEqual(['BYE']);
  });

  it('are refused with 481 where no Route of ours brought them', async () => {
    await using harness = start({});
    const alice = harness.peer('alice');
    const answer = await alice.request('BYE', 'sip:bob@203.0.113.2', { to: '<sip:bob@203.0.113.2>;tag=1' });
    expect(answer.status).toBe(481);
  });
});

describe('another program', () => {
  it('takes new requests; those that are being handled end with their own', async () => {
    let finish: () => void = () => {};
    const wait = new Promise<void>((resolve) => (finish = resolve));
    await using harness = start({ invite: async (call) => wait.then(() => call.reject(404)) });
    const alice = harness.peer('alice');
    const old = alice.invite('bob');
    await harness.advance(1);
    harness.server.runtime.replaceProgram(
      programOf(routes({ register: (call) => call.reject(403), invite: (call) => call.reject(486) })),
    );
    expect((await alice.invite('bob').final).status).toBe(486);
    finish();
    expect((await old.final).status).toBe(404);
  });
});

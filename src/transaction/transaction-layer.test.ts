import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it } from 'vitest';
import { messageOwner } from '../wire/sip/owner.ts';
import type { ServerTransaction } from './server-transaction.ts';
import { incoming, LayerUnderTest, outgoing, read, responseTo } from './testing/layer-under-test.ts';

describe('matching requests (RFC 3261 §17.2.3)', () => {
  it('tells transactions apart by branch, sent-by and method', () => {
    const t = new LayerUnderTest('udp');
    t.accept(incoming('INVITE'));
    t.receive(incoming('INVITE', ';branch=z9hG4bKcall2'));
    t.receive(incoming('OPTIONS'));
    t.receive(incoming('INVITE').replace('192.0.2.7:5060;', '192.0.2.7:5061;'));
    t.receive(incoming('INVITE'));
    expect(t.heard()).toEqual(['request INVITE', 'request INVITE', 'request OPTIONS', 'request INVITE']);
  });

  it('matches by the fields of RFC 2543 where the branch has no cookie, or nothing behind it', () => {
    for (const via of ['', ';branch=1', ';branch=z9hG4bK']) {
      const t = new LayerUnderTest('udp');
      const server = t.accept(incoming('INVITE', via));
      t.receive(incoming('INVITE', via));
      t.receive(incoming('CANCEL', via));
      expect(t.named).toBe(server);
      server.reply({ status: 487 });
      t.receive(incoming('ACK', via, ';tag=x'));
      expect(server.state).toBe('confirmed');
      t.receive(incoming('INVITE', via).replace('CSeq: 1', 'CSeq: 2'));
      expect(t.heard()).toEqual(['request INVITE', 'cancel of an INVITE', 'request INVITE']);
    }
  });

  it('gives a request one transaction only', () => {
    const t = new LayerUnderTest('udp');
    t.receive(incoming('INVITE'));
    t.receive(incoming('INVITE'));
    expect(t.layer.accept(t.requests[0]!, t.near)).toBeDefined();
    expect(t.layer.accept(t.requests[1]!, t.near)).toBeUndefined();
    expect(t.layer.counters.dropped).toBe(0);
  });

  it('shows the request before and after the final answer', () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(incoming('INVITE'));
    const before = server.request;
    server.reply({ status: 486 });
    expect(server.request.toString()).toBe(before.toString());
    expect(server.request.table).toEqual(before.table);
  });

  it('answers a request whose header section has no end', () => {
    const t = new LayerUnderTest('udp');
    t.accept(incoming('OPTIONS').slice(0, -4).replace('\r\nMax-Forwards: 70\r\nContent-Length: 0', '')).reply(
      {
        status: 400,
      },
    );
    expect(read(t.near.sent[0]!).flaws).toBe(0);
    expect(read(t.near.sent[0]!).cseq?.method).toBe('OPTIONS');
  });

  it('refuses to accept what has no transaction', () => {
    const t = new LayerUnderTest('udp');
    const code = expect.objectContaining({ code: 'SIP_NOT_A_REQUEST' });
    expect(() => t.layer.accept(read(incoming('ACK')), t.near)).toThrow(code);
    expect(() => t.layer.accept(read(responseTo('z9hG4bKa', 'BYE', 200)), t.near)).toThrow(code);
  });
});

describe('CANCEL', () => {
  it('names its INVITE; accepted, its repetitions are absorbed', () => {
    const t = new LayerUnderTest('udp');
    const invite = t.accept(incoming('INVITE'));
    const cancel = t.accept(incoming('CANCEL'));
    expect(t.named).toBe(invite);
    cancel.reply({ status: 200 });
    invite.reply({ status: 487 });
    t.receive(incoming('CANCEL'));
    expect(t.near.startLines).toEqual(['SIP/2.0 200 OK', 'SIP/2.0 487 Request Terminated', 'SIP/2.0 200 OK']);
    expect(t.heard()).toEqual(['request INVITE', 'cancel of an INVITE']);
  });

  it('may name nothing', () => {
    const t = new LayerUnderTest('udp');
    t.accept(incoming('OPTIONS'));
    t.receive(incoming('CANCEL'));
    expect(t.heard()).toEqual(['request OPTIONS', 'cancel of nothing']);
  });
});

describe('stateless answers (RFC 3261 §8.2.7)', () => {
  it('gives the same request the same To tag, another another, and absorbs the ACK', () => {
    const t = new LayerUnderTest('udp');
    const other = ';branch=z9hG4bKcall2';
    for (const text of [incoming('INVITE'), incoming('INVITE'), incoming('INVITE', other)]) {
      t.receive(text);
      t.layer.replyStateless(t.requests.at(-1)!, t.near, { status: 401 });
    }
    const tags = t.near.sent.map((text) => read(text).to!.tag);
    expect(tags[0]).toHaveLength(16);
    expect(tags[1]).toBe(tags[0]);
    expect(tags[2]).not.toBe(tags[0]);
    t.heard();
    t.receive(incoming('ACK', undefined, `;tag=${tags[0]}`));
    expect(t.heard()).toEqual([]);
    t.receive(incoming('ACK', other, `;tag=${tags[0]}`));
    t.receive(incoming('ACK', other));
    expect(t.heard()).toEqual(['ack', 'ack']);
  });

  it('turns many away with one To tag, and absorbs their ACKs alone', () => {
    const t = new LayerUnderTest('udp');
    const other = ';branch=z9hG4bKcall2';
    for (const text of [incoming('INVITE'), incoming('INVITE', other)]) {
      t.receive(text);
      t.layer.turnAway(t.requests.at(-1)!, t.near, { status: 503, headers: [['Retry-After', '5']] });
    }
    const answers = t.near.sent.map((text) => read(text));
    const { tag } = answers[0]!.to!;
    expect(answers.map((it) => [it.status, it.to?.tag, it.header('Retry-After')])).toEqual([
      [503, tag, '5'],
      [503, tag, '5'],
    ]);
    t.heard();
    const before = t.layer.counters.receivedRequests;
    for (const via of [undefined, other]) t.receive(incoming('ACK', via, `;tag=${tag}`));
    t.receive(incoming('ACK', other, ` ; Tag = ${tag}`));
    expect([t.heard(), t.layer.counters.receivedRequests - before]).toEqual([[], 3]);
    t.receive(incoming('ACK', other, `;tag=${tag?.slice(0, -1)}`));
    t.receive(incoming('BYE', ';branch=z9hG4bKcall3', `;tag=${tag}`));
    expect(t.heard()).toEqual(['ack', 'request BYE']);
  });

  it('says nothing to an ACK', () => {
    const t = new LayerUnderTest('udp');
    t.layer.replyStateless(read(incoming('ACK')), t.near, { status: 481 });
    expect(t.near.sent).toEqual([]);
  });

  it('leaves the To header alone where it is told to', () => {
    const t = new LayerUnderTest('udp');
    t.layer.replyStateless(read(incoming('OPTIONS')), t.near, { status: 503, toTag: false });
    expect(read(t.near.sent[0]!).to!.tag).toBeUndefined();
  });
});

describe('matching responses (RFC 3261 §17.1.3)', () => {
  it('wants the whole branch and the method', () => {
    const t = new LayerUnderTest('udp');
    const client = t.sendRequest('INVITE');
    t.receive(responseTo(`${client.branch.slice(0, -1)}x`, 'INVITE', 200), t.far);
    t.receive(responseTo(client.branch, 'BYE', 200), t.far);
    t.receive(responseTo('z9hG4bKnotours', 'INVITE', 200), t.far);
    t.receive(responseTo(client.branch.replace('z9hG4bK00000', 'z9hG4bKzzzzz'), 'INVITE', 200), t.far);
    expect(t.heard()).toEqual(['stray 200', 'stray 200', 'stray 200', 'stray 200']);
    expect(client.state).toBe('calling');
    expect(t.layer.counters.receivedReplies).toBe(4);
  });

  it('does not take an old answer for a transaction at the same place', () => {
    const t = new LayerUnderTest('udp');
    const old = t.sendRequest('BYE');
    old.terminate();
    const fresh = t.sendRequest('BYE');
    expect(fresh.branch.slice(0, 12)).toBe(old.branch.slice(0, 12));
    t.answer(old, 200);
    expect(t.heard()).toEqual(['stray 200']);
  });

  it('has branches name the worker, where there are several', () => {
    for (const index of [0, 7, 35]) {
      const t = new LayerUnderTest('udp', { place: { index, count: 36, life: 0 } });
      const clients = ['INVITE', 'BYE'].map((method) => t.sendRequest(method));
      const answers = clients.map((client) => responseTo(client.branch, client.method, 200));
      expect(answers.map((it) => messageOwner(Buffer.from(it), 36))).toEqual([index, index]);
      const foreign = clients[1]!.branch.replace(/(?<=z9hG4bK)./, index === 7 ? '8' : '7');
      t.receive(responseTo(foreign, 'BYE', 200), t.far);
      for (const answer of answers) t.receive(answer, t.far);
      expect(t.heard()).toEqual(['stray 200', 'response 200', 'response 200']);
      expect(t.layer.parseOwnBranch(clients[0]!.branch)).toEqual({ suffix: '' });
    }
  });

  it('believes no answer to a request that was not sent', () => {
    const t = new LayerUnderTest('udp');
    const client = t.layer.createClient('INVITE', t)!;
    for (const status of [180, 200, 486]) t.answer(client, status);
    expect(t.heard()).toEqual([]);
    expect(client.state).toBe('unsent');
  });

  it('reads the suffix of its own branches', () => {
    const { layer } = new LayerUnderTest('udp');
    const user = { response() {}, timeout() {}, transportError() {} };
    expect(layer.parseOwnBranch(layer.createClient('BYE', user, 'a.b')!.branch)).toEqual({ suffix: 'a.b' });
    expect(layer.parseOwnBranch(layer.createClient('BYE', user)!.branch)).toEqual({ suffix: '' });
    for (const branch of ['', 'z9hG4bK', 'z9hG4bK00000', 'z9hG4bK00000abcdefghx', 'z9hG4bK0000!abcdefgh.x']) {
      expect(layer.parseOwnBranch(branch)).toBeUndefined();
    }
  });
});

describe('what is no message', () => {
  it.each([
    ['', 'malformed: empty'],
    ['hello', 'malformed: start-line'],
    ['OPTIONS sip:a@example.com SIP/2.0\r\n\r\n', 'malformed: no Via that can be read'],
    ['SIP/2.0 200 OK\r\nVia: nonsense\r\n\r\n', 'malformed: no Via that can be read'],
  ])('%j', (text, expected) => {
    const t = new LayerUnderTest('udp');
    t.receive(text);
    expect(t.heard()).toEqual([expected]);
    expect(t.layer.counters.malformed).toBe(1);
  });

  it('never throws, whatever is cut off or changed', () => {
    const t = new LayerUnderTest('udp');
    for (const method of ['INVITE', 'ACK', 'CANCEL', 'OPTIONS']) {
      const text = incoming(method, ';rport;branch=z9hG4bKcall1');
      for (let at = 0; at < text.length; at++) {
        t.receive(text.slice(0, at));
        t.receive(`${text.slice(0, at)}\0\n;"<${text.slice(at + 1)}`);
      }
    }
    for (const message of t.requests) t.layer.replyStateless(message, t.near, { status: 400 });
    expect(t.layer.counters.userFaults).toBe(0);
  });
});

describe('limits and faults', () => {
  it('refuses transactions where a table is full, and takes them when there is room again', () => {
    const t = new LayerUnderTest('udp', { limit: 1 });
    const server = t.accept(incoming('OPTIONS'));
    expect(t.accept(incoming('INVITE'))).toBeUndefined();
    const client = t.sendRequest('BYE');
    expect(t.layer.createClient('BYE', t)).toBeUndefined();
    expect(t.layer.counters).toMatchObject({ dropped: 2, inUse: 1, clientsInUse: 1 });
    server.reply({ status: 200 });
    client.terminate();
    t.clock.advance(32_000);
    expect(t.accept(incoming('INVITE'))).toBeDefined();
    expect(t.layer.createClient('BYE', t)).toBeDefined();
  });

  it('keeps what a user throws away from sockets and timers', () => {
    const t = new LayerUnderTest('udp');
    const throws = () => {
      throw new Error('a bug');
    };
    const user = { response: throws, timeout: throws, transportError: throws };
    const answered = t.layer.createClient('BYE', user)!;
    const silent = t.layer.createClient('BYE', user)!;
    for (const client of [answered, silent]) {
      client.send(Buffer.from(outgoing('BYE', client.branch)), t.far);
    }
    t.answer(answered, 200);
    expect(answered.state).toBe('completed');
    const server = t.accept(incoming('OPTIONS'));
    server.onTerminated = throws;
    t.clock.advance(32_000);
    t.far.open = false;
    t.layer.createClient('BYE', user)!.send(Buffer.from('x'), t.far);
    t.clock.advance(50);
    expect(t.layer.counters).toMatchObject({ userFaults: 4, inUse: 0, clientsInUse: 0 });
  });

  it('passes stateless sends through, and counts what fails', () => {
    const t = new LayerUnderTest('udp');
    expect(t.layer.sendStateless(Buffer.from('x'), t.far)).toBe(true);
    t.far.open = false;
    expect(t.layer.sendStateless(Buffer.from('x'), t.far)).toBe(false);
    expect(t.layer.counters.sendFailures).toBe(1);
  });

  it('forgets everything when disposed, without a word and without a timer', async () => {
    const t = new LayerUnderTest('udp');
    const server = t.accept(incoming('INVITE'));
    let ended = 0;
    server.onTerminated = () => ended++;
    t.sendRequest('INVITE');
    t.heard();
    await t.layer[Symbol.asyncDispose]();
    t.clock.advance(60_000);
    expect(ended).toBe(0);
    expect(t.heard()).toEqual([]);
    expect(t.clock.pendingTimers).toBe(0);
    expect(t.layer.counters).toMatchObject({ inUse: 0, clientsInUse: 0 });
  });
});

describe('who waits for a transaction to be settled', () => {
  it('is told the final answer once, or that none will come', () => {
    const t = new LayerUnderTest('udp');
    const told: unknown[] = [];
    const settled = (name: string, server: ServerTransaction): ServerTransaction => {
      server.onSettled = (status) => void told.push([name, status]);
      return server;
    };
    const invite = settled('answered', t.accept(incoming('INVITE')));
    invite.reply({ status: 180 });
    invite.reply({ status: 200 });
    invite.forward(Buffer.from('SIP/2.0 200 OK'), 200);
    settled('silent', t.accept(incoming('OPTIONS')));
    t.clock.advance(64_000);
    expect(told).toEqual([
      ['answered', 200],
      ['silent', undefined],
    ]);
    settled('forgotten', t.accept(incoming('INVITE', ';branch=z9hG4bKother'))).forget();
    expect(told.at(-1)).toEqual(['forgotten', undefined]);
  });
});

describe('the transaction channel', () => {
  it('tells the start, and the final answer or the end without one', () => {
    const seen: unknown[] = [];
    const note = (message: unknown) => void seen.push(message);
    subscribe('viaduct:transaction', note);
    const t = new LayerUnderTest('udp');
    const invite = t.accept(incoming('INVITE'));
    t.clock.advance(300);
    invite.reply({ status: 486 });
    t.accept(incoming('OPTIONS'));
    t.clock.advance(64_000);
    unsubscribe('viaduct:transaction', note);
    const callId = 'call1@192.0.2.7';
    expect(seen).toEqual([
      { event: 'start', callId, method: 'INVITE' },
      { event: 'end', callId, method: 'INVITE', status: 486, durationMs: 300 },
      { event: 'start', callId, method: 'OPTIONS' },
      { event: 'end', callId, method: 'OPTIONS', status: undefined, durationMs: 32_000 },
    ]);
  });
});

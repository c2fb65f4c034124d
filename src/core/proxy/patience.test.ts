import { describe, expect, it } from 'vitest';
import { pair, target } from './testing/proxy-under-test.ts';

describe('a branch that may not be silent for long', () => {
  it('fails with 408, and is cancelled when it answers after all', () => {
    const { server, caller, callee } = pair();
    server.options = { noAnswerMs: 5000 };
    caller.request('INVITE');
    server.advance(5100);
    expect(server.outcomes[0]).toMatchObject({ status: 408, answered: false });
    expect(caller.kinds.at(-1)).toBe('408');
    callee.answer('INVITE', 180);
    expect(callee.kinds).toEqual(['INVITE', 'CANCEL']);
  });

  it('goes on as soon as anything is heard', () => {
    const { server, caller, callee } = pair();
    server.options = { noAnswerMs: 5000 };
    caller.request('INVITE');
    callee.answer('INVITE', 100);
    server.advance(60_000);
    callee.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['100', '200']);
  });

  it('tries its next address first', async () => {
    const { server, caller } = pair({ hosts: { 'gw.example.com': ['198.51.100.8', '198.51.100.9'] } });
    server.groups = [[target('sip:gw.example.com:5060')]];
    const [one, two] = [server.peer('198.51.100.8'), server.peer('198.51.100.9')];
    server.options = { noAnswerMs: 3000 };
    caller.request('INVITE');
    await server.settle();
    server.advance(3100);
    expect([one.kinds, two.kinds]).toEqual([['INVITE'], ['INVITE']]);
    server.advance(3100);
    expect(server.outcomes[0]).toMatchObject({ status: 408 });
  });

  it('is forgotten where it is no INVITE', () => {
    const { server, caller, callee } = pair();
    server.options = { noAnswerMs: 3000 };
    caller.request('MESSAGE');
    server.advance(3100);
    expect(server.outcomes[0]).toMatchObject({ status: 408 });
    const { length } = callee.inbox;
    server.advance(20_000);
    expect(callee.inbox).toHaveLength(length);
  });
});

describe('the time of a group', () => {
  it('begins anew with each provisional answer where that is wanted', () => {
    const { server, caller, callee } = pair();
    server.options = { timeoutMs: 10_000, restartTimeout: true };
    caller.request('INVITE');
    for (let i = 0; i < 3; i++) {
      server.advance(8000);
      callee.answer('INVITE', 180);
    }
    expect(server.outcomes).toEqual([]);
    server.advance(11_000);
    expect(server.outcomes[0]).toMatchObject({ status: 408, timedOut: true });
  });
});

describe('targets that come later', () => {
  it('are tried beside those that run', () => {
    const { server, caller, callee } = pair();
    const late = server.peer('198.51.100.2');
    caller.request('INVITE');
    callee.answer('INVITE', 180);
    const [transaction] = server.transactions;
    expect(server.proxy.addTarget(transaction!, target(late.contact))).toBe(true);
    late.answer('INVITE', 200);
    expect([caller.kinds, callee.kinds]).toEqual([
      ['180', '200'],
      ['INVITE', 'CANCEL'],
    ]);
    expect(server.proxy.addTarget(transaction!, target(late.contact))).toBe(false);
  });

  it('are waited for until the time of the fork is over', () => {
    const { server, caller } = pair();
    const late = server.peer('198.51.100.2');
    server.groups = [];
    server.options = { awaitTargets: 1, timeoutMs: 30_000 };
    caller.request('INVITE');
    server.advance(20_000);
    expect(server.outcomes).toEqual([]);
    server.proxy.addTarget(server.transactions[0]!, target(late.contact));
    late.answer('INVITE', 486);
    expect(caller.kinds).toEqual(['100', '486']);

    caller.request('INVITE', { callId: 'other' });
    server.advance(31_000);
    expect(server.outcomes[1]).toMatchObject({ status: 408, timedOut: true });
  });

  it('are not waited for once the caller has given up, or somebody has declined', () => {
    const { server, caller, callee } = pair();
    server.options = { awaitTargets: Number.POSITIVE_INFINITY };
    const invite = caller.request('INVITE');
    callee.answer('INVITE', 486);
    expect(server.outcomes).toEqual([]);
    caller.cancel(invite);
    expect(caller.kinds).toEqual(['200', '487']);
    caller.request('INVITE', { callId: 'other' });
    callee.answer('INVITE', 603);
    expect(caller.kinds.at(-1)).toBe('603');
    server.advance(400_000);
    expect(server.wheel.size).toBe(0);
  });
});

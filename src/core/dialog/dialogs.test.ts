import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { callOwner } from '../../wire/sip/owner.ts';
import { read, values } from '../proxy/testing/messages.ts';
import { CallUnderTest, cseqOf } from './testing/call-under-test.ts';

describe('the life of a dialog', () => {
  it('goes from the INVITE to the BYE of the caller', () => {
    const call = new CallUnderTest();
    call.caller.request('INVITE');
    expect(call.dialog.state).toBe(1);
    call.callee.answer('INVITE', 100);
    expect(call.dialog.state).toBe(1);
    call.callee.answer('INVITE', 180);
    expect(call.dialog.state).toBe(2);
    call.callee.answer('INVITE', 183);
    call.callee.answer('INVITE', 200);
    expect(call.dialog.state).toBe(3);
    expect(call.dialog.confirmedAt).toBe(call.server.clock.wallNow());
    call.callee.answer('INVITE', 200);
    call.caller.inDialog('ACK', call.ofCaller);
    call.caller.inDialog('ACK', call.ofCaller);
    expect(call.dialog.state).toBe(4);
    call.send('BYE', 'caller');
    expect([call.dialog.state, call.dialog.end?.reason]).toEqual([5, 'Downstream BYE']);
    expect(call.events.at(-1)).toBe('acknowledged');
    call.callee.answer('BYE', 200);
    expect(call.events).toEqual([
      'created',
      'early',
      'confirmed',
      'acknowledged',
      'ended: bye by caller, Downstream BYE',
    ]);
    expect(call.server.dialogs.counters).toMatchObject({ created: 1, confirmed: 1, ended: 1, failed: 0 });
  });

  it('ends by the BYE of the callee', () => {
    const call = new CallUnderTest().establish();
    call.send('BYE', 'callee');
    call.caller.answer('BYE', 200);
    expect(call.events.at(-1)).toBe('ended: bye by callee, Upstream BYE');
  });

  it('ends where nobody answers the BYE', () => {
    const call = new CallUnderTest().establish();
    call.send('BYE', 'caller');
    call.server.advance(33_000);
    expect(call.events.at(-1)).toBe('ended: bye by caller, Downstream BYE');
  });

  it('shows the callee a Call-ID whose messages come to the same worker', () => {
    const call = new CallUnderTest({ place: { index: 5, count: 8, life: 0 } });
    call.caller.request('INVITE');
    for (let i = 0; i < 20; i++) {
      expect(call.server.dialogs.hideCallId(call.dialog, `hidden-${i}`)).toBe(true);
      expect(call.dialog.calleeCallId).toMatch(new RegExp(`^hidden-${i}\\w*$`));
      expect(callOwner(call.dialog.calleeCallId!, 8)).toBe(5);
    }
  });

  it('goes on where a BYE is challenged', () => {
    const call = new CallUnderTest().establish();
    call.send('BYE', 'caller');
    call.callee.answer('BYE', 407);
    expect([call.dialog.state, call.dialog.end]).toEqual([4, undefined]);
    call.send('BYE', 'caller');
    call.callee.answer('BYE', 200);
    expect(call.events.at(-1)).toBe('ended: bye by caller, Downstream BYE');
  });

  it('ends once where both hang up at the same time', () => {
    const call = new CallUnderTest().establish();
    call.send('BYE', 'caller');
    call.send('BYE', 'callee');
    call.callee.answer('BYE', 200);
    call.caller.answer('BYE', 200);
    expect(call.events.filter((event) => event.startsWith('ended'))).toEqual([
      'ended: bye by caller, Downstream BYE',
    ]);
  });

  it('fails with the negative answer', () => {
    const call = new CallUnderTest();
    call.caller.request('INVITE');
    call.callee.answer('INVITE', 180);
    call.callee.answer('INVITE', 486);
    expect(call.events).toEqual(['created', 'early', 'ended: failed by callee, 486 Busy Here']);
    expect(call.dialog.end?.status).toBe(486);
    expect(call.server.dialogs.counters).toMatchObject({ confirmed: 0, ended: 0, failed: 1 });
  });

  it('fails where the caller gives up', () => {
    const call = new CallUnderTest();
    const invite = call.caller.request('INVITE');
    call.callee.answer('INVITE', 180);
    call.caller.cancel(invite);
    call.callee.answer('INVITE', 487);
    expect(call.events.at(-1)).toBe('ended: cancelled by caller, 487 Request Terminated');
  });

  it('fails where a script answers itself, and where it answers strangers and forgets', () => {
    const call = new CallUnderTest();
    call.server.groups = [];
    call.caller.request('INVITE');
    expect(call.events).toEqual(['created', 'ended: failed by callee, 480 Temporarily Unavailable']);
    const { server } = call;
    server.onOutcome = (transaction) => server.layer.dismiss(transaction, { status: 403 });
    call.caller.request('INVITE', { callId: 'other' });
    expect(call.events.at(-1)).toBe('1 ended: failed by server, no answer');
  });

  it('goes on through serial forks, until one answers', () => {
    const call = new CallUnderTest();
    const { server } = call;
    const other = server.peer('198.51.100.2');
    server.onOutcome = (transaction, outcome) => {
      server.onOutcome = (_, last) => server.proxy.finish(transaction, last);
      if (!outcome.answered) server.forkTo(other);
      server.proxy.forkThen(transaction, server.groups, {}, (last) => server.onOutcome(transaction, last));
    };
    call.caller.request('INVITE');
    call.callee.answer('INVITE', 486);
    other.answer('INVITE', 200, { toTag: 'other' });
    expect(call.events).toEqual(['created', 'confirmed']);
    expect(call.dialog.callee?.tag).toBe('other');
    expect(call.dialog.callee?.target).toBe(other.contact);
  });

  it('takes the callee that answers of several', () => {
    const call = new CallUnderTest();
    const other = call.server.peer('198.51.100.2');
    call.server.forkTo(call.callee, other);
    call.caller.request('INVITE');
    call.callee.answer('INVITE', 180, { toTag: 'one' });
    other.answer('INVITE', 180, { toTag: 'two' });
    expect(call.dialog.callee?.tag).toBe('two');
    call.callee.answer('INVITE', 200, { toTag: 'one' });
    other.answer('INVITE', 200, { toTag: 'two' });
    expect(call.dialog.callee?.tag).toBe('one');
    expect(call.events).toEqual(['created', 'early', 'confirmed']);
    // What the caller does with the second is no end of the first.
    const second = { ...call.ofCaller, remote: call.ofCaller.remote.replace('one', 'two') };
    call.caller.inDialog('BYE', second, { cseq: 9 });
    expect(call.dialog.state).toBe(3);
  });

  it('is forgotten soon after its end, with its timers', () => {
    const call = new CallUnderTest().establish();
    call.send('BYE', 'caller');
    call.callee.answer('BYE', 200);
    expect(call.server.dialogs.size).toBe(1);
    call.server.advance(6000);
    expect(call.server.dialogs.size).toBe(0);
    call.server.advance(60_000);
    expect(call.server.wheel.size).toBe(0);
    expect(call.server.layer.counters).toMatchObject({ inUse: 0, clientsInUse: 0, userFaults: 0 });
  });
});

describe('a lifetime', () => {
  it('ends with a BYE to both', async () => {
    const call = new CallUnderTest({ dialogs: { lifetimeMs: 60_000 } }).establish();
    await call.server.clock.advanceAsync(59_000);
    expect(call.dialog.state).toBe(4);
    await call.server.clock.advanceAsync(2000);
    expect(call.events.at(-1)).toBe('ended: expired by server, Lifetime Timeout');
    expect([call.caller.kinds.at(-1), call.callee.kinds.at(-1)]).toEqual(['BYE', 'BYE']);
    expect(call.server.dialogs.counters).toMatchObject({ expired: 1, ended: 1 });
  });

  it('lasts 12 hours where nobody says', () => {
    const call = new CallUnderTest().establish();
    expect(call.server.dialogs.timeLeft(call.dialog)).toBe(12 * 3_600_000);
    call.send('BYE', 'caller');
    expect(call.server.dialogs.timeLeft(call.dialog)).toBe(0);
  });

  it('ends without a word where that is wanted', async () => {
    const call = new CallUnderTest({ wanted: { lifetimeMs: 60_000, onExpiry: 'forget' } }).establish();
    await call.server.clock.advanceAsync(61_000);
    expect(call.events.at(-1)).toBe('ended: expired by server, Lifetime Timeout');
    expect([call.caller.kinds.at(-1), call.callee.kinds.at(-1)]).toEqual(['200', 'ACK']);
  });

  it('can be made longer', async () => {
    const call = new CallUnderTest({ wanted: { lifetimeMs: 60_000 } }).establish();
    await call.server.clock.advanceAsync(50_000);
    call.server.dialogs.extend(call.dialog, 60_000);
    await call.server.clock.advanceAsync(50_000);
    expect(call.dialog.state).toBe(4);
  });
});

describe('Dialogs', () => {
  it('has one dialog for an INVITE, whoever asks', () => {
    const call = new CallUnderTest();
    call.server.onRequest = (_, transaction) => {
      const first = call.server.dialogs.create(transaction);
      expect(call.server.dialogs.create(transaction, { keepSdp: true })).toBe(first);
      expect(call.server.dialogs.of(transaction)).toBe(first);
      expect(first?.keepSdp).toBe(true);
    };
    call.caller.request('INVITE');
    expect(call.server.dialogs.size).toBe(1);
  });

  it('makes none of other requests, nor beyond its room', () => {
    const call = new CallUnderTest({ dialogs: { most: 1 } });
    const made: boolean[] = [];
    call.server.onRequest = (_, transaction) =>
      void made.push(call.server.dialogs.create(transaction) !== undefined);
    call.caller.request('MESSAGE');
    call.caller.request('INVITE');
    call.caller.request('INVITE', { callId: 'other' });
    expect(made).toEqual([false, true, false]);
    expect(call.server.dialogs.counters.refused).toBe(1);
  });

  it('prints the id in Record-Route, and finds the dialog by it', () => {
    const call = new CallUnderTest().establish();
    const [route] = values(call.callee.last('INVITE'), H.RecordRoute);
    expect(route).toContain(`;did=${call.dialog.did};`);
    expect(call.server.dialogs.find(call.dialog.did)).toBe(call.dialog);
    const { entry, number } = call.dialog.id;
    const digits = (value: number): string => [...value.toString(16)].reverse().join('');
    expect(call.dialog.did).toBe(`${digits(entry)}.${digits(number)}`);
    expect(call.server.dialogs.ofCall('call1')).toEqual([call.dialog]);
  });

  it('matches requests and answers of both directions, and nothing else', () => {
    const call = new CallUnderTest().establish();
    const match = (text: string) => call.server.dialogs.match(read(text));
    expect(match(call.send('INFO', 'caller'))).toMatchObject({ direction: 'downstream' });
    expect(match(call.callee.answer('INFO', 200))?.sender.side).toBe('caller');
    expect(match(call.send('INFO', 'callee'))?.receiver.side).toBe('caller');
    const info = call.send('INFO', 'caller');
    expect(match(info.replaceAll('caller', 'stranger'))).toBeUndefined();
    expect(match(info.replace('tag=callee', 'tag=stranger'))).toBeUndefined();
    expect(match(info.replace('Call-ID: call1', 'Call-ID: call2'))).toBeUndefined();
    expect(match(info.replace(call.dialog.did, 'f.f'))).toBeUndefined();
    expect(match(info.replace(`;did=${call.dialog.did}`, ''))).toBeUndefined();
    expect(match(info.replace(/Route:.*\r\n/, ''))?.dialog).toBe(call.dialog);
  });

  it('keeps the two passes of a spiral apart', () => {
    const call = new CallUnderTest({ listeners: ['udp:10.0.0.34:5060 as 99.88.44.33'] });
    const { server } = call;
    const home = server.groups;
    server.onRequest = (message, transaction) => {
      if (message.to?.tag !== undefined) return;
      call.dialogs.push(server.dialogs.create(transaction)!);
      server.groups =
        message.elements(H.Via).length === 1 ? [[{ ...home[0]![0]!, uri: 'sip:bob2@99.88.44.33' }]] : home;
    };
    call.caller.request('INVITE');
    call.callee.answer('INVITE', 200);
    server.network.drain();
    call.caller.inDialog('ACK', call.ofCaller);
    expect(call.dialogs.map(({ state }) => state)).toEqual([4, 4]);
    const told = call.dialogs.map((dialog) => {
      const seen: string[] = [];
      dialog.observe({
        onRequest: ({ request, direction }) => void seen.push(`${request.method} ${direction}`),
      });
      return seen;
    });
    call.send('INFO', 'caller');
    call.callee.answer('INFO', 200);
    server.network.drain();
    call.send('INFO', 'callee');
    expect(call.caller.kinds.at(-1)).toBe('INFO');
    expect(told).toEqual([
      ['INFO downstream', 'INFO upstream'],
      ['INFO downstream', 'INFO upstream'],
    ]);
  });
});

describe('observers of a dialog', () => {
  it('see its requests and answers, and may change what passes', async () => {
    const call = new CallUnderTest();
    const seen: string[] = [];
    call.server.onRequest = (message, transaction) => {
      if (message.to?.tag !== undefined) return;
      call.server.dialogs.create(transaction)!.observe({
        onRequest: ({ request }) => void seen.push(`has ${request.method}`),
        onBranch: async (branch, { request, initial }) => {
          seen.push(`${initial ? 'initial ' : ''}${request.method}`);
          branch.addEdit((edit) => edit.append('X-Seen', request.method));
        },
        onReply: async ({ response, edit }, { request }) => {
          seen.push(`${response.status} ${request.method}`);
          edit.append('X-Seen', String(response.status));
        },
      });
    };
    call.caller.request('INVITE');
    await call.server.settle();
    call.callee.answer('INVITE', 200);
    await call.server.settle();
    call.caller.inDialog('ACK', call.ofCaller);
    await call.server.settle();
    call.send('UPDATE', 'callee');
    await call.server.settle();
    call.caller.answer('UPDATE', 200);
    await call.server.settle();
    expect(seen).toEqual([
      'initial INVITE',
      '200 INVITE',
      'has ACK',
      'ACK',
      'has UPDATE',
      'UPDATE',
      '200 UPDATE',
    ]);
    expect(read(call.callee.last('ACK')).header('X-Seen')).toBe('ACK');
    expect(read(call.callee.last('200')).header('X-Seen')).toBe('200');
  });

  it('harm nobody by what they throw', async () => {
    const call = new CallUnderTest();
    const bad = () => {
      throw new Error('bad observer');
    };
    const seen: string[] = [];
    call.server.onRequest = (_, transaction) => {
      const dialog = call.server.dialogs.create(transaction);
      dialog?.observe({ onRequest: bad, onEvent: bad, onBranch: bad, onReply: async () => bad() });
      dialog?.observe({ onReply: ({ response }) => void seen.push(String(response.status)) });
    };
    call.caller.request('INVITE');
    call.callee.answer('INVITE', 200);
    await call.server.settle();
    call.caller.inDialog('ACK', call.ofCaller);
    expect(call.callee.kinds).toEqual(['INVITE', 'ACK']);
    expect(seen).toEqual(['200']);
  });
});

describe('dialogs ended from here', () => {
  it('get a BYE on both sides, in the name of the other party', async () => {
    const call = new CallUnderTest().establish();
    const done = call.server.dialogs.end(call.dialog, 'Media Timeout', [[H.Reason, 'SIP;cause=408']]);
    await call.server.settle();
    expect(call.events.at(-1)).toBe('ended: server by server, Media Timeout');
    const toCallee = read(call.callee.last('BYE'));
    expect(toCallee.requestUri).toBe(call.callee.contact);
    expect(toCallee.get(H.From)).toBe('<sip:alice@example.com>;tag=caller');
    expect(toCallee.get(H.To)).toBe('<sip:bob@example.com>;tag=callee');
    expect(toCallee.callId).toBe('call1');
    expect(toCallee.cseq?.number).toBe(2);
    expect(toCallee.topVia?.host).toBe('99.88.44.33');
    expect(toCallee.get(H.Reason)).toBe('SIP;cause=408');
    const toCaller = read(call.caller.last('BYE'));
    expect(toCaller.requestUri).toBe(call.caller.contact);
    expect(toCaller.get(H.From)).toBe('<sip:bob@example.com>;tag=callee');
    expect(toCaller.get(H.To)).toBe('<sip:alice@example.com>;tag=caller');
    call.caller.answer('BYE', 200);
    call.callee.answer('BYE', 200);
    await done;
    expect(call.server.dialogs.counters.ended).toBe(1);
  });

  it('wait for the ACK of their 2xx', async () => {
    const call = new CallUnderTest();
    call.caller.request('INVITE');
    call.callee.answer('INVITE', 200);
    void call.server.dialogs.end(call.dialog, 'enough');
    await call.server.settle();
    expect(call.callee.kinds).toEqual(['INVITE']);
    call.caller.inDialog('ACK', call.ofCaller);
    await call.server.settle();
    expect([call.caller.kinds.at(-1), call.callee.kinds.at(-1)]).toEqual(['BYE', 'BYE']);
    expect(call.events.at(-1)).toBe('ended: server by server, enough');
  });

  it('do not wait for ever', async () => {
    const call = new CallUnderTest();
    call.caller.request('INVITE');
    call.callee.answer('INVITE', 200);
    void call.server.dialogs.end(call.dialog, 'enough');
    await call.server.clock.advanceAsync(33_000);
    expect(call.callee.kinds.at(-1)).toBe('BYE');
  });

  it('are cancelled while they ring', async () => {
    const call = new CallUnderTest();
    call.caller.request('INVITE');
    call.callee.answer('INVITE', 180);
    void call.server.dialogs.end(call.dialog, 'enough');
    expect(call.callee.kinds).toEqual(['INVITE', 'CANCEL']);
    call.callee.answer('INVITE', 487);
    expect(call.caller.kinds).toEqual(['180', '487']);
    expect(call.events.at(-1)).toBe('ended: server by server, enough');
  });

  it('are hung up on where a 2xx crosses the CANCEL', async () => {
    const call = new CallUnderTest();
    call.caller.request('INVITE');
    call.callee.answer('INVITE', 180);
    void call.server.dialogs.end(call.dialog, 'enough');
    call.callee.answer('INVITE', 200);
    call.caller.inDialog('ACK', call.ofCaller);
    await call.server.settle();
    expect([call.caller.kinds.at(-1), call.callee.kinds.at(-1)]).toEqual(['BYE', 'BYE']);
    expect(call.events.at(-1)).toBe('ended: server by server, enough');
  });
});

describe('requests of this server inside a dialog', () => {
  it('raise the numbers of later ones, and their answers come back with the old', async () => {
    const call = new CallUnderTest().establish();
    const { server, caller, callee } = call;
    const sent = server.dialogs.send(call.dialog, 'callee', { method: 'OPTIONS' });
    await server.settle();
    expect(cseqOf(callee.last('OPTIONS'))).toBe(2);
    callee.answer('OPTIONS', 200);
    expect(await sent).toMatchObject({ status: 200 });
    call.send('INVITE', 'caller', 2);
    expect(cseqOf(callee.last('INVITE'))).toBe(3);
    callee.answer('INVITE', 200);
    expect(cseqOf(caller.last('200'))).toBe(2);
    caller.inDialog('ACK', call.ofCaller, { cseq: 2 });
    expect(cseqOf(callee.last('ACK'))).toBe(3);
    call.send('INFO', 'callee', 2);
    expect(cseqOf(caller.last('INFO'))).toBe(2);
    caller.answer('INFO', 200);
    void server.dialogs.send(call.dialog, 'caller', { method: 'OPTIONS' });
    await server.settle();
    expect(cseqOf(caller.last('OPTIONS'))).toBe(3);
    call.send('BYE', 'callee', 3);
    expect(cseqOf(caller.last('BYE'))).toBe(4);
  });
});

import { describe, expect, it } from 'vitest';
import type { BranchView, ReplyView } from './fork-options.ts';
import { branchOf, firstLine, read } from './testing/messages.ts';
import { callerDialog } from './testing/peer.ts';
import { pair, target } from './testing/proxy-under-test.ts';

/** A hook that waits until its turn comes, view by view. */
function gate<View>() {
  const views: View[] = [];
  const open: (() => void)[] = [];
  const fail: (() => void)[] = [];
  return {
    views,
    hook: (view: View): Promise<void> => {
      views.push(view);
      return new Promise((resolve, reject) => {
        open.push(resolve);
        fail.push(() => reject(new Error('no relay')));
      });
    },
    open: (at = open.length - 1) => open[at]!(),
    fail: (at = fail.length - 1) => fail[at]!(),
  };
}

describe('a branch whose hook waits', () => {
  it('is sent when the hook is done, with what it changed', async () => {
    const { server, caller, callee } = pair();
    const { hook, open, views } = gate<BranchView>();
    server.options = { onBranch: hook };
    caller.request('INVITE');
    await server.settle();
    expect(callee.kinds).toEqual([]);
    views[0]!.headers.push(['X-Late', '1']);
    views[0]!.addEdit((edit, to) => edit.setBody(Buffer.from(to.reader.printed.host), 'text/plain'));
    open();
    await server.settle();
    const got = read(callee.last('INVITE'));
    expect(got.header('X-Late')).toBe('1');
    expect(got.body.toString()).toBe('99.88.44.33');
    callee.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['200']);
  });

  it('is sent as it is where the hook fails', async () => {
    const { server, caller, callee } = pair();
    const { hook, fail } = gate<BranchView>();
    server.options = { onBranch: hook };
    caller.request('INVITE');
    fail();
    await server.settle();
    expect(callee.kinds).toEqual(['INVITE']);
    expect(server.layer.counters.userFaults).toBe(1);
  });

  it('is sent as it is where the hook throws', () => {
    const { server, caller, callee } = pair();
    server.options = {
      onBranch: () => {
        throw new Error('no relay');
      },
    };
    caller.request('INVITE');
    expect(callee.kinds).toEqual(['INVITE']);
    expect(server.layer.counters.userFaults).toBe(1);
  });

  it('is never sent once the caller has given up', async () => {
    const { server, caller, callee } = pair();
    const { hook, open } = gate<BranchView>();
    server.options = { onBranch: hook };
    const invite = caller.request('INVITE');
    caller.cancel(invite);
    expect(caller.kinds).toEqual(['200', '487']);
    open();
    await server.settle();
    expect(callee.kinds).toEqual([]);
    expect(server.outcomes).toHaveLength(1);
  });

  it('fails after the time that its group has', async () => {
    const { server, caller, callee } = pair();
    const { hook, open } = gate<BranchView>();
    server.options = { onBranch: hook, timeoutMs: 5000 };
    caller.request('INVITE');
    server.advance(6000);
    expect(caller.kinds).toEqual(['100', '408']);
    open();
    await server.settle();
    expect(callee.kinds).toEqual([]);
  });

  it('is given up by timer C where the hook never comes back', () => {
    const { server, caller } = pair();
    server.options = { onBranch: () => new Promise(() => {}) };
    caller.request('INVITE');
    server.advance(186_000);
    expect(caller.kinds).toEqual(['100', '408']);
  });

  it('does not hold the others of its group', async () => {
    const { server, caller, callee } = pair();
    const other = server.peer('198.51.100.2');
    server.forkTo(callee, other);
    const { hook, open } = gate<BranchView>();
    server.options = { onBranch: (view) => (view.index === 0 ? hook(view) : undefined) };
    caller.request('INVITE');
    expect(other.kinds).toEqual(['INVITE']);
    other.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['200']);
    open();
    await server.settle();
    expect(callee.kinds).toEqual([]);
  });
});

describe('what a branch may still change', () => {
  it('drops it, and the others go on', () => {
    const { server, caller, callee } = pair();
    const other = server.peer('198.51.100.2');
    server.forkTo(callee, other);
    const failed: number[] = [];
    server.options = {
      onBranch: (view) => {
        if (view.index === 0) view.drop(488);
      },
      onFailure: ({ status }) => void failed.push(status),
    };
    caller.request('INVITE');
    expect([callee.kinds, other.kinds]).toEqual([[], ['INVITE']]);
    other.answer('INVITE', 486);
    expect(failed).toEqual([488, 486]);
    expect(caller.kinds).toEqual(['486']);
  });

  it('answers for itself where all are dropped', () => {
    const { server, caller } = pair();
    server.options = { onBranch: (view) => view.drop(488) };
    caller.request('INVITE');
    expect(caller.kinds).toEqual(['488']);
  });

  it('leads it by another next hop and listener, and out of the dialog', () => {
    const { server, caller, callee } = pair({
      listeners: ['udp:10.0.0.34:5060 as 99.88.44.33', 'udp:10.0.0.34:5070 as 99.88.44.33:5070'],
    });
    const gateway = server.peer('203.0.113.9');
    server.options = {
      onBranch: (view) => {
        view.nextHop = 'sip:203.0.113.9';
        view.listener = 'udp:10.0.0.34:5070';
        view.recordRoute = false;
      },
    };
    caller.request('INVITE');
    expect(callee.kinds).toEqual([]);
    const got = read(gateway.last('INVITE'));
    expect(firstLine(gateway.last('INVITE'))).toBe(`INVITE ${callee.contact} SIP/2.0`);
    expect(got.topVia?.port).toBe(5070);
    expect(got.header('Record-Route')).toBeUndefined();
    expect(got.header('Route')).toBeUndefined();
  });

  it('counts on over serial forks', () => {
    const { server, caller, callee } = pair();
    const other = server.peer('198.51.100.2');
    const seen: number[] = [];
    server.options = { onBranch: ({ index }) => void seen.push(index) };
    server.onOutcome = (transaction) =>
      server.proxy.forkThen(transaction, [[target(other.contact)]], server.options, () => {});
    caller.request('INVITE');
    callee.answer('INVITE', 486);
    expect(other.kinds).toEqual(['INVITE']);
    expect(seen).toEqual([0, 1]);
  });

  it('writes for each hop what that hop is to read', () => {
    const { server, caller } = pair();
    const inside = server.peer('10.0.0.9');
    const outside = server.peer('198.51.100.9');
    server.groups = [[target(inside.contact), target(outside.contact)]];
    server.options = {
      edit: (edit, { reader, sender, viaBranch, destination }) => {
        edit.setBody(Buffer.from(`${server.advertise.printed(reader).host} ${sender.printed.host}`));
        edit.append('X-Hop', `${viaBranch} ${destination.address}`);
      },
    };
    caller.request('INVITE');
    expect(read(inside.last('INVITE')).body.toString()).toBe('10.0.0.34 99.88.44.33');
    expect(read(outside.last('INVITE')).body.toString()).toBe('99.88.44.33 99.88.44.33');
    for (const peer of [inside, outside]) {
      const text = peer.last('INVITE');
      expect(read(text).header('X-Hop')).toBe(`${branchOf(text)} ${peer.address}`);
    }
  });

  it('writes Record-Route values as a script gives them', () => {
    const { server, caller, callee } = pair();
    server.options = { recordRoutePreset: ['<sip:1.2.3.4;lr;r2=on>', '<sip:10.9.9.9;lr;r2=on>'] };
    caller.request('INVITE');
    expect(callee.last('INVITE')).toContain(
      'Record-Route: <sip:1.2.3.4;lr;r2=on>\r\nRecord-Route: <sip:10.9.9.9;lr;r2=on>\r\n',
    );
  });
});

describe('an answer whose hook waits', () => {
  it('keeps its place before those that came later', async () => {
    const { server, caller, callee } = pair();
    const { hook, open, views } = gate<ReplyView>();
    server.options = { onReply: (view) => (view.response.status === 183 ? hook(view) : undefined) };
    caller.request('INVITE');
    callee.answer('INVITE', 183);
    callee.answer('INVITE', 180);
    callee.answer('INVITE', 200);
    await server.settle();
    expect(caller.kinds).toEqual([]);
    expect(server.outcomes).toEqual([]);
    views[0]!.edit.setBody(Buffer.from(views[0]!.reader.printed.host));
    open();
    await server.settle();
    expect(caller.kinds).toEqual(['183', '180', '200']);
    expect(read(caller.last('183')).body.toString()).toBe('99.88.44.33');
    expect(server.outcomes).toEqual([{ kind: 'outcome', answered: true, status: 200 }]);
  });

  it('cancels the other branches at once where it is a 2xx', async () => {
    const { server, caller, callee } = pair();
    const other = server.peer('198.51.100.2');
    server.forkTo(callee, other);
    const { hook, open } = gate<ReplyView>();
    server.options = { onReply: (view) => (view.response.status === 200 ? hook(view) : undefined) };
    caller.request('INVITE');
    other.answer('INVITE', 180);
    callee.answer('INVITE', 200);
    expect(other.kinds).toEqual(['INVITE', 'CANCEL']);
    other.answer('INVITE', 487);
    await server.settle();
    expect(caller.kinds).toEqual(['180']);
    open();
    await server.settle();
    expect(caller.kinds).toEqual(['180', '200']);
    expect(server.outcomes).toEqual([{ kind: 'outcome', answered: true, status: 200 }]);
  });

  it('passes although the caller gives up meanwhile', async () => {
    const { server, caller, callee } = pair();
    const { hook, open } = gate<ReplyView>();
    server.options = { onReply: hook };
    const invite = caller.request('INVITE');
    callee.answer('INVITE', 200);
    caller.cancel(invite);
    await server.settle();
    open();
    await server.settle();
    expect(caller.inbox.map(read).map((it) => `${it.status} ${it.cseq?.method}`)).toEqual([
      '200 CANCEL',
      '200 INVITE',
    ]);
    expect(callee.kinds).toEqual(['INVITE']);
  });

  it('passes as it is where the hook fails, or takes more than ten seconds', async () => {
    const { server, caller, callee } = pair();
    const { hook, fail, open } = gate<ReplyView>();
    server.options = { onReply: hook };
    caller.request('INVITE');
    callee.answer('INVITE', 180);
    fail();
    await server.settle();
    expect(caller.kinds).toEqual(['180']);
    callee.answer('INVITE', 200);
    await server.clock.advanceAsync(11_000);
    expect(caller.kinds).toEqual(['180', '200']);
    open();
    await server.settle();
    expect(caller.inbox).toHaveLength(2);
  });

  it('goes through the hook again where a 2xx is repeated, and where another comes late', async () => {
    const { server, caller, callee } = pair();
    const other = server.peer('198.51.100.2');
    server.forkTo(callee, other);
    const seen: string[] = [];
    server.options = {
      onReply: async ({ response, branch, edit }) => {
        seen.push(`${response.status} ${branch.index}`);
        edit.setBody(Buffer.from(`relay ${branch.index}`));
      },
    };
    caller.request('INVITE');
    callee.answer('INVITE', 200, { toTag: 'a' });
    await server.settle();
    callee.answer('INVITE', 200, { toTag: 'a' });
    other.answer('INVITE', 200, { toTag: 'b' });
    await server.settle();
    expect(seen).toEqual(['200 0', '200 0', '200 1']);
    expect(caller.inbox.map((text) => read(text).body.toString())).toEqual(['relay 0', 'relay 0', 'relay 1']);
  });

  it('holds no more than a few dozen', async () => {
    const { server, caller, callee } = pair();
    const { hook, open } = gate<ReplyView>();
    server.options = { onReply: (view) => (view.response.status === 183 ? hook(view) : undefined) };
    caller.request('INVITE');
    callee.answer('INVITE', 183);
    for (let i = 0; i < 100; i++) callee.answer('INVITE', 180);
    open();
    await server.settle();
    expect(caller.inbox).toHaveLength(33);
  });
});

describe('an answer that cannot be written', () => {
  it('does not hold those behind it', () => {
    const { server, caller, callee } = pair();
    server.options = {
      onReply: () => {},
      onReplyWritten: (_, { response }) => {
        if (response.status === 180) throw new Error('no memory');
      },
    };
    caller.request('INVITE');
    callee.answer('INVITE', 180);
    callee.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['200']);
    expect(server.layer.counters.userFaults).toBe(1);
  });
});

describe('the hook of answers', () => {
  it('sees the negative one that is chosen, and it alone', async () => {
    const { server, caller, callee } = pair();
    const other = server.peer('198.51.100.2');
    server.forkTo(callee, other);
    const seen: number[] = [];
    server.options = {
      onReply: async ({ response, edit }) => {
        seen.push(response.status);
        edit.append('X-Seen', '1');
      },
    };
    caller.request('INVITE');
    callee.answer('INVITE', 404);
    other.answer('INVITE', 486);
    await server.settle();
    expect(seen).toEqual([404]);
    expect(read(caller.last('404')).header('X-Seen')).toBe('1');
  });

  it('keeps provisional answers back, final ones never', () => {
    const { server, caller, callee } = pair();
    server.options = { onReply: (view) => view.drop() };
    caller.request('INVITE');
    callee.answer('INVITE', 180);
    callee.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['200']);
  });

  it('tells what both parties are told, and prints to the caller what it sets', () => {
    const { server, caller, callee } = pair();
    const seen: unknown[] = [];
    server.options = {
      onReply: (view) => {
        seen.push([view.sender.destination, view.sender.printed.host, view.reader.printed.host]);
        view.advertise = { host: '203.0.113.80' };
        seen.push([
          view.reader.printed.host,
          view.reader.override,
          server.advertise.printed(view.reader).host,
        ]);
      },
    };
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    expect(seen).toEqual([
      ['198.51.100.1', '99.88.44.33', '99.88.44.33'],
      ['203.0.113.80', { host: '203.0.113.80' }, '203.0.113.80'],
    ]);
  });

  it('cancels single branches', () => {
    const { server, caller, callee } = pair();
    const other = server.peer('198.51.100.2');
    server.forkTo(callee, other);
    server.options = {
      onReply: ({ branch }) => {
        for (const it of server.proxy.branches(server.transactions[0]!)) {
          if (it !== branch) it.cancel('SIP;cause=480');
        }
      },
    };
    caller.request('INVITE');
    other.answer('INVITE', 100);
    callee.answer('INVITE', 183);
    expect(read(other.last('CANCEL')).header('Reason')).toBe('SIP;cause=480');
    other.answer('INVITE', 487);
    callee.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['183', '200']);
  });
});

describe('the ACK of a 2xx', () => {
  it('waits for its hook, and gets another body', async () => {
    const { server, caller, callee } = pair();
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    const { hook, open, views } = gate<BranchView>();
    server.ackOptions = { onBranch: hook, edit: (edit) => edit.append('X-Edit', '1') };
    caller.inDialog('ACK', callerDialog(caller.last('200')));
    await server.settle();
    expect(callee.kinds).toEqual(['INVITE']);
    expect(views[0]!.request.method).toBe('ACK');
    views[0]!.addEdit((edit, to) => edit.setBody(Buffer.from(to.reader.printed.host), 'text/plain'));
    open();
    await server.settle();
    const got = read(callee.last('ACK'));
    expect(got.body.toString()).toBe('99.88.44.33');
    expect(got.header('X-Edit')).toBe('1');
  });

  it('goes as it is where its hook takes more than ten seconds', async () => {
    const { server, caller, callee } = pair();
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    server.ackOptions = { onBranch: () => new Promise(() => {}) };
    caller.inDialog('ACK', callerDialog(caller.last('200')));
    server.advance(9900);
    expect(callee.kinds).toEqual(['INVITE']);
    server.advance(200);
    expect(callee.kinds).toEqual(['INVITE', 'ACK']);
    await server.clock.advanceAsync(60_000);
    expect(server.wheel.size).toBe(0);
  });

  it('can be dropped', () => {
    const { server, caller, callee } = pair();
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    server.ackOptions = { onBranch: (view) => view.drop() };
    caller.inDialog('ACK', callerDialog(caller.last('200')));
    expect(callee.kinds).toEqual(['INVITE']);
  });
});

describe('whoever watches', () => {
  it('sees requests and answers as they are written', () => {
    const { server, caller, callee } = pair();
    const seen: string[] = [];
    server.options = {
      onBranch: (view) => {
        view.addEdit((edit) => edit.append('X-One', '1'));
        view.addEdit((edit) => edit.append('X-Two', '2'));
      },
      onRequestWritten: (bytes, to, branch) => {
        seen.push(`${to.destination.address} ${branch}`, bytes.toString('latin1'));
      },
      onReplyWritten: (bytes) => void seen.push(bytes.toString('latin1')),
    };
    caller.request('INVITE');
    callee.answer('INVITE', 200);
    expect(seen).toEqual(['198.51.100.1 0', callee.last('INVITE'), caller.last('200')]);
    expect(callee.last('INVITE')).toContain('X-One: 1\r\nX-Two: 2\r\n');
  });

  it('may give the request up before it is sent', () => {
    const { server, caller, callee } = pair();
    server.options = { onRequestWritten: () => server.proxy.abandon(server.transactions.at(-1)!) };
    caller.request('INVITE');
    expect(callee.kinds).toEqual([]);
    expect(caller.kinds).toContain('487');
    expect(server.layer.counters).toMatchObject({ clientsInUse: 0, userFaults: 0 });
  });
});

import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { read } from '../proxy/testing/messages.ts';
import type { PingOptions } from './dialog-ping.ts';
import { CallUnderTest, cseqOf } from './testing/call-under-test.ts';

const BOTH: PingOptions = { method: 'OPTIONS', everyMs: 30_000, sides: ['caller', 'callee'] };

describe('pings', () => {
  it('ask both parties while the dialog stands', async () => {
    const call = new CallUnderTest();
    const { server, caller, callee } = call;
    server.onRequest = (_, transaction) => {
      const dialog = server.dialogs.create(transaction);
      if (dialog) server.dialogs.ping(dialog, BOTH);
    };
    call.establish();
    await server.clock.advanceAsync(31_000);
    for (const peer of [caller, callee]) peer.answer('OPTIONS', 200);
    expect(cseqOf(callee.last('OPTIONS'))).toBe(2);
    await server.clock.advanceAsync(30_000);
    for (const peer of [caller, callee]) peer.answer('OPTIONS', 405);
    expect(cseqOf(callee.last('OPTIONS'))).toBe(3);
    call.send('BYE', 'caller');
    callee.answer('BYE', 200);
    await server.clock.advanceAsync(90_000);
    expect(caller.kinds.filter((kind) => kind === 'OPTIONS')).toHaveLength(2);
    expect(server.wheel.size).toBe(0);
  });

  it('end a dialog whose party is silent, or knows nothing of it', async () => {
    for (const answer of [undefined, 481]) {
      const call = new CallUnderTest().establish();
      call.server.dialogs.ping(call.dialog, { ...BOTH, sides: ['callee'] });
      await call.server.clock.advanceAsync(31_000);
      if (answer !== undefined) call.callee.answer('OPTIONS', answer);
      await call.server.clock.advanceAsync(33_000);
      expect(call.events.at(-1)).toBe('ended: server by server, Ping Timeout');
      expect(call.caller.kinds.at(-1)).toBe('BYE');
    }
  });

  it('offer what the party was sent last, and acknowledge its answer', async () => {
    const call = new CallUnderTest({
      wanted: { keepSdp: true },
      fork: {
        edit: (edit) => {
          if (edit.message.method === 'INVITE') edit.setBody(Buffer.from('v=0'), 'application/sdp');
        },
      },
    }).establish();
    const { server, callee } = call;
    const stop = server.dialogs.ping(call.dialog, { method: 'INVITE', everyMs: 30_000, sides: ['callee'] });
    await server.clock.advanceAsync(31_000);
    const ping = read(callee.last('INVITE'));
    expect([ping.cseq?.number, ping.body.toString(), ping.get(H.ContentType)]).toEqual([
      2,
      'v=0',
      'application/sdp',
    ]);
    expect(ping.get(H.Contact)).toBe(`<${call.caller.contact}>`);
    callee.answer('INVITE', 200);
    await server.settle();
    const ack = read(callee.last('ACK'));
    expect([ack.cseq?.number, ack.requestUri]).toEqual([2, callee.contact]);
    callee.answer('INVITE', 200);
    expect(callee.inbox.filter((text) => text.startsWith('ACK ') && text.includes('CSeq: 2'))).toHaveLength(
      2,
    );
    stop();
    await server.clock.advanceAsync(60_000);
    expect(call.dialog.state).toBe(4);
    expect(cseqOf(callee.last('INVITE'))).toBe(2);
  });
});

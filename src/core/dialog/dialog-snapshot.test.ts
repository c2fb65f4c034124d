import { describe, expect, it } from 'vitest';
import { DialogProfiles } from './dialog-profiles.ts';
import type { DialogSnapshot } from './dialog-snapshot.ts';
import { CallUnderTest, cseqOf } from './testing/call-under-test.ts';

describe('a snapshot of dialogs', () => {
  it('is plain data that another run goes on with', async () => {
    const before = new CallUnderTest({ wanted: { lifetimeMs: 100_000 } }).establish();
    before.dialog.flags = 5;
    before.dialog.setValue('account', 'alice');
    new DialogProfiles(before.server.dialogs).add(before.dialog, 'caller', 'alice');
    void before.server.dialogs.send(before.dialog, 'callee', { method: 'OPTIONS' });
    await before.server.clock.advanceAsync(40_000);
    const text = JSON.stringify(before.server.dialogs.snapshot());

    const call = new CallUnderTest();
    call.server.clock.advance(40_000);
    const profiles = new DialogProfiles(call.server.dialogs);
    expect(call.server.dialogs.restore(JSON.parse(text) as DialogSnapshot[])).toBe(1);
    expect(call.server.dialogs.restore(JSON.parse(text) as DialogSnapshot[])).toBe(0);
    const [dialog] = call.server.dialogs.all();
    expect(dialog).toMatchObject({
      did: before.dialog.did,
      state: 4,
      flags: 5,
      confirmedAt: before.dialog.confirmedAt,
    });
    expect(dialog?.value('account')).toBe('alice');
    expect(profiles.size('caller', 'alice')).toBe(1);
    expect(call.events).toEqual(['restored']);
    expect(JSON.stringify(call.server.dialogs.snapshot())).toBe(text);

    call.caller.inDialog('INFO', before.ofCaller, { cseq: 2 });
    expect(cseqOf(call.callee.last('INFO'))).toBe(3);
    await call.server.clock.advanceAsync(62_000);
    expect(call.events.at(-1)).toBe('ended: expired by server, Lifetime Timeout');
    expect([call.caller.kinds.at(-1), call.callee.kinds.at(-1)]).toEqual(['BYE', 'BYE']);
  });

  it('has only dialogs that stand', () => {
    const call = new CallUnderTest();
    call.caller.request('INVITE');
    expect(call.server.dialogs.snapshot()).toEqual([]);
  });
});

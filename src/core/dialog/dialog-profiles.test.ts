import { describe, expect, it } from 'vitest';
import { DialogProfiles } from './dialog-profiles.ts';
import { CallUnderTest } from './testing/call-under-test.ts';

function twoCalls() {
  const call = new CallUnderTest();
  const profiles = new DialogProfiles(call.server.dialogs);
  call.caller.request('INVITE');
  call.caller.request('INVITE', { callId: 'other' });
  const [one, two] = call.dialogs;
  return { call, profiles, one: one!, two: two! };
}

describe('profiles', () => {
  it('count dialogs by name and value', () => {
    const { profiles, one, two } = twoCalls();
    expect(profiles.add(one, 'inbound')).toBe(true);
    expect(profiles.add(one, 'caller', 'alice')).toBe(true);
    expect(profiles.add(one, 'caller', 'alice')).toBe(true);
    profiles.add(two, 'caller', 'alice');
    profiles.add(two, 'caller', 'bob');
    expect(profiles.size('inbound')).toBe(1);
    expect([
      profiles.size('caller'),
      profiles.size('caller', 'alice'),
      profiles.size('caller', 'eve'),
    ]).toEqual([3, 2, 0]);
    expect([...profiles.values('caller')]).toEqual([
      ['alice', 2],
      ['bob', 1],
    ]);
    expect([...profiles.dialogs('caller', 'alice')]).toEqual([one, two]);
    expect([profiles.has(one, 'caller'), profiles.has(one, 'caller', 'bob')]).toEqual([true, false]);
  });

  it('are left by hand, and by the end of the dialog', () => {
    const { call, profiles, one, two } = twoCalls();
    for (const dialog of [one, two]) profiles.add(dialog, 'caller', 'alice');
    expect([profiles.remove(one, 'caller', 'alice'), profiles.remove(one, 'caller', 'alice')]).toEqual([
      true,
      false,
    ]);
    expect(profiles.size('caller')).toBe(1);
    call.callee.answer('INVITE', 486);
    expect(two.ended).toBe(true);
    expect([profiles.size('caller'), [...profiles.values('caller')]]).toEqual([0, []]);
    expect(profiles.add(two, 'caller', 'alice')).toBe(false);
  });

  it('are of a bounded number for one dialog', () => {
    const { profiles, one } = twoCalls();
    for (let i = 0; i < 64; i++) expect(profiles.add(one, 'many', String(i))).toBe(true);
    expect(profiles.add(one, 'many', '64')).toBe(false);
  });
});

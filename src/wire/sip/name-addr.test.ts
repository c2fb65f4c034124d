import { describe, expect, it } from 'vitest';
import { NameAddr } from './name-addr.ts';

describe('NameAddr.parse', () => {
  it.each([
    ['<sip:a@b>', '', 'sip:a@b', ''],
    ['sip:a@b', '', 'sip:a@b', ''],
    ['sip:a@b;tag=1', '', 'sip:a@b', ';tag=1'],
    ['sip:a@b ;  tag = 1', '', 'sip:a@b', ';  tag = 1'],
    ['<sip:a@b;lr>;tag=1', '', 'sip:a@b;lr', ';tag=1'],
    ['Alice <sip:a@b> ; tag=1', 'Alice', 'sip:a@b', '; tag=1'],
    ['caller<sip:a@b>', 'caller', 'sip:a@b', ''],
    ['"Bell, \\"A\\" <x>" <sip:a@b>', '"Bell, \\"A\\" <x>"', 'sip:a@b', ''],
    ['"J Rosenberg \\\\\\""   <sip:a@b>\t', '"J Rosenberg \\\\\\""', 'sip:a@b', ''],
    ["token1~` token2'+_ <sip:a@b>", "token1~` token2'+_", 'sip:a@b', ''],
    ['J\xc3\xbcrgen <sip:a@b>', 'J\xc3\xbcrgen', 'sip:a@b', ''],
    ['Bell, Alexander <sip:a@b>', 'Bell, Alexander', 'sip:a@b', ''],
    ['sip:a@b;x="<sip:c@d>"', '', 'sip:a@b', ';x="<sip:c@d>"'],
    ['*', '', '*', ''],
  ])('reads %j', (text, displayName, uriText, params) => {
    expect(NameAddr.parse(text)).toMatchObject({ displayName, uriText, params });
  });

  it.each([
    '',
    ';tag=1',
    '<sip:a@b',
    '"Alice <sip:a@b>',
    '"Alice" sip:a@b',
    '"Alice\\" <sip:a@b>',
    '<sip:a@b> junk',
    '<sip:a@b>;x="open',
    'sip:a@b;x="open\\"',
    '"',
  ])('refuses %j', (text) => {
    expect(NameAddr.parse(text)).toBeUndefined();
  });

  it.each(['sip:a@b <sip:c@d>', '<sip:a@b <sip:c@d>>', 'Bob "x" <sip:a@b>', '< sip:a@b >', '<>', 'alice'])(
    'finds no URI in %j',
    (text) => {
      expect(NameAddr.parse(text)?.uri).toBeUndefined();
    },
  );

  it('never takes a second address for the display name’s', () => {
    expect(NameAddr.parse('sip:victim@b;x=<sip:c@d>')?.uriText).toBe('sip:victim@b');
  });
});

describe('NameAddr', () => {
  const text = '"A \\"B\\"" <sip:a@b;user=phone>;tag=x;lr';
  const nameAddr = NameAddr.parse(text)!;

  it('tells its parts', () => {
    expect([nameAddr.name, nameAddr.tag, nameAddr.param('lr'), nameAddr.param('user')]).toEqual([
      'A "B"',
      'x',
      '',
      undefined,
    ]);
    expect(nameAddr.uri?.param('user')).toBe('phone');
  });

  it('is printed in brackets', () => {
    expect(nameAddr.toString()).toBe(text);
    expect(NameAddr.parse('sip:a@b;tag=1')?.toString()).toBe('<sip:a@b>;tag=1');
  });
});

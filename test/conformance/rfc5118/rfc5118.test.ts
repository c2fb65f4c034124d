import { describe, expect, it } from 'vitest';
import { canonicalHost } from '../../../src/base/ip.ts';
import { MessageEdit } from '../../../src/wire/sip/edit.ts';
import type { SipMessage } from '../../../src/wire/sip/message.ts';
import { outcomeOf, readTorture } from '../torture-case.ts';
import { RFC5118 } from './table.ts';

function message(name: string): SipMessage {
  return readTorture(RFC5118.find((torture) => torture.name === name)!.file);
}

describe('RFC 5118', () => {
  it.each(RFC5118)('§$section $name: $title', ({ file, role, outcome }) => {
    const received = readTorture(file);
    expect(outcomeOf(received, role)).toEqual(outcome);
    expect(new MessageEdit(received).toBuffer().toString('latin1')).toBe(received.toString());
    expect(received.flaws).toBe(0);
  });

  it.each([
    ['ipv6-good', '2001:db8::10', undefined],
    ['port-ambiguous', '2001:db8::10:5070', undefined],
    ['port-unambiguous', '2001:db8::10', 5070],
    ['ipv6-bug-abnf-3-colons', '2001:db8:::192.0.2.1', undefined],
    ['ipv6-correct-abnf-2-colons', '2001:db8::192.0.2.1', undefined],
  ])('%s: host %s, port %s', (name, host, port) => {
    expect([message(name).uri?.host, message(name).uri?.port]).toEqual([host, port]);
  });

  it('reads received with and without brackets', () => {
    for (const name of ['via-received-param-with-delim', 'via-received-param-no-delim']) {
      expect(message(name).topVia?.received).toBe('2001:db8::9:255');
    }
  });

  it('writes received without brackets', () => {
    const via = message('via-received-param-with-delim').topVia!;
    expect(via.withSource('2001:db8::9:255', undefined)).toContain(';received=2001:db8::9:255');
  });

  it('takes a mapped address for the IPv4 address', () => {
    expect(canonicalHost(message('ipv4-mapped-ipv6').topVia!.host)).toBe('192.0.2.10');
  });
});

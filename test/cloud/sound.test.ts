import { describe, expect, it } from 'vitest';
import { encodeUlaw } from '../../src/wire/rtp/g711.ts';
import type { Packet } from './pcap.ts';
import { type CallPlan, mediaPort, SERVER_FOR, soundOf } from './phones.ts';
import { silences } from './sound.ts';
import { packetsWithTone } from './tone.ts';
import type { Evidence } from './witness.ts';

const party = { user: '', peer: '', domain: '', password: '' };

function plan(name: string, media: number): CallPlan {
  return {
    name,
    media,
    flow: 're-invite',
    transport: 'udp',
    from: 'home',
    to: 'phone',
    caller: party,
    callee: party,
    port: 0,
    serverFor: SERVER_FOR,
  };
}

function heard(port: number, said: string): Packet[] {
  const payload = Buffer.from(`${'\0'.repeat(12)}${said.repeat(5)}`);
  return Array.from({ length: 5 }, () => ({ destinationPort: port, payload }) as Packet);
}

function evidence(home: readonly Packet[], phone: readonly Packet[]): Evidence {
  return {
    messages: [],
    violations: [],
    hairpins: { fromServer: 0, fromPhone: 0 },
    sound: new Map([
      ['home', home],
      ['phone', phone],
    ]),
  };
}

describe('silences', () => {
  const [one, two] = [plan('one', 20_000), plan('two', 20_020)];
  const toCaller = heard(mediaPort(one, 'caller'), soundOf(one, 'callee'));
  const toCallee = heard(mediaPort(one, 'callee'), soundOf(one, 'caller'));

  it('are none where both hear each other', () => {
    expect(silences([one, two], evidence(toCaller, toCallee))).toEqual([
      'caller of two, at home, hears the other one in 0 packets',
      'callee of two, at phone, hears the other one in 0 packets',
    ]);
  });

  it('tell of a direction without sound, and of what belongs to others', () => {
    const stray = heard(mediaPort(one, 'callee'), soundOf(two, 'caller'));
    const unknown = heard(mediaPort(one, 'callee'), 'hello');
    expect(silences([one, two], evidence(toCaller, [...stray, ...unknown])).slice(0, 3)).toEqual([
      'callee of one, at phone, hears the other one in 0 packets',
      'callee of one, at phone, hears caller of two',
      'callee of one, at phone, hears somebody unknown',
    ]);
  });
});

it('packetsWithTone knows a tone from another, and from silence', () => {
  const rtp = (hertz: number): Buffer => {
    const samples = Int16Array.from(
      { length: 160 },
      (_, i) => 8000 * Math.sin((2 * Math.PI * hertz * i) / 8000),
    );
    return Buffer.concat([Buffer.from([0x80, 0, ...new Array(10).fill(0)]), encodeUlaw(samples)]);
  };
  expect(packetsWithTone([rtp(450), rtp(450), rtp(900), rtp(0)], 450)).toBe(2);
});

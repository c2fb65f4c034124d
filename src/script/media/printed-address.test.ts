import { describe, expect, it } from 'vitest';
import { Advertise, type AdvertiseSettings } from '../../advertise/advertise.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import { Cidr } from '../../base/ip.ts';
import type { RelayedAddress } from '../../media/control/media-control.ts';
import type { AddressParts, Listener } from '../../net/listener.ts';
import { printedMediaAddress } from './printed-address.ts';

const BOUND = '10.0.0.34';
const PUBLIC = '99.88.44.33';
const OUTSIDE = '203.0.113.10';
const INSIDE = '10.0.0.50';

interface Case {
  readonly relay?: Partial<RelayedAddress>;
  readonly as?: AddressParts;
  readonly settings?: AdvertiseSettings;
  readonly override?: AddressParts;
  readonly to?: string;
}

function printed({ relay, as, settings = {}, override, to = OUTSIDE }: Case): string {
  const listener: Listener = {
    name: 'udp:10.0.0.34:5060',
    transport: 'udp',
    address: BOUND,
    port: 5060,
    family: 4,
    advertised: as,
  };
  const key = Buffer.alloc(32);
  const advertise = new Advertise({ settings, listeners: [listener], key, clock: new FakeClock() });
  const own: RelayedAddress = { address: BOUND, family: 4, advertised: undefined, local: true, ...relay };
  return printedMediaAddress(own, { listener, destination: to, override }, advertise);
}

describe('the address of the relay on this machine', () => {
  const as = { host: PUBLIC, port: 5060 };

  it("is the listener's public one outside, and the relay's own inside", () => {
    expect(printed({ as })).toBe(PUBLIC);
    expect(printed({ as, to: INSIDE })).toBe(BOUND);
  });

  it('is the global one where the listener has none', () => {
    expect(printed({ settings: { global: { host: PUBLIC } } })).toBe(PUBLIC);
  });

  it('is one for media where that is configured, outside only', () => {
    const relay = { advertised: '99.88.44.40' };
    expect(printed({ as, relay })).toBe('99.88.44.40');
    expect(printed({ as, relay, to: INSIDE })).toBe(BOUND);
  });

  it('is what a rule says for the destination, and what a script says before all', () => {
    const rules = [{ network: Cidr.parse('203.0.113.0/24')!, as: { host: '99.88.44.41' } }];
    expect(printed({ as, settings: { rules } })).toBe('99.88.44.41');
    expect(printed({ as, settings: { rules }, override: { host: '99.88.44.42', port: 5062 } })).toBe(
      '99.88.44.42',
    );
    const bound = [{ network: Cidr.parse(OUTSIDE)!, as: 'bound' as const }];
    expect(printed({ as, settings: { rules: bound } })).toBe(BOUND);
  });

  it('is never a name, for many phones look none up: the next level speaks', () => {
    expect(
      printed({ as: { host: 'sip.example.com', port: 5060 }, settings: { global: { host: PUBLIC } } }),
    ).toBe(PUBLIC);
    expect(printed({ as: { host: 'sip.example.com', port: 5060 } })).toBe(BOUND);
    expect(printed({ as, override: { host: 'sip.example.com' } })).toBe(PUBLIC);
    expect(printed({ as, override: { port: 5090 } })).toBe(PUBLIC);
  });

  it('is none of the other family', () => {
    const relay = { address: '2001:db8::34', family: 6 as const };
    expect(printed({ as, relay, to: '2001:db8::10' })).toBe('2001:db8::34');
    expect(printed({ as, relay, to: '2001:db8::10', settings: { global: { host: '[2001:DB8::99]' } } })).toBe(
      '2001:db8::99',
    );
  });

  it('follows the orders of OpenSIPS where those are configured: it knows no inside', () => {
    expect(printed({ as, to: INSIDE, settings: { compatibility: 'opensips' } })).toBe(PUBLIC);
  });
});

it('of a relay that tells none is that of the socket beside it', () => {
  expect(printed({ relay: { address: undefined }, as: { host: PUBLIC } })).toBe(PUBLIC);
  expect(printed({ relay: { address: undefined }, as: { host: PUBLIC }, to: INSIDE })).toBe(BOUND);
});

describe('the address of a relay elsewhere', () => {
  const relay = { address: '10.0.0.60', local: false };
  const as = { host: PUBLIC, port: 5060 };

  it('is what it told, for what is configured for signalling is not its own', () => {
    expect(printed({ relay, as, settings: { global: { host: PUBLIC } } })).toBe('10.0.0.60');
    const rules = [{ network: Cidr.parse('0.0.0.0/0')!, as: { host: PUBLIC } }];
    expect(printed({ relay, as, settings: { rules } })).toBe('10.0.0.60');
  });

  it('is the public one that was configured for it, outside only', () => {
    const known = { ...relay, advertised: '99.88.44.60' };
    expect(printed({ relay: known })).toBe('99.88.44.60');
    expect(printed({ relay: known, to: INSIDE })).toBe('10.0.0.60');
    const rules = [{ network: Cidr.parse('0.0.0.0/0')!, as: { host: PUBLIC } }];
    expect(printed({ relay: known, settings: { rules } })).toBe('99.88.44.60');
  });

  it('is what a script says', () => {
    expect(printed({ relay, override: { host: '99.88.44.61' } })).toBe('99.88.44.61');
  });
});

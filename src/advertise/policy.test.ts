import { describe, expect, it } from 'vitest';
import { Cidr } from '../base/ip.ts';
import type { AddressParts, Listener } from '../net/listener.ts';
import { parseAddressParts, sipUriText } from './advertised-address.ts';
import { type NetworkSettings, Networks } from './networks.ts';
import { AdvertisePolicy } from './policy.ts';
import type { PrintedPlace } from './precedence.ts';

function parts(text: string | undefined): AddressParts | undefined {
  if (text === undefined) return undefined;
  const parsed = parseAddressParts(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.parts;
}

function listener(address: string, port: number, as?: string): Listener {
  const family = address.includes(':') ? 6 : 4;
  return { name: `udp:${address}:${port}`, transport: 'udp', address, port, family, advertised: parts(as) };
}

function policy(settings: NetworkSettings & { global?: string | undefined } = {}): AdvertisePolicy {
  return new AdvertisePolicy({ networks: new Networks(settings), global: parts(settings.global) });
}

const cidr = (text: string): Cidr => Cidr.parse(text)!;

const PLACES: readonly PrintedPlace[] = [
  'via',
  'record-route-out',
  'record-route-in',
  'path-out',
  'path-in',
  'contact',
  'own-request',
  'warning',
  'call-id',
];

const BOUND = '10.0.0.34:5060';
const OUT = '198.51.100.7';
const IN = '10.0.0.50';
const RULED = '10.77.0.5';

// Every set of levels, and what the one precedence prints to a host outside, inside, and in the network of a rule.
const AS = '99.88.44.33:5092';
const GLOBAL = '99.88.44.1:5091';
const RULE = '172.16.0.9:5094';
const OVERRIDE = '99.88.44.3:5093';
interface Row {
  readonly as?: string;
  readonly global?: string;
  readonly rule?: string;
  readonly override?: string;
  readonly outside: string;
  readonly inside: string;
  readonly ruled: string;
}
const MATRIX: readonly Row[] = [
  { outside: BOUND, inside: BOUND, ruled: BOUND },
  { as: AS, outside: AS, inside: BOUND, ruled: BOUND },
  { global: GLOBAL, outside: GLOBAL, inside: BOUND, ruled: BOUND },
  { as: AS, global: GLOBAL, outside: AS, inside: BOUND, ruled: BOUND },
  { rule: RULE, outside: BOUND, inside: BOUND, ruled: RULE },
  { as: AS, rule: RULE, outside: AS, inside: BOUND, ruled: RULE },
  { global: GLOBAL, rule: RULE, outside: GLOBAL, inside: BOUND, ruled: RULE },
  { as: AS, global: GLOBAL, rule: RULE, outside: AS, inside: BOUND, ruled: RULE },
  { override: OVERRIDE, outside: OVERRIDE, inside: OVERRIDE, ruled: OVERRIDE },
  { as: AS, override: OVERRIDE, outside: OVERRIDE, inside: OVERRIDE, ruled: OVERRIDE },
  { global: GLOBAL, override: OVERRIDE, outside: OVERRIDE, inside: OVERRIDE, ruled: OVERRIDE },
  { as: AS, global: GLOBAL, override: OVERRIDE, outside: OVERRIDE, inside: OVERRIDE, ruled: OVERRIDE },
  { rule: RULE, override: OVERRIDE, outside: OVERRIDE, inside: OVERRIDE, ruled: OVERRIDE },
  { as: AS, rule: RULE, override: OVERRIDE, outside: OVERRIDE, inside: OVERRIDE, ruled: OVERRIDE },
  { global: GLOBAL, rule: RULE, override: OVERRIDE, outside: OVERRIDE, inside: OVERRIDE, ruled: OVERRIDE },
  {
    as: AS,
    global: GLOBAL,
    rule: RULE,
    override: OVERRIDE,
    outside: OVERRIDE,
    inside: OVERRIDE,
    ruled: OVERRIDE,
  },
  // A level that gives only a host prints the bound port, whatever other levels say.
  { as: '99.88.44.33', global: GLOBAL, outside: '99.88.44.33:5060', inside: BOUND, ruled: BOUND },
  {
    as: AS,
    override: '99.88.44.3',
    outside: '99.88.44.3:5060',
    inside: '99.88.44.3:5060',
    ruled: '99.88.44.3:5060',
  },
  { as: AS, rule: 'sip.example.com', outside: AS, inside: BOUND, ruled: 'sip.example.com:5060' },
  // A level that gives only a port keeps the next level's host, and not that level's port.
  { as: ':5099', outside: '10.0.0.34:5099', inside: BOUND, ruled: BOUND },
  { as: ':5099', global: GLOBAL, outside: '99.88.44.1:5099', inside: BOUND, ruled: BOUND },
  { global: ':5099', outside: '10.0.0.34:5099', inside: BOUND, ruled: BOUND },
  {
    as: AS,
    override: ':5099',
    outside: '99.88.44.33:5099',
    inside: '10.0.0.34:5099',
    ruled: '10.0.0.34:5099',
  },
  {
    as: AS,
    rule: RULE,
    override: ':5099',
    outside: '99.88.44.33:5099',
    inside: '10.0.0.34:5099',
    ruled: '172.16.0.9:5099',
  },
  { as: AS, rule: ':5099', outside: AS, inside: BOUND, ruled: '10.0.0.34:5099' },
  { as: ':5098', global: ':5099', outside: '10.0.0.34:5098', inside: BOUND, ruled: BOUND },
  // Names are printed as written, IPv6 in brackets.
  { as: 'Sip.Example.com:5060', outside: 'Sip.Example.com:5060', inside: BOUND, ruled: BOUND },
  { as: '2001:DB8::1', outside: '[2001:DB8::1]:5060', inside: BOUND, ruled: BOUND },
];

describe('the one precedence', () => {
  const rows = MATRIX.map((row) => {
    const { outside, inside, ruled, ...levels } = row;
    return [JSON.stringify(levels), row] as const;
  });

  it.each(rows)('%s', (_, row) => {
    const rules = row.rule === undefined ? [] : [{ network: cidr('10.77.0.0/16'), as: parts(row.rule)! }];
    const asked = policy({ rules, global: row.global });
    const socket = listener('10.0.0.34', 5060, row.as);
    for (const place of PLACES) {
      for (const [destination, expected] of [
        [OUT, row.outside],
        [IN, row.inside],
        [RULED, row.ruled],
        [undefined, row.outside],
      ] as const) {
        const question = { listener: socket, destination, override: parts(row.override), place };
        const address = asked.printed(question);
        expect(address.printed, `${place} to ${destination}`).toBe(expected);
        expect(asked.printed({ ...question, override: parts(row.override) })).toBe(address);
      }
    }
  });

  it('lets a rule send the public address inside, or the bound one outside', () => {
    const rules = [
      { network: cidr('10.0.0.0/24'), as: { host: '99.88.44.33' } },
      { network: cidr('198.51.100.0/24'), as: 'bound' as const },
    ];
    const asked = policy({ rules });
    const socket = listener('10.0.0.34', 5060, AS);
    expect(asked.printed({ listener: socket, destination: IN }).printed).toBe('99.88.44.33:5060');
    expect(asked.printed({ listener: socket, destination: OUT }).printed).toBe(BOUND);
    expect(asked.printed({ listener: socket, destination: OUT }).portGiven).toBe(false);
  });

  it('prints the `as` inside where no network is inside', () => {
    const asked = policy({ inside: [] });
    expect(asked.printed({ listener: listener('10.0.0.34', 5060, AS), destination: IN }).printed).toBe(AS);
  });

  it('gives a loopback listener no inside', () => {
    const asked = policy();
    expect(
      asked.printed({ listener: listener('127.0.0.1', 5060, AS), destination: '127.0.0.2' }).printed,
    ).toBe(AS);
  });

  it('gives a listener on a public address no inside', () => {
    const asked = policy();
    const socket = listener('203.0.113.5', 5060, 'sip.example.com');
    expect(asked.printed({ listener: socket, destination: IN }).printed).toBe('sip.example.com:5060');
  });

  it('does not print a private address to a neighbour on a public subnet', () => {
    const interfaces = { eth1: [{ cidr: '203.0.113.5/24' }] } as unknown as NetworkSettings['interfaces'];
    const asked = policy({ interfaces });
    const socket = listener('10.0.0.34', 5060, AS);
    expect(asked.printed({ listener: socket, destination: '203.0.113.9' }).printed).toBe(AS);
  });

  it('does not print a global IPv4 address from an IPv6 listener, but a global name', () => {
    const socket = listener('2001:db8::34', 5060);
    const question = { listener: socket, destination: '2001:db8:1::1' };
    expect(policy({ global: GLOBAL }).printed(question).printed).toBe('[2001:db8::34]:5060');
    expect(policy({ global: 'sip.example.com' }).printed(question).printed).toBe('sip.example.com:5060');
  });

  it('marks a port as given only where an advertise level gave it', () => {
    const asked = policy();
    const given = (as: string, destination: string): boolean =>
      asked.printed({ listener: listener('10.0.0.34', 5060, as), destination }).portGiven;
    expect(given('99.88.44.33:5060', OUT)).toBe(true);
    expect(given('99.88.44.33', OUT)).toBe(false);
    expect(given('99.88.44.33:5060', IN)).toBe(false);
  });

  it('refuses an override that cannot stand in a message', () => {
    const question = {
      listener: listener('10.0.0.34', 5060),
      destination: OUT,
      override: { host: 'a\r\nb' },
    };
    expect(() => policy().printed(question)).toThrow(expect.objectContaining({ code: 'SIP_BAD_FIELD' }));
  });

  it('changes by making another policy', () => {
    const before = policy({ global: GLOBAL });
    const after = before.update({ global: parts('99.88.44.2') });
    const question = { listener: listener('10.0.0.34', 5060), destination: OUT };
    expect(before.printed(question).printed).toBe(GLOBAL);
    expect(after.printed(question).printed).toBe('99.88.44.2:5060');
    expect(before.printed(question).printed).toBe(GLOBAL);
  });
});

// Measured on OpenSIPS 4.1-dev: bound 127.0.77.10:15060, L listener, G global, M per message.
const L = '9.9.9.2:5092';
const G = '9.9.9.1:5091';
const M = '9.9.9.3:5093';
const REAL = '127.0.77.10:15060';

describe('the orders of OpenSIPS', () => {
  const ask = (
    set: { l?: string; g?: string; m?: string },
    place: PrintedPlace,
    destination: string | undefined = OUT,
  ): string => {
    const asked = policy({ global: set.g }).update({ order: 'opensips' });
    const socket = listener('127.0.77.10', 15060, set.l);
    return asked.printed({ listener: socket, destination, override: parts(set.m), place }).printed;
  };

  it.each([
    [{}, REAL, REAL, REAL],
    [{ l: L }, L, L, L],
    [{ g: G }, G, G, G],
    [{ m: M }, M, M, REAL],
    [{ l: L, g: G }, G, L, L],
    [{ l: L, m: M }, M, L, L],
    [{ g: G, m: M }, M, M, G],
    [{ l: L, g: G, m: M }, M, L, L],
    [{ l: L, m: '9.9.9.3' }, '9.9.9.3:5092', L, L],
    // Host and port are chosen apart, so levels mix.
    [{ l: '9.9.9.2', g: '9.9.9.1' }, '9.9.9.1:15060', '9.9.9.2:15060', '9.9.9.2:15060'],
    [{ l: L, g: '9.9.9.1' }, '9.9.9.1:5092', L, L],
    [{ m: ':5099' }, '127.0.77.10:5099', '127.0.77.10:5099', REAL],
    [{ g: ':5099' }, '127.0.77.10:5099', '127.0.77.10:5099', '127.0.77.10:5099'],
  ])('%j', (set, via, outbound, inbound) => {
    expect(ask(set, 'via')).toBe(via);
    for (const place of ['record-route-out', 'path-out', 'contact'] as const)
      expect(ask(set, place)).toBe(outbound);
    for (const place of ['record-route-in', 'path-in', 'own-request'] as const)
      expect(ask(set, place)).toBe(inbound);
    for (const place of ['warning', 'call-id'] as const) expect(ask(set, place)).toBe(REAL);
    expect(ask(set, 'via', '10.0.0.1')).toBe(via);
  });

  it.each([
    [5060, {}, 'sip:127.0.77.10'],
    [5060, { l: '1.2.3.4' }, 'sip:1.2.3.4:5060'],
    [5060, { g: '1.2.3.4' }, 'sip:1.2.3.4'],
    [5060, { g: '1.2.3.4:5060' }, 'sip:1.2.3.4:5060'],
    [15060, { g: '1.2.3.4' }, 'sip:1.2.3.4:15060'],
    [5061, {}, 'sip:127.0.77.10:5061'],
  ] as const)('port %d with %j in a Record-Route: %s', (port, set: { l?: string; g?: string }, text) => {
    const asked = policy({ global: set.g }).update({ order: 'opensips' });
    const socket = listener('127.0.77.10', port, set.l);
    const address = asked.printed({ listener: socket, destination: OUT, place: 'record-route-out' });
    expect(sipUriText({ address, transport: 'udp' })).toBe(text);
  });
});

import { describe, expect, it } from 'vitest';
import type { AdvertiseSettings } from '../../src/advertise/advertise.ts';
import { Cidr, formatHostPort } from '../../src/base/ip.ts';
import { read, values } from '../../src/core/proxy/testing/messages.ts';
import { calleeDialog, callerDialog, contactOf, type Peer } from '../../src/core/proxy/testing/peer.ts';
import { ProxyUnderTest } from '../../src/core/proxy/testing/proxy-under-test.ts';
import type { AddressParts } from '../../src/net/listener.ts';
import { H } from '../../src/wire/sip/header-name.ts';
import { NameAddr } from '../../src/wire/sip/name-addr.ts';
import { Uri } from '../../src/wire/sip/uri.ts';

/**
 * What is printed where: every level by itself and above others, in every place, to readers inside and outside, through
 * the real proxy on one socket, 10.0.0.34:5060.
 */

interface Levels {
  /** Of the transaction. */
  readonly override?: AddressParts;
  /** For the networks outside, or for the one inside. */
  readonly rule?: { readonly for: 'inside' | 'outside'; readonly as: AddressParts | 'bound' };
  readonly listener?: string;
  readonly global?: AddressParts;
}

const BOUND = '10.0.0.34:5060';
const M = { host: '203.0.113.3', port: 5093 };
const R = { host: '203.0.113.4', port: 5094 };
const L = '99.88.44.33:5092';
const G = { host: '203.0.113.1', port: 5091 };
const [overridden, ruled, listened, global] = ['203.0.113.3:5093', '203.0.113.4:5094', L, '203.0.113.1:5091'];
const forOutside = { for: 'outside', as: R } as const;
const forInside = { for: 'inside', as: R } as const;

/** Levels, and what a reader inside and one outside is told. */
const TABLE: readonly (readonly [what: string, levels: Levels, inside: string, outside: string])[] = [
  ['nothing', {}, BOUND, BOUND],
  ['G', { global: G }, BOUND, global],
  ['L', { listener: L }, BOUND, listened],
  ['L+G', { listener: L, global: G }, BOUND, listened],
  ['R', { rule: forOutside }, BOUND, ruled],
  ['R+G', { rule: forOutside, global: G }, BOUND, ruled],
  ['R+L', { rule: forOutside, listener: L }, BOUND, ruled],
  ['R+L+G', { rule: forOutside, listener: L, global: G }, BOUND, ruled],
  ['R inside', { rule: forInside }, ruled, BOUND],
  ['R inside+L', { rule: forInside, listener: L }, ruled, listened],
  ['R bound+L', { rule: { for: 'outside', as: 'bound' }, listener: L }, BOUND, BOUND],
  ['M', { override: M }, overridden, overridden],
  ['M+G', { override: M, global: G }, overridden, overridden],
  ['M+L', { override: M, listener: L }, overridden, overridden],
  ['M+R', { override: M, rule: forOutside }, overridden, overridden],
  ['M+R+L+G', { override: M, rule: forInside, listener: L, global: G }, overridden, overridden],
  ['M host only', { override: { host: M.host }, listener: L }, '203.0.113.3:5060', '203.0.113.3:5060'],
  ['M port only', { override: { port: 5093 }, listener: L }, '10.0.0.34:5093', '99.88.44.33:5093'],
  ['R host only', { rule: { for: 'outside', as: { host: R.host } }, listener: L }, BOUND, '203.0.113.4:5060'],
  ['L host only', { listener: '99.88.44.33', global: G }, BOUND, '99.88.44.33:5060'],
  ['G port only', { global: { port: 5091 } }, BOUND, '10.0.0.34:5091'],
  ['L IPv6', { listener: '[2001:db8::1]:5092' }, BOUND, '[2001:db8::1]:5092'],
  ['L name', { listener: 'sip.example.com' }, BOUND, 'sip.example.com:5060'],
];

const DIRECTIONS = [
  ['outside', 'outside'],
  ['outside', 'inside'],
  ['inside', 'outside'],
  ['inside', 'inside'],
] as const;

type Where = 'inside' | 'outside';

function settingsOf({ rule, global: everywhere }: Levels): AdvertiseSettings {
  const network = Cidr.parse(rule?.for === 'inside' ? '10.0.0.0/24' : '0.0.0.0/0')!;
  const inner = { network: Cidr.parse('10.0.0.0/24')!, as: 'bound' as const };
  const rules = rule === undefined ? [] : [{ network, as: rule.as }];
  return {
    ...(everywhere === undefined ? {} : { global: everywhere }),
    rules: rule?.for === 'outside' ? [...rules, inner] : rules,
  };
}

/** Everything of one call between two parties. */
function callBetween(levels: Levels, caller: Where, callee: Where) {
  const as = levels.listener === undefined ? '' : ` as ${levels.listener}`;
  const server = new ProxyUnderTest({
    listeners: [`udp:10.0.0.34:5060${as}`],
    advertise: settingsOf(levels),
  });
  const [from, to] = [
    server.peer(caller === 'inside' ? '10.0.0.7' : '192.0.2.7'),
    server.peer(callee === 'inside' ? '10.0.0.8' : '198.51.100.1'),
  ];
  server.forkTo(to).options = {
    path: true,
    ...(levels.override === undefined ? {} : { advertise: levels.override }),
  };
  const cancelled = from.request('INVITE', { callId: 'cancelled' });
  to.answer('INVITE', 180);
  from.cancel(cancelled);
  to.answer('INVITE', 487);
  from.request('INVITE', { callId: 'answered' });
  to.answer('INVITE', 200);
  return { server, from, to };
}

const viaOf = (text: string) => {
  const { host, port } = read(text).topVia!;
  return formatHostPort(host, port!);
};

/** Host and port that a URI leads to; RFC 3261 §19.1.2 gives the port that it leaves out. */
const leadsTo = (uri: string) => {
  const { host, port } = Uri.parse(uri)!;
  return formatHostPort(host, port ?? 5060);
};

const routes = (text: string, header: typeof H.RecordRoute | typeof H.Path) =>
  values(text, header).map((value) => leadsTo(NameAddr.parse(value)!.uriText));

describe.each(DIRECTIONS)('from %s to %s', (caller, callee) => {
  describe.each(TABLE)('with %s', (_what, levels, inside, outside) => {
    const told = (reader: Where) => (reader === 'inside' ? inside : outside);
    const [toCaller, toCallee] = [told(caller), told(callee)];
    /** Whether a message to the reader hides the other party, who is inside. */
    const hides = (other: Where, reader: Where) =>
      other === 'inside' && reader === 'outside' && !told(reader).startsWith('10.0.0.34:');
    const single = toCaller === toCallee;
    const call = () => callBetween(levels, caller, callee);

    it.each(['INVITE', 'CANCEL', 'ACK'])('Via of %s', (method) => {
      const { to } = call();
      expect(viaOf(to.inbox.find((text) => text.startsWith(method))!)).toBe(toCallee);
    });

    it.each([
      ['Record-Route', H.RecordRoute],
      ['Path', H.Path],
    ] as const)('%s as the callee reads it', (_name, header) => {
      const inner = hides(caller, callee) ? toCallee : toCaller;
      expect(routes(call().to.last('INVITE'), header)).toEqual(single ? [toCallee] : [toCallee, inner]);
    });

    it('Record-Route as the caller reads it', () => {
      const outer = hides(callee, caller) ? toCaller : toCallee;
      expect(routes(call().from.last('200'), H.RecordRoute)).toEqual(single ? [toCaller] : [outer, toCaller]);
    });

    it('Contact of either party as the other reads it', () => {
      const { from, to } = call();
      const shown = (peer: Peer, hidden: boolean, face: string) =>
        hidden ? face : formatHostPort(peer.address, peer.port);
      expect(leadsTo(contactOf(to.last('INVITE')))).toBe(shown(from, hides(caller, callee), toCallee));
      expect(leadsTo(contactOf(from.last('200')))).toBe(shown(to, hides(callee, caller), toCaller));
    });

    /** A half of Record-Route that is hidden from the sender tells of no override: there the policy speaks again. */
    const later = (reader: Where, sender: Where) =>
      levels.override && !single && hides(reader, sender) ? BOUND : told(reader);

    it('requests inside the dialog come home, and print the same', () => {
      const { server, from, to } = call();
      server.options = {};
      const socket = { to: server.listener() };
      const [here, there] = [callerDialog(from.last('200')), calleeDialog(to.last('INVITE'))];
      from.inDialog('ACK', here, socket);
      from.inDialog('UPDATE', here, socket);
      to.inDialog('BYE', there, socket);
      const [ack, update, bye] = [to.last('ACK'), to.last('UPDATE'), from.last('BYE')];
      expect([ack, update, bye].map(viaOf)).toEqual([
        later(callee, caller),
        later(callee, caller),
        later(caller, callee),
      ]);
      expect([ack, update, bye].map((text) => read(text).requestUri)).toEqual([
        to.contact,
        to.contact,
        from.contact,
      ]);
      const addresses = server.network.sent.map((sent) => sent.to.address);
      expect(addresses.filter((it) => it !== from.address && it !== to.address)).toEqual([]);
    });
  });
});

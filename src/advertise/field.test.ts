import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock.ts';
import type { AddressParts, Listener } from '../net/listener.ts';
import { Advertise, type AdvertiseSettings } from './advertise.ts';
import { sipUriText } from './advertised-address.ts';
import type { PrintedPlace } from './precedence.ts';

// What broke elsewhere, each under the name of its thread. Those that need a proxy to show stand with the proxy.

const INTERNET = '198.51.100.7';
const VPC = '10.0.0.50';

function listener(port: number, as?: AddressParts): Listener {
  const address = '10.0.0.34';
  return { name: `udp:${address}:${port}`, transport: 'udp', address, port, family: 4, advertised: as };
}

function advertise(listeners: readonly Listener[], settings: AdvertiseSettings = {}): Advertise {
  return new Advertise({ settings, listeners, key: Buffer.alloc(32, 7), clock: new FakeClock() });
}

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

describe('threads of the field', () => {
  it('kamailio #1174: a global address reaches every printed place, and its Route is own', () => {
    const socket = listener(15060);
    const me = advertise([socket], { global: { host: '99.88.44.33', port: 5080 } });
    for (const place of PLACES) {
      const address = me.printed({ listener: socket, destination: INTERNET, place });
      expect(address.printed, place).toBe('99.88.44.33:5080');
    }
    expect(me.own.recogniseRoute({ host: '99.88.44.33', port: 5080 })).toMatchObject({
      own: true,
      listener: socket,
    });
  });

  it('kamailio #352: keep-alives and other own requests carry the advertised address', () => {
    const socket = listener(5060, { host: '99.88.44.33' });
    const me = advertise([socket]);
    for (const place of ['own-request', 'call-id', 'warning'] as const) {
      expect(me.printed({ listener: socket, destination: INTERNET, place }).host).toBe('99.88.44.33');
    }
  });

  it('OpenSIPS #1837: each address of an interface keeps the `as` part', () => {
    const first = listener(5060, { host: '99.88.44.33' });
    const second = { ...first, name: 'udp:10.0.0.35:5060', address: '10.0.0.35' };
    const me = advertise([first, second]);
    for (const socket of [first, second]) {
      expect(me.printed({ listener: socket, destination: INTERNET }).printed).toBe('99.88.44.33:5060');
    }
  });

  it('OpenSIPS #917: one override gives one address, for INVITE, CANCEL and ACK alike', () => {
    const socket = listener(5060, { host: '99.88.44.33' });
    const me = advertise([socket]);
    const question = { listener: socket, destination: INTERNET, override: { host: '203.0.113.7' } };
    const invite = me.printed(question);
    expect(me.printed({ ...question, override: { host: '203.0.113.7' } })).toBe(invite);
    expect(me.printed({ ...question, override: undefined }).host).toBe('99.88.44.33');
  });

  it('OpenSIPS #2128: a neighbour on the LAN is not told the public address', () => {
    const socket = listener(5060, { host: '99.88.44.33' });
    expect(advertise([socket]).printed({ listener: socket, destination: VPC }).printed).toBe(
      '10.0.0.34:5060',
    );
  });

  it('OpenSIPS #1451, kamailio #3586: one socket prints two addresses to two sides, and both come home to it', () => {
    const socket = listener(5060, { host: '99.88.44.33' });
    const me = advertise([socket]);
    const [out, back] = [INTERNET, VPC].map((destination) => me.printed({ listener: socket, destination }));
    expect(out?.printed).not.toBe(back?.printed);
    const tag = me.tags.tagOf(socket);
    for (const address of [out!, back!]) {
      expect(me.own.recogniseRoute({ host: address.host, port: address.port }).listener).toBe(socket);
      expect(me.own.recogniseRoute({ host: address.host, port: address.port, tag }).how).toBe('tag');
    }
  });

  it('OpenSIPS #3719: own requests take an override, and another branch is asked afresh', () => {
    const socket = listener(5060, { host: '99.88.44.33' });
    const me = advertise([socket]);
    const override = { host: '203.0.113.7' };
    const ask = (destination: string, set?: AddressParts): string =>
      me.printed({ listener: socket, destination, override: set, place: 'own-request' }).host;
    expect(ask(INTERNET, override)).toBe('203.0.113.7');
    expect(ask(VPC)).toBe('10.0.0.34');
  });

  it('livekit/sip #515: what is configured wins over what was found', () => {
    const socket = listener(5060, { host: '99.88.44.33' });
    const me = advertise([socket]);
    me.update({ settings: { global: { host: '203.0.113.200' } } });
    expect(me.printed({ listener: socket, destination: INTERNET }).host).toBe('99.88.44.33');
  });

  it('drachtio-server #66: the public Route of an ACK from outside and the private one behind it are both own', () => {
    const [outer, inner] = [listener(5060, { host: '99.88.44.33' }), listener(5070)];
    const me = advertise([outer, inner]);
    expect(me.own.recogniseRoute({ host: '99.88.44.33' }).listener).toBe(outer);
    expect(me.own.recogniseRoute({ host: '10.0.0.34', port: 5070 }).listener).toBe(inner);
    expect(me.printed({ listener: inner, destination: VPC }).printed).toBe('10.0.0.34:5070');
  });

  it('OpenSIPS #957: an unknown transport in a Route does not send it round through the NAT', () => {
    const socket = listener(5060, { host: '99.88.44.33' });
    expect(advertise([socket]).own.recogniseRoute({ host: '99.88.44.33', transport: undefined }).own).toBe(
      true,
    );
  });

  it('OpenSIPS #3453: the Contact that was printed for an override is own when it comes back', () => {
    const socket = listener(15060);
    const me = advertise([socket]);
    const address = me.printed({
      listener: socket,
      destination: INTERNET,
      override: { host: '2001:db8::7', port: 5060 },
      place: 'contact',
    });
    expect(sipUriText({ address, transport: 'udp' })).toBe('sip:[2001:db8::7]:5060');
    expect(me.own.recogniseRoute({ host: '[2001:DB8:0::7]', port: 5060 }).own).toBe(true);
  });
});

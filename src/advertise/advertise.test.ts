import { describe, expect, it } from 'vitest';
import { FakeClock } from '../base/fake-clock.ts';
import type { Listener } from '../net/listener.ts';
import { TRANSPORT_NAMES, type TransportName, transportName } from '../net/transport-name.ts';
import { Advertise, type AdvertiseSettings } from './advertise.ts';
import { sipUriText } from './advertised-address.ts';
import type { RememberedAddress } from './remembered.ts';

const key = Buffer.alloc(32, 7);
const OUT = '198.51.100.7';
const HOUR = 3600 * 1000;

const udp: Listener = {
  name: 'udp:10.0.0.34:5060',
  transport: 'udp',
  address: '10.0.0.34',
  port: 5060,
  family: 4,
  advertised: { host: '99.88.44.33' },
};
const bare: Listener = { ...udp, advertised: undefined };

function advertise(settings: AdvertiseSettings = {}, listeners = [udp], clock = new FakeClock()): Advertise {
  return new Advertise({ settings, listeners, key, clock });
}

describe('Advertise', () => {
  it('owns every override from the moment that it is printed', () => {
    const me = advertise();
    const there = { host: '203.0.113.7', port: 5090, transport: 'udp' } as const;
    const override = { host: '203.0.113.7', port: 5090 };
    expect(me.own.recognise(there).own).toBe(false);
    expect(me.printed({ listener: udp, destination: OUT, override }).printed).toBe('203.0.113.7:5090');
    expect(me.own.recognise(there)).toEqual({ own: true, how: 'remembered', listener: udp });
  });

  it('owns what another worker has printed, and tells that one nothing of it again', () => {
    const [clock, told] = [new FakeClock(), [] as RememberedAddress[]];
    const tell = (address: RememberedAddress) => void told.push(address);
    const [one, two] = [1, 2].map(() => new Advertise({ settings: {}, listeners: [udp], key, clock, tell }));
    one!.printed({ listener: udp, destination: OUT, override: { host: '203.0.113.7', port: 5090 } });
    expect(told).toMatchObject([{ host: '203.0.113.7', port: 5090, listener: udp.name }]);
    two!.learn(told[0]!);
    expect(two!.own.recognise({ host: '203.0.113.7', port: 5090, transport: 'udp' }).own).toBe(true);
    expect(told).toHaveLength(1);
  });

  it('changes the printed address live, and still owns the old one until its dialogs are over', () => {
    const clock = new FakeClock();
    const me = advertise({ global: { host: '99.88.44.1' } }, [bare], clock);
    const policy = me.policy;
    const old = me.printed({ listener: bare, destination: OUT });
    me.update({ settings: { global: { host: '99.88.44.2' } } });
    expect(me.policy).not.toBe(policy);
    expect(me.printed({ listener: bare, destination: OUT }).printed).toBe('99.88.44.2:5060');
    expect(me.own.recognise({ host: old.host, port: old.port })).toMatchObject({
      how: 'remembered',
      listener: bare,
    });
    clock.advance(12 * HOUR);
    expect(me.own.recognise({ host: old.host, port: old.port }).own).toBe(false);
    expect(me.own.recognise({ host: '99.88.44.2', port: 5060 }).how).toBe('advertised');
  });

  it('keeps a listener under its name when its address changes', () => {
    const named = { ...udp, name: 'public' };
    const me = advertise({}, [named]);
    const tag = me.tags.tagOf(named);
    const moved = { ...named, address: '10.0.0.99', advertised: { host: '99.88.44.99' } };
    me.update({ listeners: [moved] });
    expect(me.own.recognise({ host: '99.88.44.33', port: 5060, tag })).toEqual({
      own: true,
      how: 'tag',
      listener: moved,
    });
    expect(me.own.recognise({ host: '10.0.0.34', port: 5060 })).toMatchObject({
      how: 'remembered',
      listener: moved,
    });
  });

  it('owns the Routes of a listener that is gone, without a socket', () => {
    const me = advertise();
    const tag = me.tags.tagOf(udp);
    me.update({ listeners: [] });
    expect(me.own.recognise({ host: 'anything.example.com', tag })).toEqual({ own: true, how: 'tag' });
    expect(me.own.recognise({ host: '99.88.44.33', port: 5060 })).toEqual({ own: true, how: 'remembered' });
  });

  it('recognises everything after a restart with other settings', () => {
    const clock = new FakeClock();
    const before = advertise({}, [udp], clock);
    before.printed({ listener: udp, destination: OUT, override: { host: '203.0.113.7' } });
    const tag = before.tags.tagOf(udp);
    const stored = JSON.parse(JSON.stringify(before.snapshot()));
    const moved = { ...udp, name: 'udp:10.0.0.99:5060', address: '10.0.0.99', advertised: undefined };
    const after = advertise({}, [moved], clock);
    expect(after.own.recognise({ host: '99.88.44.33', port: 5060, tag }).own).toBe(false);
    after.restore(stored);
    for (const host of ['99.88.44.33', '10.0.0.34', '203.0.113.7']) {
      expect(after.own.recognise({ host, port: 5060 }), host).toEqual({ own: true, how: 'remembered' });
    }
    expect(after.own.recognise({ host: 'x.example.com', tag })).toEqual({ own: true, how: 'tag' });
    clock.advance(12 * HOUR);
    expect(advertise({}, [moved], clock).own.recognise({ host: '203.0.113.7', port: 5060 }).own).toBe(false);
  });

  it('keeps the old settings where the new ones cannot be printed', () => {
    const me = advertise({ global: { host: '99.88.44.1' } }, [bare]);
    expect(() => me.update({ settings: { global: { host: 'a b' } } })).toThrow(
      expect.objectContaining({ code: 'SIP_BAD_FIELD' }),
    );
    expect(me.settings.global?.host).toBe('99.88.44.1');
    expect(me.printed({ listener: bare, destination: OUT }).printed).toBe('99.88.44.1:5060');
  });

  it('recognises, as a Route, every URI that it prints, on every transport and by every level', () => {
    const inputs: AdvertiseSettings[] = [
      {},
      { global: { host: 'sip.example.com' } },
      { global: { port: 5061 } },
    ];
    for (const transport of TRANSPORT_NAMES) {
      for (const port of [5060, 5061, 443, 80]) {
        for (const advertised of [undefined, { host: '2001:db8::7' }, { host: '99.88.44.33', port: 5060 }]) {
          for (const override of [undefined, { host: '203.0.113.7' }, { port: 5060 }]) {
            for (const settings of inputs) {
              const socket: Listener = { ...udp, name: 'it', transport, port, advertised };
              const me = advertise(settings, [socket]);
              for (const destination of [OUT, '10.0.0.50']) {
                const address = me.printed({ listener: socket, destination, override });
                const text = sipUriText({ address, transport });
                expect(me.own.recogniseRoute(uriOf(text)).listener, text).toBe(socket);
              }
            }
          }
        }
      }
    }
  });
});

/** Takes apart what `sipUriText` prints without user and parameters. */
function uriOf(text: string): {
  host: string;
  port: number | undefined;
  transport: TransportName | undefined;
} {
  const [, host = '', port, transport] =
    /^sip:(\[.*\]|[^:;]*)(?::(\d+))?(?:;transport=(\w+))?$/.exec(text) ?? [];
  return {
    host,
    port: port === undefined ? undefined : Number(port),
    transport: transport === undefined ? undefined : transportName(transport),
  };
}

import { describe, expect, it } from 'vitest';
import { Cidr } from '../base/ip.ts';
import type { Listener } from '../net/listener.ts';
import { explain, explanationText } from './explain.ts';
import { Networks } from './networks.ts';
import { AdvertisePolicy } from './policy.ts';

const public4: Listener = {
  name: 'udp:10.0.0.34:5060',
  transport: 'udp',
  address: '10.0.0.34',
  port: 5060,
  family: 4,
  advertised: { host: '99.88.44.33' },
};
const public6: Listener = { ...public4, name: 'udp:[2001:db8::34]:5060', address: '2001:db8::34', family: 6 };
const rules = [{ network: Cidr.parse('192.0.2.0/24')!, as: { port: 5080 } }];
const policy = new AdvertisePolicy({
  networks: new Networks({ rules }),
  global: { host: 'sip.example.com' },
});

describe('explain', () => {
  it('says what is printed inside, and why', () => {
    const [explanation, ...others] = explain(policy, [public4, public6], { to: '10.0.0.50' });
    expect(others).toEqual([]);
    expect(explanation?.printed.printed).toBe('10.0.0.34:5060');
    expect(explanation?.steps).toEqual([
      { level: 'override', value: undefined, gave: 'nothing', why: 'no script set one' },
      { level: 'destination-rule', value: undefined, gave: 'nothing', why: 'no rule has 10.0.0.50' },
      { level: 'inside', value: '10.0.0.34', gave: 'host', why: '10.0.0.50 is inside 10.0.0.0/8' },
      { level: 'listener', value: '99.88.44.33', gave: 'nothing', why: 'the as part of udp:10.0.0.34:5060' },
      { level: 'global', value: 'sip.example.com', gave: 'nothing', why: 'the global address' },
      { level: 'bound', value: '10.0.0.34', gave: 'port', why: 'udp:10.0.0.34:5060 is bound to it' },
    ]);
  });

  it('shows which level gave the host and which the port', () => {
    const [explanation] = explain(policy, [public4], { to: '192.0.2.9' });
    expect(explanation?.printed.printed).toBe('99.88.44.33:5080');
    expect(explanation?.steps.filter((it) => it.gave !== 'nothing')).toMatchObject([
      { level: 'destination-rule', value: ':5080', gave: 'port', why: '192.0.2.9 is in 192.0.2.0/24' },
      { level: 'listener', gave: 'host' },
    ]);
  });

  it('agrees with what the policy prints, for every listener and destination', () => {
    const override = { host: '203.0.113.7', port: 5090 };
    for (const to of ['10.0.0.50', '192.0.2.9', '198.51.100.7', '2001:db8::9', 'fd00::1']) {
      for (const it of [{}, { override }]) {
        for (const { listener, printed } of explain(policy, [public4, public6], { to, ...it })) {
          expect(printed).toEqual(policy.printed({ listener, destination: to, ...it }));
        }
      }
    }
  });

  it('tells why a listener on a public address prints its `as` inside', () => {
    const [explanation] = explain(policy, [public6], { to: 'fd00::1' });
    const inside = explanation?.steps.find((it) => it.level === 'inside');
    expect(inside?.why).toBe('fd00::1 is inside fc00::/7, but a listener on 2001:db8::34 has no inside');
  });

  it('prints for a terminal', () => {
    const [explanation] = explain(policy, [public4], { to: '198.51.100.7' });
    expect(explanationText(explanation!).split('\n')).toEqual([
      'udp:10.0.0.34:5060 prints 99.88.44.33:5060 to 198.51.100.7',
      expect.stringMatching(/^ {4}override +not set +no script set one$/),
      expect.stringMatching(/^ {4}destination-rule +not set +no rule has 198.51.100.7$/),
      expect.stringMatching(/^ {4}inside +not set +198.51.100.7 is not inside$/),
      expect.stringMatching(/^ {2}\* listener +99.88.44.33 +the as part of udp:10.0.0.34:5060 → gives host$/),
      expect.stringMatching(/^ {4}global +sip.example.com +the global address$/),
      expect.stringMatching(/^ {2}\* bound +10.0.0.34 +udp:10.0.0.34:5060 is bound to it → gives port$/),
    ]);
  });
});

import { expect, it } from 'vitest';
import { Advertise } from '../../advertise/advertise.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import type { Flow } from '../../net/flow.ts';
import type { Listener } from '../../net/listener.ts';
import { warningValue } from './warning.ts';

const listener: Listener = {
  name: 'udp:10.0.0.34:5060',
  transport: 'udp',
  address: '10.0.0.34',
  port: 5060,
  family: 4,
  advertised: { host: '99.88.44.33', port: 5060 },
};
const advertise = new Advertise({
  settings: {},
  listeners: [listener],
  key: Buffer.alloc(32),
  clock: new FakeClock(),
});

function flow(remoteAddress: string): Flow {
  return { listener, transport: 'udp', remoteAddress, remotePort: 5060, connectionId: 0, send: () => true };
}

it('names this server as the sender knows it', () => {
  expect(warningValue(advertise, flow('203.0.113.10'), 'Missing "To" header')).toBe(
    '399 99.88.44.33:5060 "Missing \\"To\\" header"',
  );
  expect(warningValue(advertise, flow('10.0.0.50'), 'Too Many Hops')).toBe(
    '399 10.0.0.34:5060 "Too Many Hops"',
  );
});

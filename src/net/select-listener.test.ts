import { describe, expect, it } from 'vitest';
import { type Listener, listenerName } from './listener.ts';
import { selectListener, subnetsOf } from './select-listener.ts';
import type { TransportName } from './transport-name.ts';

function listener(transport: TransportName, address: string, port = 5060): Listener {
  const family = address.includes(':') ? 6 : 4;
  return {
    name: listenerName(transport, address, port),
    transport,
    address,
    port,
    family,
    advertised: undefined,
  };
}

const LOOPBACK = listener('udp', '127.0.0.1');
const FIRST = listener('udp', '10.0.0.34');
const SECOND = listener('udp', '192.0.2.7');
const SIX = listener('udp', '2001:db8::34');
const TCP = listener('tcp', '10.0.0.34');
const ALL = [LOOPBACK, FIRST, SECOND, SIX, TCP];

const SUBNETS = subnetsOf({
  lo: [{ address: '127.0.0.1', netmask: '', family: 'IPv4', mac: '', internal: true, cidr: '127.0.0.1/8' }],
  eth0: [
    { address: '10.0.0.34', netmask: '', family: 'IPv4', mac: '', internal: false, cidr: '10.0.0.34/24' },
  ],
  eth1: [
    { address: '192.0.2.7', netmask: '', family: 'IPv4', mac: '', internal: false, cidr: '192.0.2.7/24' },
  ],
});

function choose(
  transport: TransportName,
  address: string,
  received?: Listener,
  list = ALL,
): Listener | undefined {
  return selectListener(list, { transport, address }, received, SUBNETS);
}

describe('selectListener', () => {
  it('stays on the socket that the request came in on', () => {
    expect(choose('udp', '10.0.0.99', SECOND)).toBe(SECOND);
  });

  it('leaves it where transport or family do not fit', () => {
    expect(choose('tcp', '10.0.0.99', SECOND)).toBe(TCP);
    expect(choose('udp', '2001:db8::9', SECOND)).toBe(SIX);
  });

  it('never sends from a loopback address to another machine', () => {
    expect(choose('udp', '198.51.100.1', LOOPBACK)).toBe(FIRST);
    expect(choose('udp', '198.51.100.1', undefined, [LOOPBACK])).toBeUndefined();
  });

  it('takes the listener whose subnet holds the destination, else the first that is no loopback', () => {
    expect(choose('udp', '192.0.2.200')).toBe(SECOND);
    expect(choose('udp', '127.0.0.9')).toBe(LOOPBACK);
    expect(choose('udp', '198.51.100.1')).toBe(FIRST);
    expect(selectListener(ALL, { transport: 'udp', address: '127.0.0.9' })).toBe(FIRST);
  });

  it('finds none where nothing fits', () => {
    expect(choose('tls', '198.51.100.1')).toBeUndefined();
    expect(choose('tcp', '2001:db8::9')).toBeUndefined();
    expect(choose('udp', 'example.com')).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import { expandListenSpec, type Interfaces } from './expand-listen-spec.ts';
import { type ListenSpec, parseListenSpec } from './listen-spec.ts';

function spec(text: string): ListenSpec {
  const result = parseListenSpec(text);
  if (!result.ok) throw new Error(`${text}: ${result.message}`);
  return result.spec;
}

function entry(address: string, family: 'IPv4' | 'IPv6') {
  const common = { address, netmask: '', mac: '', internal: false, cidr: null };
  return family === 'IPv4' ? { ...common, family } : { ...common, family, scopeid: 0 };
}

const INTERFACES: Interfaces = {
  lo: [entry('127.0.0.1', 'IPv4'), entry('::1', 'IPv6')],
  eth0: [entry('10.0.0.34', 'IPv4'), entry('2001:DB8::34', 'IPv6'), entry('fe80::1', 'IPv6')],
  eth1: [entry('192.0.2.7', 'IPv4')],
};

function expand(text: string) {
  const result = expandListenSpec(spec(text), INTERFACES);
  if (!result.ok) throw new Error(result.message);
  return result.listeners;
}

describe('parseListenSpec', () => {
  it('reads address, port and public address', () => {
    expect(spec('udp:10.0.0.34:5060 as 99.88.44.33:5070')).toEqual({
      transport: 'udp',
      host: '10.0.0.34',
      ports: [5060],
      advertisedHost: '99.88.44.33',
      advertisedPorts: [5070],
      name: undefined,
    });
  });

  it('takes the port of the transport where none is given', () => {
    expect(spec('UDP:10.0.0.34').ports).toEqual([5060]);
    expect(spec('tls:[2001:db8::1]').ports).toEqual([5061]);
  });

  it('reads IPv6 in brackets on both sides', () => {
    expect(spec('tcp:[::]:5060 as [2001:db8::9]:5080')).toMatchObject({
      host: '::',
      ports: [5060],
      advertisedHost: '2001:db8::9',
      advertisedPorts: [5080],
    });
  });

  it('reads port lists and ranges, names, and a public name or port alone', () => {
    expect(spec('udp:eth0:5060-5062,5070 name edge').ports).toEqual([5060, 5061, 5062, 5070]);
    expect(spec('udp:* tag edge-1 as sip.example.com')).toMatchObject({
      name: 'edge-1',
      advertisedHost: 'sip.example.com',
      advertisedPorts: undefined,
    });
    expect(spec('udp:10.0.0.34 as :5080')).toMatchObject({
      advertisedHost: undefined,
      advertisedPorts: [5080],
    });
  });

  it.each([
    ['', 1, 'a listener is missing'],
    ['10.0.0.34:5060', 1, 'does not begin with a transport'],
    ['sctp:10.0.0.34', 1, 'does not begin with a transport'],
    ['udp:', 5, 'the host is missing'],
    ['udp:10.0.0', 5, 'no address and no name'],
    ['udp:2001:db8::1', 5, 'without brackets'],
    ['udp:[10.0.0.34]', 5, 'no IPv6 address'],
    ['udp:[::1', 5, 'not closed'],
    ['udp:10.0.0.34:', 15, '"" is no port'],
    ['udp:10.0.0.34:65536', 15, '"65536" is no port'],
    ['udp:10.0.0.34:5060,sip', 20, '"sip" is no port'],
    ['udp:10.0.0.34:5070-5060', 15, 'runs backwards'],
    ['udp:10.0.0.34:1-9999', 15, 'more than 1000 ports'],
    ['udp:10.0.0.34:5060,5060', 20, 'listed twice'],
    ['udp:10.0.0.34 as', 17, 'an address after "as" is missing'],
    ['udp:10.0.0.34 as 0.0.0.0', 18, 'a wildcard cannot be printed'],
    ['udp:10.0.0.34 as [::]:5060', 18, 'a wildcard cannot be printed'],
    ['udp:10.0.0.34 as 99.88.44.33:0', 30, '"0" is no port'],
    ['udp:10.0.0.34:5060-5061 as 99.88.44.33:5060', 28, '1 ports after "as" for 2'],
    ['udp:10.0.0.34 as 1.2.3.4 as 1.2.3.4', 26, '"as" is not expected here'],
    ['udp:10.0.0.34 name', 19, 'a name after "name" is missing'],
    ['udp:10.0.0.34 name a/b', 20, 'no name'],
    ['udp:10.0.0.34 anycast', 15, '"anycast" is not expected here'],
  ])('refuses %j, naming the column', (text, column, message) => {
    const result = parseListenSpec(text);
    expect(result).toMatchObject({ ok: false, column, message: expect.stringContaining(message) });
    expect(!result.ok && result.hint).not.toBe('');
  });
});

describe('expandListenSpec', () => {
  it('leaves an address as it is, canonical', () => {
    expect(expand('udp:[2001:DB8:0::5] as [2001:db8::9]')).toEqual([
      {
        name: 'udp:[2001:db8::5]:5060',
        transport: 'udp',
        address: '2001:db8::5',
        port: 5060,
        family: 6,
        advertised: { host: '2001:db8::9' },
      },
    ]);
  });

  it.each([
    ['udp:eth0', ['10.0.0.34', '2001:db8::34']],
    ['udp:0.0.0.0', ['127.0.0.1', '10.0.0.34', '192.0.2.7']],
    ['udp:[::]', ['::1', '2001:db8::34']],
    ['udp:*', ['127.0.0.1', '::1', '10.0.0.34', '2001:db8::34', '192.0.2.7']],
  ])('OpenSIPS #1837: every listener of %s keeps the public address', (text, addresses) => {
    const listeners = expand(`${text}:5060 as 99.88.44.33:5070`);
    expect(listeners.map((listener) => listener.address)).toEqual(addresses);
    for (const { advertised, family } of listeners) {
      expect(advertised).toEqual(family === 4 ? { host: '99.88.44.33', port: 5070 } : undefined);
    }
    for (const { advertised } of expand(`${text}:5060 as edge.example.com`)) {
      expect(advertised).toEqual({ host: 'edge.example.com' });
    }
  });

  it('maps ports one to one', () => {
    const listeners = expand('udp:10.0.0.34:5060-5061 as 99.88.44.33:6060-6061');
    expect(listeners.map(({ port, advertised }) => [port, advertised?.port])).toEqual([
      [5060, 6060],
      [5061, 6061],
    ]);
  });

  it('keeps names unique', () => {
    const names = (text: string) => expand(text).map((listener) => listener.name);
    expect(names('udp:10.0.0.34 name edge')).toEqual(['edge']);
    expect(names('udp:10.0.0.34:5060,5062 name edge')).toEqual(['edge:5060', 'edge:5062']);
    expect(names('udp:eth0 name edge')).toEqual(['edge-10.0.0.34', 'edge-[2001:db8::34]']);
    expect(names('udp:eth0:1,2 name e')).toEqual([
      'e-10.0.0.34:1',
      'e-10.0.0.34:2',
      'e-[2001:db8::34]:1',
      'e-[2001:db8::34]:2',
    ]);
  });

  it('says which interfaces there are', () => {
    const result = expandListenSpec(spec('udp:eth9'), INTERFACES);
    expect(result).toMatchObject({ ok: false, hint: expect.stringContaining('lo, eth0, eth1') });
  });
});

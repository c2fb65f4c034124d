import { describe, expect, it } from 'vitest';
import { advertisedAddress, parseAddressParts, sipUriText } from './advertised-address.ts';

describe('parseAddressParts', () => {
  it.each([
    ['99.88.44.33', { host: '99.88.44.33' }],
    ['99.88.44.33:5060', { host: '99.88.44.33', port: 5060 }],
    ['[2001:db8::1]:5060', { host: '2001:db8::1', port: 5060 }],
    ['[2001:DB8::1]', { host: '2001:DB8::1' }],
    ['2001:db8::1', { host: '2001:db8::1' }],
    ['Sip.Example.com', { host: 'Sip.Example.com' }],
    ['sip_edge.example.com.:5080', { host: 'sip_edge.example.com.', port: 5080 }],
    ['localhost', { host: 'localhost' }],
    [':5080', { port: 5080 }],
  ])('%s', (text, parts) => {
    expect(parseAddressParts(text)).toEqual({ ok: true, parts });
  });

  it.each([
    '',
    ':',
    ':0',
    ':65536',
    'example.com:',
    'example.com:50x',
    'example.com:5060:5061',
    'exa mple.com',
    'example.com\r\nX: y',
    'example.com\n',
    'example.com\0',
    'user@example.com',
    'example.com;lr',
    '<example.com>',
    'example..com',
    '-example.com',
    '999.1.1.1',
    '010.0.0.1',
    '1.2.3',
    '[10.0.0.1]:5060',
    '[2001:db8::1',
    '[2001:db8::1]5060',
    '2001:db8::zz',
    'fe80::1%eth0',
    '0.0.0.0',
    '[::]:5060',
    `${'a'.repeat(300)}`,
  ])('refuses %j with a reason', (text) => {
    const result = parseAddressParts(text);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.reason).toMatch(/\w/);
  });
});

describe('advertisedAddress', () => {
  it('brackets IPv6 in what is printed and nowhere else', () => {
    const address = advertisedAddress('2001:db8::1', 5060, false);
    expect(address).toEqual({
      host: '2001:db8::1',
      port: 5060,
      printed: '[2001:db8::1]:5060',
      portGiven: false,
    });
    expect(Object.isFrozen(address)).toBe(true);
  });

  it.each([
    ['a\r\nb', 5060],
    ['', 5060],
    ['example.com', 0],
    ['example.com', Number.NaN],
  ])('throws on %j:%j, the last line before a message', (host, port) => {
    expect(() => advertisedAddress(host, port, true)).toThrow(
      expect.objectContaining({ code: 'SIP_BAD_FIELD' }),
    );
  });
});

describe('sipUriText', () => {
  const v4 = (port: number, portGiven = false) => advertisedAddress('99.88.44.33', port, portGiven);

  it.each([
    ['udp', v4(5060), 'sip:99.88.44.33'],
    ['udp', v4(5060, true), 'sip:99.88.44.33:5060'],
    ['udp', v4(5061), 'sip:99.88.44.33:5061'],
    ['tcp', v4(5060), 'sip:99.88.44.33;transport=tcp'],
    ['tls', v4(5061), 'sip:99.88.44.33;transport=tls'],
    ['ws', v4(80), 'sip:99.88.44.33:80;transport=ws'],
    ['wss', v4(443), 'sip:99.88.44.33:443;transport=wss'],
    ['udp', advertisedAddress('2001:db8::1', 5060, false), 'sip:[2001:db8::1]'],
  ] as const)('%s %j', (transport, address, text) => {
    expect(sipUriText({ address, transport })).toBe(text);
  });

  it('prints the port of TLS on 5060, which OpenSIPS leaves out', () => {
    expect(sipUriText({ address: v4(5060), transport: 'tls' })).toBe('sip:99.88.44.33:5060;transport=tls');
  });

  it('puts the user in front and the parameters behind', () => {
    expect(sipUriText({ user: 'alice', address: v4(5080), transport: 'tcp', params: ';lr;r2=on' })).toBe(
      'sip:alice@99.88.44.33:5080;transport=tcp;lr;r2=on',
    );
  });
});

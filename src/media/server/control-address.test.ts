import { describe, expect, it } from 'vitest';
import { parseControlAddress, printControlAddress } from './control-address.ts';

describe('parseControlAddress', () => {
  it.each([
    ['udp:127.0.0.1:9000', { kind: 'udp', host: '127.0.0.1', port: 9000 }],
    ['udp:127.0.0.1', { kind: 'udp', host: '127.0.0.1', port: 22222 }],
    ['udp:*:22223', { kind: 'udp', host: '0.0.0.0', port: 22223 }],
    ['udp:relay.example.com:9000', { kind: 'udp', host: 'relay.example.com', port: 9000 }],
    ['udp6:::1:9000', { kind: 'udp6', host: '::1', port: 9000 }],
    ['udp6:::1', { kind: 'udp6', host: '::1', port: 22222 }],
    ['udp6:[2001:db8::1]:9000', { kind: 'udp6', host: '2001:db8::1', port: 9000 }],
    ['udp6:[2001:db8::1]', { kind: 'udp6', host: '2001:db8::1', port: 22222 }],
    ['udp6:2001:db8::1', { kind: 'udp6', host: '2001:db8::1', port: 22222 }],
    ['tcp:192.168.0.1:9001', { kind: 'tcp', host: '192.168.0.1', port: 9001 }],
    ['tcp6:*', { kind: 'tcp6', host: '::', port: 22222 }],
    ['unix:/run/rtpproxy.sock', { kind: 'unix', path: '/run/rtpproxy.sock' }],
    ['/run/rtpproxy.sock', { kind: 'unix', path: '/run/rtpproxy.sock' }],
    ['cunix:relay.sock', { kind: 'cunix', path: 'relay.sock' }],
    ['stdio:', { kind: 'stdio', endsWithInput: false }],
    ['stdioc:', { kind: 'stdio', endsWithInput: true }],
  ])('reads %s', (text, address) => {
    expect(parseControlAddress(text)).toEqual(address);
    const printed = printControlAddress(parseControlAddress(text));
    expect(parseControlAddress(printed)).toEqual(address);
  });

  it.each([
    '',
    'udp:127.0.0.1:x',
    'udp:127.0.0.1:70000',
    'udp:[::1]:9000',
    'udp6:127.0.0.1',
    'unix:',
    'systemd:rtpproxy',
    'http:127.0.0.1:80',
  ])('refuses %s and says why', (text) => {
    expect(() => parseControlAddress(text)).toThrow(
      expect.objectContaining({ code: 'NET_BAD_CONTROL_SOCKET', hint: expect.stringMatching(/./) }),
    );
  });
});

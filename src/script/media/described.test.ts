import { describe, expect, it } from 'vitest';
import { Networks } from '../../advertise/networks.ts';
import { described, isReachable } from './described.ts';

function sdp(address: string, ...media: string[]): string {
  const family = address.includes(':') ? 6 : 4;
  return [
    'v=0',
    `o=- 1 1 IN IP4 192.0.2.1`,
    's=-',
    `c=IN IP${family} ${address}`,
    't=0 0',
    ...media,
    '',
  ].join('\r\n');
}

const AUDIO = 'm=audio 4000 RTP/AVP 0';

describe('described', () => {
  it('finds the addresses and the family of the media that are wanted', () => {
    const text = sdp(
      '10.0.0.50',
      AUDIO,
      'm=video 0 RTP/AVP 31',
      'c=IN IP4 10.0.0.51',
      AUDIO,
      AUDIO,
      'c=IN IP6 ::1',
    );
    expect(described(text)).toEqual({ family: 4, addresses: ['10.0.0.50', '::1'], byIceAlone: false });
    expect(described(sdp('2001:DB8::1', AUDIO))).toMatchObject({ family: 6, addresses: ['2001:db8::1'] });
  });

  it('finds no address in held media, names and what is no description', () => {
    expect(described(sdp('0.0.0.0', AUDIO))).toMatchObject({ family: 4, addresses: [] });
    expect(described(sdp('host.example', AUDIO))).toMatchObject({ addresses: [] });
    expect(described('hello')).toEqual({ family: undefined, addresses: [], byIceAlone: false });
  });

  it("knows a browser's: all its media by ICE and DTLS", () => {
    const browser = ['m=audio 9 UDP/TLS/RTP/SAVPF 111', 'a=ice-ufrag:x'];
    expect(described(sdp('0.0.0.0', ...browser)).byIceAlone).toBe(true);
    expect(described(sdp('0.0.0.0', ...browser, AUDIO)).byIceAlone).toBe(false);
    expect(described(sdp('10.0.0.50', AUDIO, 'a=ice-ufrag:x')).byIceAlone).toBe(false);
    expect(described(sdp('10.0.0.50')).byIceAlone).toBe(false);
  });
});

describe('isReachable', () => {
  const networks = new Networks();
  it.each([
    ['public, from where the message came', '203.0.113.10', '203.0.113.10', true],
    ['public, from elsewhere', '203.0.113.11', '203.0.113.10', true],
    ['inside, from inside', '10.0.0.51', '10.0.0.50', true],
    ['private, from behind a NAT', '192.168.1.20', '198.51.100.77', false],
    ['inside, said by a stranger', '10.0.0.50', '203.0.113.10', false],
    ['loopback, said by a neighbour', '127.0.0.1', '10.0.0.50', false],
    ['loopback, said on loopback', '127.0.0.2', '127.0.0.1', true],
    ['loopback, said on loopback', '::1', '::1', true],
    ['IPv6, said over IPv4', '2001:db8::1', '203.0.113.10', true],
    ['of a private network in IPv6, said by a stranger', 'fd00::1', '2001:db8::1', false],
  ])('%s', (_, address, source, reachable) => {
    expect(isReachable(described(sdp(address, AUDIO)), source, networks)).toBe(reachable);
  });
});

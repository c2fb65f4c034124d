import { parse as judge } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { SessionDescription } from './session-description.ts';

const OFFER = [
  'v=0',
  'o=alice 2890844526 2890844526 IN IP4 10.0.0.34',
  's=-',
  'c=IN IP4 10.0.0.34',
  'b=AS:256',
  't=0 0',
  'a=group:LS 1 2',
  'm=audio 49170 RTP/AVP 0 8 101',
  'i=voice',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-16',
  'a=rtcp:53020 IN IP6 2001:db8::1',
  'a=candidate:1 1 UDP 2130706431 10.0.0.34 49170 typ host',
  'a=candidate:2 1 UDP 1694498815 192.0.2.3 45664 typ srflx raddr 10.0.0.34 rport 49170',
  'a=sendonly',
  'm=video 51372/2 UDP/TLS/RTP/SAVPF 99',
  'c=IN IP6 2001:db8::7',
  'a=rtpmap:99 H264/90000',
  'a=rtcp-mux',
  'm=image 0 udptl t38',
  'x-unknown line',
  'q=something',
  '',
].join('\r\n');

function parsed(text: string): SessionDescription {
  const result = SessionDescription.parse(text);
  if (!result.ok) throw new Error(result.reason);
  return result.session;
}

function reason(text: string): string | undefined {
  const result = SessionDescription.parse(text);
  return result.ok ? undefined : result.reason;
}

const MINIMAL = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n';

describe('SessionDescription', () => {
  // It leaves out media whose port has a count.
  it('reads what sdp-transform reads', () => {
    const session = parsed(OFFER);
    const other = judge(OFFER.replace('51372/2', '51372'));
    expect(session.origin).toMatchObject({
      user: other.origin!.username,
      sessionId: String(other.origin!.sessionId),
      version: String(other.origin!.sessionVersion),
      connection: { family: other.origin!.ipVer, address: other.origin!.address },
    });
    expect(session.connection).toEqual({ family: 4, address: other.connection!.ip, suffix: '' });
    expect(session.media).toHaveLength(other.media.length);
    for (const [i, medium] of session.media.entries()) {
      const { type, port, protocol, payloads } = other.media[i]!;
      expect([medium.kind, medium.port, medium.protocol, medium.formats.join(' ')]).toEqual([
        type,
        port,
        protocol,
        String(payloads),
      ]);
      expect(medium.candidates.map(({ address }) => address)).toEqual(
        (other.media[i]!.candidates ?? []).map(({ ip }) => ip),
      );
    }
  });

  it('knows what each medium has of its own and what of the session', () => {
    const [audio, video, image] = parsed(OFFER).media;
    expect(audio!.connection?.address).toBe('10.0.0.34');
    expect(audio!.ownConnection).toBeUndefined();
    expect(audio!.rtcp).toEqual({
      port: 53020,
      connection: { family: 6, address: '2001:db8::1', suffix: '' },
    });
    expect(audio!.rtcpPort).toBe(53020);
    expect(audio!.payloadType('TELEPHONE-EVENT', 8000)).toBe(101);
    expect(audio!.payloadType('telephone-event', 48_000)).toBeUndefined();
    expect([audio!.direction, audio!.held, audio!.rtcpMux]).toEqual(['sendonly', true, false]);
    expect(video!.connection?.address).toBe('2001:db8::7');
    expect([video!.portCount, video!.rtcpPort, video!.rtcpMux, video!.held]).toEqual([2, 51373, true, false]);
    expect([image!.port, image!.rtcpPort, image!.direction]).toEqual([0, 0, 'sendrecv']);
  });

  it('takes the direction from the session where a medium says none', () => {
    const session = parsed(
      `${MINIMAL}a=inactive\r\nm=audio 4000 RTP/AVP 0\r\nm=audio 4002 RTP/AVP 0\r\na=recvonly\r\n`,
    );
    expect(session.media.map(({ direction, held }) => [direction, held])).toEqual([
      ['inactive', true],
      ['recvonly', false],
    ]);
  });

  it.each(['c=IN IP4 0.0.0.0', 'c=IN IP6 ::', 'c=IN IP6 0:0:0:0:0:0:0:0'])('calls %s held', (line) => {
    const [medium] = parsed(`${MINIMAL}m=audio 4000 RTP/AVP 0\r\n${line}\r\n`).media;
    expect([medium!.hasNullAddress, medium!.held]).toEqual([true, true]);
  });

  it('keeps bytes, whatever ends the lines', () => {
    for (const text of [OFFER, OFFER.replaceAll('\r\n', '\n'), OFFER.slice(0, -2), `${OFFER}\r\n`]) {
      expect(parsed(text).toString()).toBe(text);
    }
    expect(parsed('v=0\n').lineEnd).toBe('\n');
    expect(parsed('v=0').lineEnd).toBe('\r\n');
  });

  it('reads what phones send and grammars do not know', () => {
    const session = parsed('v=0\r\ns=\r\nm=audio 4000 RTP/AVP \r\nc=in ip4 phone.example.com \r\n\r\n');
    expect(session.origin).toBeUndefined();
    expect(session.media[0]).toMatchObject({ formats: [], connection: { address: 'phone.example.com' } });
    expect(parsed(`v=0\r\no=- ${'9'.repeat(20)} 1 IN IP4 192.0.2.1\r\n`).origin?.sessionId).toBe(
      '9'.repeat(20),
    );
    expect(
      parsed(`${MINIMAL}m=audio 4000 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127/3\r\n`).media[0]?.connection?.suffix,
    ).toBe('/127/3');
  });

  it.each([
    ['no-version', ''],
    ['no-version', 'o=- 1 1 IN IP4 192.0.2.1\r\n'],
    ['bad-origin', 'v=0\r\no=- 1 IN IP4 192.0.2.1\r\n'],
    ['bad-origin', 'v=0\r\no=- x 1 IN IP4 192.0.2.1\r\n'],
    ['bad-origin', 'v=0\r\no=- 1 1 IN IP4 2001:db8::1\r\n'],
    ['bad-connection', 'v=0\r\nc=IN IP4 2001:db8::1\r\n'],
    ['bad-connection', 'v=0\r\nc=IN IP6 192.0.2.1\r\n'],
    ['bad-connection', 'v=0\r\nc=ATM NSAP 1\r\n'],
    ['bad-connection', 'v=0\r\nc=IN IP4 300.0.2.1\r\n'],
    ['bad-connection', 'v=0\r\nc=IN IP6 [2001:db8::1]\r\n'],
    ['bad-connection', 'v=0\r\nm=audio 1 RTP/AVP 0\r\nc=\r\n'],
    ['bad-media', 'v=0\r\nm=audio 70000 RTP/AVP 0\r\n'],
    ['bad-media', 'v=0\r\nm=audio -1 RTP/AVP 0\r\n'],
    ['bad-media', 'v=0\r\nm=audio 4000/0 RTP/AVP 0\r\n'],
    ['bad-media', 'v=0\r\nm=audio 4000\r\n'],
    ['bad-media', `v=0\r\nm=audio 4000 RTP/AVP${' 0'.repeat(1000)}\r\n`],
    ['too-many-media', `v=0\r\n${'m=audio 4000 RTP/AVP 0\r\n'.repeat(65)}`],
    ['too-many-lines', `v=0\r\n${'m=audio 4000 RTP/AVP 0\r\n'.repeat(10_000)}`],
    ['too-many-lines', `v=0\r\n${'\n'.repeat(10_000)}`],
  ])('refuses %s', (expected, text) => {
    expect(reason(text)).toBe(expected);
  });
});

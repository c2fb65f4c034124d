import { parse as judge } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { hostPriority, parseCandidate } from './candidate.ts';
import { SdpEdit } from './edit.ts';
import { isRelayedProtocol } from './protocol.ts';
import { SessionDescription } from './session-description.ts';

const RELAY = { address: '99.88.44.33', port: 35000 };
const HEAD = ['v=0', 'o=- 1 7 IN IP4 10.0.0.34', 's=-', 'c=IN IP4 10.0.0.34', 't=0 0'];

function sdp(...lines: string[]): string {
  return [...lines, ''].join('\r\n');
}

function edited(text: string, edit: (edit: SdpEdit, session: SessionDescription) => unknown): string {
  const result = SessionDescription.parse(text);
  if (!result.ok) throw new Error(result.reason);
  const changes = new SdpEdit(result.session);
  edit(changes, result.session);
  return changes.toString();
}

function moved(text: string, replaceNull = false): string {
  return edited(text, (edit, { media }) => {
    for (const [i, medium] of media.entries())
      edit.setMedia(medium, { ...RELAY, port: RELAY.port + 2 * i, replaceNull });
  });
}

describe('SdpEdit', () => {
  it('changes nothing where nothing is edited', () => {
    const text = 'v=0\no=-  1 7 IN IP4 10.0.0.34\nc=IN  IP4 10.0.0.34\nx\nm=audio  4000/2 RTP/AVP 0\n\n';
    expect(edited(text, () => undefined)).toBe(text);
  });

  it('moves media whose address is that of the session', () => {
    expect(moved(sdp(...HEAD, 'm=audio 4000 RTP/AVP 0', 'a=ptime:20', 'm=video 4002/2 RTP/AVP 99'))).toBe(
      sdp(
        ...HEAD.slice(0, 3),
        'c=IN IP4 99.88.44.33',
        't=0 0',
        'm=audio 35000 RTP/AVP 0',
        'a=ptime:20',
        'm=video 35002 RTP/AVP 99',
      ),
    );
  });

  it('moves media with an address of their own, and leaves that of the session', () => {
    expect(moved(sdp(...HEAD, 'm=audio 4000 RTP/AVP 0', 'c=IN IP6 2001:db8::1'))).toBe(
      sdp(...HEAD, 'm=audio 35000 RTP/AVP 0', 'c=IN IP4 99.88.44.33'),
    );
  });

  it('moves the address of the session on request, but no medium that is to stay', () => {
    const text = sdp(...HEAD, 'm=audio 4000 RTP/AVP 0', 'i=voice', 'm=text 4004 TCP/MSRP *');
    expect(edited(text, (edit, { media }) => edit.setMedia(media[0]!, RELAY))).toBe(
      sdp(...HEAD, 'm=audio 35000 RTP/AVP 0', 'i=voice', 'c=IN IP4 99.88.44.33', 'm=text 4004 TCP/MSRP *'),
    );
    expect(
      edited(text, (edit, { media }) => edit.setMedia(media[0]!, RELAY).setSessionAddress(RELAY.address)),
    ).toBe(
      sdp(
        ...HEAD.slice(0, 3),
        'c=IN IP4 99.88.44.33',
        't=0 0',
        'm=audio 35000 RTP/AVP 0',
        'i=voice',
        'm=text 4004 TCP/MSRP *',
        'c=IN IP4 10.0.0.34',
      ),
    );
  });

  it('leaves refused media, and lets them hold back nothing', () => {
    expect(moved(sdp(...HEAD, 'm=audio 0 RTP/AVP 0', 'm=audio 4000 RTP/AVP 0'))).toBe(
      sdp(
        ...HEAD.slice(0, 3),
        'c=IN IP4 99.88.44.33',
        't=0 0',
        'm=audio 0 RTP/AVP 0',
        'm=audio 35002 RTP/AVP 0',
      ),
    );
  });

  it('keeps the null address of held media unless told otherwise', () => {
    const own = sdp(...HEAD, 'm=audio 4000 RTP/AVP 0', 'c=IN IP4 0.0.0.0');
    expect(moved(own)).toBe(sdp(...HEAD, 'm=audio 35000 RTP/AVP 0', 'c=IN IP4 0.0.0.0'));
    expect(moved(own, true)).toBe(sdp(...HEAD, 'm=audio 35000 RTP/AVP 0', 'c=IN IP4 99.88.44.33'));
    expect(moved(sdp('v=0', 'c=IN IP4 0.0.0.0', 'm=audio 4000 RTP/AVP 0'))).toBe(
      sdp('v=0', 'c=IN IP4 0.0.0.0', 'm=audio 35000 RTP/AVP 0'),
    );
  });

  it('gives an address to media that had none, and goes from IPv4 to IPv6', () => {
    const text = sdp('v=0', 'm=audio 4000 RTP/AVP 0', 'a=ptime:20');
    expect(
      edited(text, (edit, { media }) => edit.setMedia(media[0]!, { address: '2001:db8::9', port: 2 })),
    ).toBe(sdp('v=0', 'm=audio 2 RTP/AVP 0', 'c=IN IP6 2001:db8::9', 'a=ptime:20'));
  });

  it('sends RTCP where it belongs', () => {
    const text = sdp(...HEAD, 'm=audio 4000 RTP/AVP 0', 'a=rtcp:4009', 'a=rtcp-mux');
    expect(moved(text)).toContain('a=rtcp:35001 IN IP4 99.88.44.33\r\na=rtcp-mux\r\n');
    const mux = sdp(...HEAD, 'm=audio 4000 RTP/AVP 0', 'a=rtcp-mux');
    expect(
      edited(mux, (edit, { media }) => edit.setMedia(media[0]!, { ...RELAY, rtcpPort: 35000 })),
    ).not.toContain('a=rtcp:');
    expect(edited(mux, (edit, { media }) => edit.setMedia(media[0]!, { ...RELAY, rtcpPort: 7 }))).toContain(
      'a=rtcp-mux\r\na=rtcp:7 IN IP4 99.88.44.33\r\n',
    );
  });

  it('sets the origin', () => {
    expect(edited(sdp(...HEAD), (edit) => edit.setOrigin('2001:db8::9', '8'))).toContain(
      'o=- 1 8 IN IP6 2001:db8::9\r\n',
    );
  });

  it('adds a line once, also to a body without a last line end or with an empty line there', () => {
    const mark = (text: string) =>
      edited(text, (edit) => edit.addLineOnce('a=nortpproxy:yes').addLineOnce('a=nortpproxy:yes'));
    const marked = 'v=0\r\ns=-\r\na=nortpproxy:yes\r\n';
    expect(mark('v=0\r\ns=-\r\n')).toBe(marked);
    expect(mark('v=0\r\ns=-')).toBe(marked);
    expect(mark('v=0\r\ns=-\r\n\r\n')).toBe(`${marked}\r\n`);
    expect(mark(marked)).toBe(marked);
    expect(mark('v=0\ns=-\n')).toBe('v=0\ns=-\na=nortpproxy:yes\n');
  });

  const ICE = [
    'a=ice-ufrag:8hhY',
    'a=candidate:1 1 UDP 2130706431 10.0.0.34 4000 typ host',
    'a=candidate:1 2 UDP 2130706430 10.0.0.34 4001 typ host generation 0',
    'a=remote-candidates:1 192.0.2.9 5000',
    'a=end-of-candidates',
  ];

  it('removes ICE from session and media together', () => {
    const text = sdp(...HEAD, 'a=ice-lite', 'm=audio 4000 RTP/AVP 0', ...ICE, 'a=sendrecv');
    expect(edited(text, (edit) => edit.removeIce())).toBe(
      sdp(...HEAD, 'm=audio 4000 RTP/AVP 0', 'a=sendrecv'),
    );
  });

  it('replaces candidates in place and drops what the other side chose of the old ones', () => {
    const text = sdp(...HEAD, 'm=audio 4000 RTP/AVP 0', ...ICE);
    const ours = parseCandidate(`r 1 UDP ${hostPriority(1)} 99.88.44.33 35000 typ host`)!;
    expect(
      edited(text, (edit, { media }) => edit.setCandidates(media[0]!, [ours, ...media[0]!.candidates])),
    ).toBe(
      sdp(
        ...HEAD,
        'm=audio 4000 RTP/AVP 0',
        ICE[0]!,
        'a=candidate:r 1 UDP 2130706431 99.88.44.33 35000 typ host',
        ICE[1]!,
        ICE[2]!,
        ICE[4]!,
      ),
    );
  });

  it('writes what sdp-transform reads', () => {
    const text = sdp(
      ...HEAD,
      'm=audio 4000 RTP/AVP 0 8',
      'a=rtcp:4009',
      ...ICE,
      'm=video 4002 RTP/AVP 99',
      'c=IN IP6 ::1',
    );
    const read = judge(
      edited(text, (edit, { media: [audio, video] }) =>
        edit
          .setMedia(audio!, { address: '2001:db8::9', port: 35000 })
          .setCandidates(audio!, [parseCandidate(`r 1 UDP ${hostPriority(1)} 2001:db8::9 35000 typ host`)!])
          .setMedia(video!, { ...RELAY, rtcpPort: 35009 })
          .setOrigin('2001:db8::9', '8')
          .addLineOnce('a=nortpproxy:yes'),
      ),
    );
    expect(read.origin).toMatchObject({ sessionVersion: 8, ipVer: 6, address: '2001:db8::9' });
    expect(read.connection).toEqual({ version: 6, ip: '2001:db8::9' });
    expect(read.media[0]).toMatchObject({
      port: 35000,
      rtcp: { port: 35001, ipVer: 6, address: '2001:db8::9' },
      candidates: [{ ip: '2001:db8::9', port: 35000, component: 1, type: 'host' }],
      iceUfrag: '8hhY',
    });
    expect(read.media[1]).toMatchObject({
      port: 35000,
      connection: { version: 4, ip: RELAY.address },
      rtcp: { port: 35009, address: RELAY.address },
      invalid: [{ value: 'nortpproxy:yes' }],
    });
  });

  it('turns the direction round', () => {
    const text = sdp(...HEAD, 'm=audio 4000 RTP/AVP 0', 'a=sendonly', 'a=ptime:20');
    expect(edited(text, (edit, { media }) => edit.setDirection(media[0]!, 'sendrecv'))).toBe(
      sdp(...HEAD, 'm=audio 4000 RTP/AVP 0', 'a=ptime:20', 'a=sendrecv'),
    );
  });

  it('prints the same twice', () => {
    const text = sdp(...HEAD, 'm=audio 4000 RTP/AVP 0');
    edited(text, (edit, { media }) => {
      edit.setMedia(media[0]!, { ...RELAY, rtcpPort: 9 });
      expect(edit.toString()).toBe(edit.toString());
    });
  });

  it.each(['1.2.3.4\r\na=x', '1.2.3', '', 'a b', '[::1]', '2001:db8::x'])(
    'refuses the address "%s"',
    (address) => {
      expect(() => edited(sdp(...HEAD), (edit) => edit.setSessionAddress(address))).toThrow('media address');
    },
  );
});

describe('isRelayedProtocol', () => {
  it('knows what goes in datagrams', () => {
    expect(['RTP/AVP', 'udptl', 'UDP/TLS/RTP/SAVPF', 'TCP/MSRP'].map(isRelayedProtocol)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

import fc from 'fast-check';
import { parse } from 'sdp-transform';
import { describe, expect, it } from 'vitest';
import { SessionDescription } from '../../wire/sdp/session-description.ts';
import type { MediaResult, Relayed, RelayedAddress } from './media-control.ts';
import type { MediaFlags } from './media-flags.ts';
import { printRelayed, relayedMedia } from './relayed-description.ts';
import { controlUnderTest, lines, question, sdp } from './testing/control-under-test.ts';

const MARK = 'a=nortpproxy:yes';

function relayed(result: MediaResult): Relayed {
  return result.ok ? result : expect.fail(result.reason);
}

const own = ({ address }: RelayedAddress) => address!;

/** What becomes of a description whose media go to 10.0.0.1, ports 40000, 40002 … */
async function printed(description: string, flags: MediaFlags = {}, to = own): Promise<string> {
  await using test = await controlUnderTest();
  return relayed(await test.control.offer(question(description, { flags }))).print(to);
}

describe('a description that is relayed', () => {
  it('names the relay where it named the phone', async () => {
    const media = ['m=audio 8000 RTP/AVP 0 8', 'a=rtpmap:0 PCMU/8000', 'a=sendrecv'];
    expect(await printed(sdp('10.9.9.9', ...media))).toBe(
      lines(
        'v=0',
        'o=alice 1 1 IN IP4 10.9.9.9',
        's=-',
        'c=IN IP4 10.0.0.1',
        't=0 0',
        'm=audio 40000 RTP/AVP 0 8',
        'a=rtpmap:0 PCMU/8000',
        'a=sendrecv',
        MARK,
      ),
    );
  });

  it.each<[string, string[], MediaFlags, string[]]>([
    [
      'each medium with its own address',
      [
        'c=IN IP4 10.1.1.1',
        'm=audio 8000 RTP/AVP 0',
        'c=IN IP4 10.2.2.2',
        'm=video 8002 RTP/AVP 96',
        'c=IN IP4 10.3.3.3',
      ],
      {},
      [
        'c=IN IP4 10.1.1.1',
        'm=audio 40000 RTP/AVP 0',
        'c=IN IP4 10.0.0.1',
        'm=video 40002 RTP/AVP 96',
        'c=IN IP4 10.0.0.1',
      ],
    ],
    [
      'c: the address of the session too',
      ['c=IN IP4 10.1.1.1', 'm=audio 8000 RTP/AVP 0', 'c=IN IP4 10.2.2.2'],
      { sessionConnection: true },
      ['c=IN IP4 10.0.0.1', 'm=audio 40000 RTP/AVP 0', 'c=IN IP4 10.0.0.1'],
    ],
    [
      'a=rtcp where it is written',
      [
        'c=IN IP4 10.1.1.1',
        'm=audio 8000 RTP/AVP 0',
        'a=rtcp:8001',
        'm=video 8002 RTP/AVP 96',
        'a=rtcp:53020 IN IP4 10.1.1.2',
      ],
      {},
      [
        'c=IN IP4 10.0.0.1',
        'm=audio 40000 RTP/AVP 0',
        'a=rtcp:40001 IN IP4 10.0.0.1',
        'm=video 40002 RTP/AVP 96',
        'a=rtcp:40003 IN IP4 10.0.0.1',
      ],
    ],
    [
      'RTCP on the port of RTP stays there',
      ['c=IN IP4 10.1.1.1', 'm=audio 8000 RTP/AVP 0', 'a=rtcp-mux', 'a=rtcp:8000 IN IP4 10.1.1.1'],
      {},
      ['c=IN IP4 10.0.0.1', 'm=audio 40000 RTP/AVP 0', 'a=rtcp-mux', 'a=rtcp:40000 IN IP4 10.0.0.1'],
    ],
    [
      'a held medium keeps its null address, and gets a port',
      ['c=IN IP4 0.0.0.0', 'm=audio 8000 RTP/AVP 0'],
      {},
      ['c=IN IP4 0.0.0.0', 'm=audio 40000 RTP/AVP 0'],
    ],
    [
      'one held medium of two keeps its null address',
      ['c=IN IP4 10.1.1.1', 'm=audio 8000 RTP/AVP 0', 'c=IN IP4 0.0.0.0', 'm=video 8002 RTP/AVP 96'],
      {},
      ['c=IN IP4 10.0.0.1', 'm=audio 40000 RTP/AVP 0', 'c=IN IP4 0.0.0.0', 'm=video 40002 RTP/AVP 96'],
    ],
    [
      'a refused medium stays refused',
      ['c=IN IP4 10.1.1.1', 'm=audio 8000 RTP/AVP 0', 'm=video 0 RTP/AVP 96'],
      {},
      ['c=IN IP4 10.0.0.1', 'm=audio 40000 RTP/AVP 0', 'm=video 0 RTP/AVP 96'],
    ],
    [
      'what no relay carries keeps its address',
      [
        'c=IN IP4 10.1.1.1',
        'm=audio 8000 RTP/AVP 0',
        'm=message 2855 TCP/MSRP *',
        'a=path:msrp://10.1.1.1:2855/s;tcp',
      ],
      {},
      [
        'c=IN IP4 10.1.1.1',
        'm=audio 40000 RTP/AVP 0',
        'c=IN IP4 10.0.0.1',
        'm=message 2855 TCP/MSRP *',
        'a=path:msrp://10.1.1.1:2855/s;tcp',
      ],
    ],
    [
      'keys and fingerprints stay',
      ['c=IN IP4 10.1.1.1', 'm=audio 8000/2 RTP/SAVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc'],
      {},
      ['c=IN IP4 10.0.0.1', 'm=audio 40000 RTP/SAVP 0', 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc'],
    ],
  ])('%s', async (_, before, flags, after) => {
    const head = ['v=0', 'o=- 1 1 IN IP4 10.1.1.1', 's=-', 't=0 0'];
    expect(await printed(lines(...head, ...before), flags)).toBe(lines(...head, ...after, MARK));
  });

  it('has the relay in o= where the flags say so', async () => {
    const text = await printed(sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0'), { origin: true });
    expect(text).toContain('o=alice 1 1 IN IP4 10.0.0.1\r\n');
  });

  it('is left alone with k, while the relay is told', async () => {
    const description = sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0');
    expect(await printed(description, { keepBody: true })).toBe(description);
  });

  it('that another relay has marked is left alone, unless the flags say otherwise', async () => {
    await using test = await controlUnderTest();
    const marked = sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0', MARK);
    expect(await test.control.offer(question(marked))).toMatchObject({ ok: false, fault: 'already-relayed' });
    expect(test.relays.relay('10.0.0.1').commands).toEqual([]);
    const text = await printed(marked, { force: true });
    expect(text).toContain('m=audio 40000 ');
    expect(text.split(MARK)).toHaveLength(2);
  });

  it('has another mark, or none, where that is configured', async () => {
    for (const mark of ['a=relayed:by-us', '']) {
      await using test = await controlUnderTest({ set: { mark } });
      const result = await test.control.offer(question(sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0', MARK)));
      expect(relayed(result).print(own).split('\r\n').slice(-3)).toEqual(
        mark === '' ? ['m=audio 40000 RTP/AVP 0', MARK, ''] : [MARK, mark, ''],
      );
    }
  });

  it('is printed for each reader with the address that this one can reach', async () => {
    await using test = await controlUnderTest({ sockets: ['udp:10.0.0.1|99.88.44.33'] });
    const flags = { origin: true };
    const result = relayed(
      await test.control.offer(question(sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0', 'a=rtcp:8001'), { flags })),
    );
    const inside = result.print(own);
    const outside = result.print(({ advertised }) => advertised!);
    expect(inside).toContain('c=IN IP4 10.0.0.1\r\n');
    expect(outside).toBe(inside.replaceAll('10.0.0.1', '99.88.44.33'));
    expect(result.print(() => '2001:db8::5')).toBe(inside.replaceAll('IP4 10.0.0.1', 'IP6 2001:db8::5'));
    expect(result.media).toEqual([
      { index: 0, port: 40_000, address: '10.0.0.1', family: 4, advertised: '99.88.44.33', local: false },
    ]);
  });

  it('asks what to print where the relay tells no address', async () => {
    await using test = await controlUnderTest({ sockets: ['udp:127.0.0.1'] });
    test.relays.relay('127.0.0.1').answering = () => '40000';
    const result = relayed(await test.control.offer(question(sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0'))));
    const asked: RelayedAddress[] = [];
    const text = result.print((relay) => {
      asked.push(relay);
      return '99.88.44.33';
    });
    expect(asked).toMatchObject([{ address: undefined, family: 4, local: true, advertised: undefined }]);
    expect(text).toContain('c=IN IP4 99.88.44.33\r\n');
  });

  it('speaks of the family that the relay answers', async () => {
    await using test = await controlUnderTest();
    test.relays.relay('10.0.0.1').answering = () => '40000 2001:db8::1 6';
    const result = relayed(await test.control.offer(question(sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0'))));
    expect(result.media).toMatchObject([{ family: 6 }]);
    expect(result.print(own)).toContain('c=IN IP6 2001:db8::1\r\n');
  });

  it('needs no relay for what has no media to relay, but one that is there', async () => {
    await using test = await controlUnderTest();
    const description = sdp('10.9.9.9', 'm=audio 0 RTP/AVP 0');
    const result = relayed(await test.control.offer(question(description)));
    expect(result.media).toEqual([]);
    expect(result.print(own)).toBe(`${description}${MARK}\r\n`);
  });

  it.each([
    '',
    'hello',
    'v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n',
    'v=0\r\nm=audio 99999 RTP/AVP 0\r\n',
  ])('%j is none', async (text) => {
    await using test = await controlUnderTest();
    expect(await test.control.offer(question(text))).toMatchObject({ ok: false, fault: 'bad-description' });
  });
});

describe('ICE', () => {
  const candidates = [
    'a=ice-ufrag:F7gI',
    'a=ice-pwd:x9cml/YzichV2+XlhiMu8g',
    'a=candidate:1 1 UDP 2130706431 10.9.9.9 8000 typ host',
    'a=candidate:1 2 UDP 2130706430 10.9.9.9 8001 typ host',
  ];

  it('goes, so that nobody passes the relay by', async () => {
    const text = await printed(
      sdp('10.9.9.9', 'a=ice-options:trickle', 'm=audio 8000 RTP/AVP 0', ...candidates),
    );
    expect(text).not.toMatch(/a=ice|candidate/);
  });

  it('stays with media that are not relayed', async () => {
    const text = await printed(
      sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0', ...candidates, 'm=message 2855 TCP/MSRP *', ...candidates),
    );
    const [audio, message] = text.split('m=message');
    expect(audio).not.toMatch(/a=ice|candidate/);
    expect(message).toContain(lines(...candidates));
  });

  it('leaves the relay as the only candidate where that is wanted', async () => {
    const text = await printed(sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0', ...candidates), { ice: 'replace' });
    expect(text.match(/a=candidate.*/g)).toEqual([
      'a=candidate:1 1 UDP 2130706431 10.0.0.1 40000 typ host',
      'a=candidate:1 2 UDP 2130706430 10.0.0.1 40001 typ host',
    ]);
    expect(text).toContain('a=ice-ufrag:F7gI');
    const muxed = await printed(sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0', 'a=rtcp-mux', ...candidates), {
      ice: 'replace',
    });
    expect(muxed.match(/a=candidate.*/g)).toHaveLength(1);
    expect(await printed(sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0'), { ice: 'replace' })).not.toContain(
      'candidate',
    );
  });

  it('stays as it is where that is wanted, as with OpenSIPS', async () => {
    const text = await printed(sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0', ...candidates), { ice: 'keep' });
    expect(text).toContain(lines(...candidates));
  });
});

const medium = fc.record({
  port: fc.constantFrom(0, 8000, 9000),
  protocol: fc.constantFrom('RTP/AVP', 'RTP/SAVPF', 'TCP/MSRP', 'udptl'),
  own: fc.constantFrom(undefined, '10.2.2.2', '0.0.0.0'),
  attributes: fc.subarray([
    'a=rtcp:8001',
    'a=rtcp-mux',
    'a=sendonly',
    'a=candidate:1 1 UDP 1 10.9.9.9 8000 typ host',
  ]),
});

it('says to any reader just what the relay has, in every description (judged by sdp-transform)', () => {
  fc.assert(
    fc.property(
      fc.array(medium, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      fc.boolean(),
      (media, sessionConnection, origin) => {
        const body = media.flatMap(({ port, protocol, own, attributes }) => [
          `m=audio ${port} ${protocol} 0`,
          ...(own === undefined ? [] : [`c=IN IP4 ${own}`]),
          ...attributes,
        ]);
        const parsed = SessionDescription.parse(sdp('10.1.1.1', ...body));
        if (!parsed.ok) expect.fail(parsed.reason);
        const numbered = relayedMedia(parsed.session);
        const ports = numbered.map(({ medium: { index }, number }) => ({
          index,
          port: 30_000 + 2 * number,
          address: '10.0.0.1',
          family: 4 as const,
          advertised: undefined,
          local: true,
        }));
        const before = parse(parsed.session.text);
        const flags = { sessionConnection, origin };
        const after = parse(printRelayed(parsed.session, ports, flags, MARK, () => '99.88.44.33'));
        const addressOf = (description: typeof before, i: number) =>
          (description.media[i]!.connection ?? description.connection)!.ip;
        expect(after.media).toHaveLength(before.media.length);
        for (const [i, was] of before.media.entries()) {
          const is = after.media[i]!;
          const relayed = ports.find(({ index }) => index === i);
          const wasNull = addressOf(before, i) === '0.0.0.0';
          expect(is.port).toBe(relayed?.port ?? was.port);
          if (was.port !== 0) {
            expect(addressOf(after, i)).toBe(relayed && !wasNull ? '99.88.44.33' : addressOf(before, i));
          }
          if (relayed && is.rtcp)
            expect(is.rtcp).toMatchObject({ port: relayed.port + 1, address: '99.88.44.33' });
          if (relayed) expect(is.candidates).toBeUndefined();
          expect(is.direction).toBe(was.direction);
        }
        expect(after.origin!.address).toBe(origin && ports.length > 0 ? '99.88.44.33' : '10.1.1.1');
      },
    ),
  );
});

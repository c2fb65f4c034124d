import { describe, expect, it } from 'vitest';
import type { MediaQuestion, MediaResult, Relayed } from './media-control.ts';
import type { MediaFlags } from './media-flags.ts';
import { controlUnderTest, lines, question, sdp } from './testing/control-under-test.ts';

const AUDIO = 'm=audio 8000 RTP/AVP 0 8 101';
const VIDEO = 'm=video 8002 RTP/AVP 96';

function relayed(result: MediaResult): Relayed {
  return result.ok ? result : expect.fail(result.reason);
}

describe('commands', () => {
  it('are those of OpenSIPS for INVITE, 200 and BYE', async () => {
    await using test = await controlUnderTest();
    const { control, relays } = test;
    const offered = await control.offer(question(sdp('10.9.9.9', AUDIO, VIDEO)));
    expect(relayed(offered).node).toBe('udp:10.0.0.1');
    const answer = { toTag: 'tt1', source: '127.0.77.2' };
    await control.answer(question(sdp('10.9.9.8', 'm=audio 9000 RTP/AVP 0'), answer));
    expect(await control.delete({ callId: 'CALL', fromTag: 'ft1', toTag: 'tt1' })).toEqual({
      ok: true,
      node: 'udp:10.0.0.1',
    });
    expect(relays.relay('10.0.0.1').commands).toEqual([
      'Uc0,8,101 CALL 127.0.77.1 8000 ft1;1',
      'Uc96 CALL 127.0.77.1 8002 ft1;2',
      'Lc0 CALL 127.0.77.2 9000 ft1;1 tt1;1',
      'D CALL ft1 tt1',
    ]);
  });

  it.each<[string, 'offer' | 'answer', Partial<MediaQuestion>, string]>([
    ['re-INVITE of the caller', 'offer', { toTag: 'tt1' }, 'U ft1;1 tt1;1'],
    ['re-INVITE of the callee', 'offer', { fromTag: 'tt1', toTag: 'ft1' }, 'U tt1;1 ft1;1'],
    ['its 200', 'answer', { fromTag: 'tt1', toTag: 'ft1' }, 'L tt1;1 ft1;1'],
    ['183 without To tag', 'answer', {}, 'L ft1;1'],
    ['offer of a call that must exist', 'offer', { flags: { onlyExisting: true } }, 'L dummy;1 ft1;1'],
    ['the same with both tags', 'offer', { toTag: 'tt1', flags: { onlyExisting: true } }, 'L tt1;1 ft1;1'],
    ['answer of a call that must exist', 'answer', { flags: { onlyExisting: true } }, 'L ft1;1 dummy;1'],
  ])('of a %s', async (_, kind, more, command) => {
    await using test = await controlUnderTest();
    await test.control[kind](question(sdp('10.9.9.9', 'm=audio 8000 udp x'), more));
    const [letter, ...tags] = command.split(' ');
    expect(test.relays.relay('10.0.0.1').commands).toEqual([
      `${letter} CALL 127.0.77.1 8000 ${tags.join(' ')}`,
    ]);
  });

  it.each<[string, Partial<MediaQuestion>, string]>([
    ['r', { flags: { trustAddress: true } }, 'U CALL 10.9.9.9 8000 ft1;1'],
    ['a', { flags: { asymmetric: true } }, 'UA CALL 10.9.9.9 8000 ft1;1'],
    ['s', { flags: { asymmetric: false } }, 'US CALL 127.0.77.1 8000 ft1;1'],
    ['ie', { flags: { directions: ['internal', 'external'] } }, 'UIE CALL 127.0.77.1 8000 ft1;1'],
    ['z20', { flags: { packetTime: 20 } }, 'UZ20 CALL 127.0.77.1 8000 ft1;1'],
    ['t30', { flags: { ttl: 30 } }, 'U CALL 127.0.77.1 8000 ft1;1 && S ttl=30'],
    ['t', { flags: { ttl: 0 } }, 'U CALL 127.0.77.1 8000 ft1;1'],
    ['IPv6', { source: '2001:db8::7' }, 'U6 CALL 2001:db8::7 8000 ft1;1'],
    ['an address of the relay', { local: '10.0.0.6' }, 'Ul10.0.0.6 CALL 127.0.77.1 8000 ft1;1'],
    ['a label of one', { local: '{priv}' }, 'Ul{priv} CALL 127.0.77.1 8000 ft1;1'],
    [
      'a reader of the other family',
      { reader: '2001:db8::7', toFamily: 6 },
      'UR[2001:db8::7] CALL 127.0.77.1 8000 ft1;1',
    ],
    ['a reader of the same', { reader: '192.0.2.7', toFamily: 4 }, 'U CALL 127.0.77.1 8000 ft1;1'],
    ['n', { flags: { notify: true }, tag: '12.7' }, 'U CALL 127.0.77.1 8000 ft1;1 tcp:10.0.0.9:9999 T12.7'],
    [
      'n with a socket',
      { flags: { notify: 'unix:/s' }, tag: '1' },
      'U CALL 127.0.77.1 8000 ft1;1 unix:/s T1',
    ],
    ['n without a tag', { flags: { notify: true } }, 'U CALL 127.0.77.1 8000 ft1;1'],
    [
      'd',
      { flags: { keys: true }, tag: '12.7' },
      'U CALL 127.0.77.1 8000 ft1;1 tcp:10.0.0.9:9999 I && M3:1 Dd12.7',
    ],
    [
      'nd96',
      { flags: { notify: true, keys: 96 }, tag: '12' },
      'U CALL 127.0.77.1 8000 ft1;1 tcp:10.0.0.9:9999 T12 && M3:1 Dd12 96',
    ],
  ])('with %s', async (_, more, command) => {
    await using test = await controlUnderTest({ set: { notify: { printed: 'tcp:10.0.0.9:9999' } } });
    await test.control.offer(question(sdp('10.9.9.9', 'm=audio 8000 udp x'), more));
    expect(test.relays.relay('10.0.0.1').commands).toEqual([command]);
  });

  it('name the payload type of telephone events that the description has, and ask for tones', async () => {
    await using test = await controlUnderTest({ set: { notify: { printed: 'tcp:10.0.0.9:9999' } } });
    const audio = 'm=audio 8000 RTP/AVP 0 97\r\na=rtpmap:97 telephone-event/8000';
    const ask = (flags: MediaFlags, callId: string) =>
      test.control.offer(question(sdp('10.9.9.9', audio), { flags, tag: '12', callId }));
    await ask({ keys: true }, 'one');
    await ask({ keys: true, tones: true }, 'two');
    await ask({ keys: 101, tones: true }, 'three');
    const told = test.relays.relay('10.0.0.1').commands.map((command) => command.split(' && ')[1]);
    expect(told).toEqual(['M3:1 Dd12 97', 'M3:1 Dd12 97 t', 'M3:1 Dd12 101 t']);
  });

  it('of an answer have keys and no notification', async () => {
    await using test = await controlUnderTest({ set: { notify: { printed: 'tcp:10.0.0.9:9999' } } });
    const more = { toTag: 'tt', tag: '12', flags: { notify: true, keys: true } };
    await test.control.answer(question(sdp('10.9.9.9', 'm=audio 8000 udp x'), more));
    expect(test.relays.relay('10.0.0.1').commands).toEqual([
      'L CALL 127.0.77.1 8000 ft1;1 tt;1 && M3:1 Dd12',
    ]);
  });

  it('have everything in the order of OpenSIPS', async () => {
    await using test = await controlUnderTest({ set: { autobridge: true } });
    const flags = { asymmetric: true, directions: ['external', 'internal'] as const, packetTime: 30 };
    await test.control.offer(question(sdp('10.9.9.9', AUDIO), { flags, local: '{a}', reader: '192.0.2.7' }));
    expect(test.relays.relay('10.0.0.1').commands).toEqual([
      'UAEIl{a}Z30R192.0.2.7c0,8,101 CALL 10.9.9.9 8000 ft1;1',
    ]);
  });

  it('leave out what a relay is too old for', async () => {
    await using test = await controlUnderTest({
      set: { notify: { printed: 'tcp:10.0.0.9:9999' }, autobridge: true },
    });
    const relay = test.relays.relay('10.0.0.1');
    relay.capabilities = ['20050322', '20081224'];
    const flags = { packetTime: 30, ttl: 9, notify: true, keys: true };
    await test.control.offer(question(sdp('10.9.9.9', AUDIO), { flags, reader: '192.0.2.7', tag: '1' }));
    expect(relay.commands).toEqual(['U CALL 127.0.77.1 8000 ft1;1 10.0.0.9:9999 T1']);
  });

  it('count refused media, and pass over what no relay carries', async () => {
    await using test = await controlUnderTest();
    const media = ['m=audio 0 RTP/AVP 0', 'm=message 2855 TCP/MSRP *', 'm=image 8004 udptl t38', VIDEO];
    await test.control.offer(question(sdp('10.9.9.9', ...media)));
    expect(test.relays.relay('10.0.0.1').commands).toEqual([
      'U CALL 127.0.77.1 8004 ft1;2',
      'Uc96 CALL 127.0.77.1 8002 ft1;3',
    ]);
  });

  it('name no host, but where the message came from', async () => {
    await using test = await controlUnderTest();
    const flags = { trustAddress: true };
    await test.control.offer(
      question(lines('v=0', 'o=- 1 1 IN IP4 a.example', 's=-', 'c=IN IP4 a.example', 't=0 0', VIDEO), {
        flags,
      }),
    );
    expect(test.relays.relay('10.0.0.1').commands).toEqual(['Uc96 CALL 127.0.77.1 8002 ft1;1']);
  });

  it('carry no Call-ID or tag that would be another command', async () => {
    await using test = await controlUnderTest();
    const { control, relays } = test;
    for (const more of [
      { callId: 'a b' },
      { callId: 'a\nX' },
      { fromTag: 'x y' },
      { callId: '' },
      { local: '1.1.1.1 X' },
      { tag: 'a b' },
      { tag: '1\r', flags: { notify: true } },
    ]) {
      expect(await control.offer(question(sdp('10.9.9.9', AUDIO), more))).toMatchObject({
        ok: false,
        fault: 'bad-value',
      });
    }
    expect(await control.delete({ callId: '&&', fromTag: 'f' })).toMatchObject({ fault: 'bad-value' });
    expect(relays.relay('10.0.0.1').commands).toEqual([]);
  });
});

describe('what else a relay does', () => {
  const key = { callId: 'CALL', fromTag: 'ft', toTag: 'tt' };

  it('is commanded as OpenSIPS does', async () => {
    await using test = await controlUnderTest();
    const { control, relays } = test;
    const { commands } = relays.relay('10.0.0.1');
    const done = { ok: true, node: 'udp:10.0.0.1' };
    expect(await control.play({ ...key, to: 'offerer', prompt: '/p/moh', count: -1 })).toEqual(done);
    expect(await control.play({ ...key, to: 'answerer', prompt: '/p/moh', count: 2 })).toEqual(done);
    expect(await control.stopPlay({ ...key, to: 'offerer' })).toEqual(done);
    expect(await control.stopPlay({ ...key, to: 'answerer' })).toEqual(done);
    expect(await control.startRecording({ ...key, party: 'offerer' })).toEqual(done);
    expect(await control.startRecording({ ...key, toTag: undefined, singleFile: true })).toEqual(done);
    expect(
      await control.startRecording({ ...key, party: 'offerer', destination: 'udp:192.0.2.1:9', media: 2 }),
    ).toEqual(done);
    expect(await control.startRecording({ ...key, destination: '/r/x', mediaCount: 2 })).toEqual(done);
    expect(await control.stopRecording({ ...key, party: 'offerer', media: 2 })).toEqual(done);
    expect(await control.stopRecording(key)).toEqual(done);
    expect(commands).toEqual([
      'P-1 CALL /p/moh session ft;1 tt;1',
      'P2 CALL /p/moh session tt;1 ft;1',
      'S CALL ft;1 tt;1',
      'S CALL tt;1 ft;1',
      'R CALL ft tt',
      'Rs CALL ft',
      'Rs CALL dummy ft',
      'C CALL udp:192.0.2.1:9 ft;2 tt;2',
      'C CALL /r/x ft;1 tt;1',
      'C CALL /r/x=2 ft;2 tt;2',
      'C CALL /r/x.a tt;1 ft;1',
      'C CALL /r/x=2.a tt;2 ft;2',
      'N CALL ft;2 tt;2',
      'Na CALL ft tt',
    ]);
  });

  it('is asked for counters, five at a time', async () => {
    await using test = await controlUnderTest();
    const { control, relays } = test;
    const relay = relays.relay('10.0.0.1');
    relay.answering = (command) => (command.split(' ').length > 4 ? '1 2 3 4 5' : '60 10 11 21 0');
    expect(await control.query(key)).toEqual({
      ok: true,
      node: 'udp:10.0.0.1',
      counters: new Map([
        ['ttl', 60],
        ['npkts_ina', 10],
        ['npkts_ino', 11],
        ['nrelayed', 21],
        ['ndropped', 0],
      ]),
    });
    const counters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
    const answer = await control.query({ ...key, counters });
    expect(answer.ok && [...answer.counters].map(([name, value]) => `${name}${value}`).join(' ')).toBe(
      'a1 b2 c3 d4 e5 f1 g2 h3 i4 j5',
    );
    expect(relay.commands).toEqual([
      'Q CALL ft;1 tt;1',
      'Q CALL ft;1 tt;1 a b c d e',
      'Q CALL ft;1 tt;1 f g h i j',
    ]);
  });

  it('says what is wrong', async () => {
    await using test = await controlUnderTest();
    const { control, relays } = test;
    const relay = relays.relay('10.0.0.1');
    relay.answering = () => 'E50';
    expect(await control.query(key)).toMatchObject({ fault: 'unknown-call', error: 50 });
    expect(await control.delete(key)).toEqual({ ok: true, node: 'udp:10.0.0.1' });
    relay.answering = () => 'E60';
    expect(await control.play({ ...key, to: 'offerer', prompt: 'x', count: 1 })).toMatchObject({
      fault: 'refused',
      error: 60,
      reason: 'the relay answered E60 (the prompt cannot be played)',
    });
    relay.answering = () => 'nonsense';
    expect(await control.query(key)).toMatchObject({ fault: 'refused', reason: /nonsense/ });
    expect(
      await control.play({ ...key, toTag: undefined, to: 'answerer', prompt: 'x', count: 1 }),
    ).toMatchObject({ fault: 'bad-value' });
    expect(await control.block({ ...key, what: 'media' })).toMatchObject({ fault: 'unsupported' });
  });

  it('is not asked for what it cannot do', async () => {
    await using test = await controlUnderTest();
    const { control, relays } = test;
    relays.relay('10.0.0.1').capabilities = ['20050322'];
    for (const result of [
      await control.query(key),
      await control.query({ ...key, counters: ['ttl'] }),
      await control.play({ ...key, to: 'offerer', prompt: 'x', count: 1 }),
      await control.startRecording(key),
      await control.stopRecording(key),
    ]) {
      expect(result).toMatchObject({ fault: 'unsupported' });
    }
    expect(relays.relay('10.0.0.1').commands).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { SequentialIds } from '../../base/ids.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import type { NgDictionary } from '../../wire/ng/value.ts';
import type { MediaQuestion, MediaResult, Relayed } from './media-control.ts';
import { parseNodeSet } from './node-spec.ts';
import { parseRtpengineFlags } from './parse-rtpengine-flags.ts';
import { RtpengineControl } from './rtpengine-control.ts';
import type { RtpengineFlags } from './rtpengine-flags.ts';
import type { RtpengineSettings } from './rtpengine-settings.ts';
import { callIdOf, question, sdp } from './testing/control-under-test.ts';
import { asEngine, type EngineAnswering } from './testing/fake-engine.ts';
import { FakeRelays } from './testing/fake-relays.ts';

const AUDIO = sdp('10.9.9.9', 'm=audio 8000 RTP/AVP 0');

function engineUnderTest(sockets = 'udp:10.0.0.1', set: Partial<RtpengineSettings> = {}) {
  const relays = new FakeRelays();
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const parsed = parseNodeSet(sockets, 'rtpengine');
  if (!parsed.ok) throw new Error(parsed.reason);
  // The fakes have to be what they are before the control tests them.
  const requests = parsed.set.nodes.map(({ address }) => {
    const relay = relays.relay('host' in address ? address.host : '');
    return { relay, requests: asEngine(relay) };
  });
  const control = new RtpengineControl({
    settings: { sets: [parsed.set], ...set },
    clock,
    wheel,
    ids: new SequentialIds(),
    openUdp: relays.open,
  });
  return {
    control,
    relays,
    clock,
    requests: requests[0]!.requests,
    relay: requests[0]!.relay,
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      wheel.close();
    },
  };
}

function words(text: string): RtpengineFlags {
  const result = parseRtpengineFlags(text);
  return result.ok ? result.flags : expect.fail(result.reason);
}

function relayed(result: MediaResult): Relayed {
  return result.ok ? result : expect.fail(result.reason);
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

describe('requests to rtpengine', () => {
  it('carry the description, the names of the call and where it came from', async () => {
    await using test = engineUnderTest();
    const { control, requests } = test;
    const engine = words('trust-address replace-origin ICE=remove direction=priv direction=pub');
    const result = await control.offer(question(AUDIO, { engine }));
    expect(relayed(result).print(({ address }) => address!)).toBe(
      AUDIO.replaceAll('10.9.9.9', '10.0.0.1').replace('8000', '40000'),
    );
    await control.answer(question(AUDIO, { engine: words(''), toTag: 'tt', source: '2001:db8::2' }));
    expect(plain(requests)).toEqual([
      {
        command: 'offer',
        'call-id': 'CALL',
        'from-tag': 'ft1',
        'received-from': ['IP4', '127.0.77.1'],
        flags: ['trust-address'],
        replace: ['origin'],
        ICE: 'remove',
        direction: ['priv', 'pub'],
        sdp: AUDIO,
      },
      {
        command: 'answer',
        'call-id': 'CALL',
        'from-tag': 'ft1',
        'to-tag': 'tt',
        'received-from': ['IP6', '2001:db8::2'],
        sdp: AUDIO,
      },
    ]);
  });

  it.each<[string, Partial<MediaQuestion>, NgDictionary]>([
    ['nothing', {}, { flags: ['SIP-source-address'], replace: ['session-connection'], ICE: 'remove' }],
    [
      'everything',
      {
        flags: {
          trustAddress: true,
          origin: true,
          asymmetric: false,
          directions: ['internal', 'external'],
          packetTime: 30,
          keys: true,
          ice: 'replace',
        },
        toFamily: 6,
      },
      {
        flags: ['symmetric', 'detect-DTMF'],
        replace: ['origin', 'session-connection'],
        direction: ['internal', 'external'],
        ptime: 30,
        ICE: 'force',
        'address family': 'IP6',
      },
    ],
    [
      'an asymmetric party with candidates of its own',
      { flags: { asymmetric: true, ice: 'keep' } },
      { flags: ['asymmetric'], replace: ['session-connection'] },
    ],
    [
      'names in its own words',
      {
        engine: words(
          'call-id=x from-tag=y to-tag=z received-from=192.0.2.1 via-branch-param=b force-answer',
        ),
      },
      {
        command: 'answer',
        'call-id': 'x',
        'from-tag': 'y',
        'to-tag': 'z',
        'via-branch': 'b',
        'received-from': ['IP4', '192.0.2.1'],
      },
    ],
    ['the branch', { engine: words('via-branch=1'), viaBranch: 'z9hG4bK1' }, { 'via-branch': 'z9hG4bK1' }],
  ])('say %s as rtpengine has it', async (_, more, expected) => {
    await using test = engineUnderTest();
    await test.control.offer(question(AUDIO, more));
    const { sdp: _sdp, ...request } = plain(test.requests[0]);
    expect(request).toEqual({
      command: 'offer',
      'call-id': 'CALL',
      'from-tag': 'ft1',
      'received-from': ['IP4', '127.0.77.1'],
      ...expected,
    });
  });

  it('are in JSON where that is wanted', async () => {
    await using test = engineUnderTest('udp:10.0.0.1', { encoding: 'json' });
    const odd = sdp('10.9.9.9', 's=caf\xc3\xa9', 'm=audio 8000 RTP/AVP 0');
    const result = await test.control.offer(question(odd));
    expect(relayed(result).print(({ address }) => address!)).toContain('caf\xc3\xa9');
    expect(test.relay.datagrams.at(-1)).toContain('{"command":"offer"');
  });

  it('carry everything else that it can do', async () => {
    await using test = engineUnderTest();
    const { control, requests } = test;
    const key = { callId: 'c', fromTag: 'f', toTag: 't' };
    const done = { ok: true, node: 'udp:10.0.0.1' };
    for (const result of [
      await control.play({ ...key, to: 'offerer', prompt: '/p/a.wav', count: 1 }),
      await control.play({ ...key, to: 'answerer', prompt: '', count: -1, engine: words('db-id=7') }),
      await control.stopPlay({ ...key, to: 'answerer' }),
      await control.startRecording({ ...key, destination: '/r/x' }),
      await control.pauseRecording(key),
      await control.stopRecording(key),
      await control.block({ ...key, what: 'media' }),
      await control.unblock({ ...key, what: 'keys', party: 'answerer' }),
      await control.delete({ ...key, engine: words('delete-delay=0 replace-origin'), viaBranch: 'b' }),
    ]) {
      expect(result).toEqual(done);
    }
    expect((await control.call('start forwarding', key, 'offerer')).ok).toBe(true);
    expect((await control.relayCommand('udp:10.0.0.1', 'list', { limit: 3 })).ok).toBe(true);
    const call = { 'call-id': 'c' };
    expect(plain(requests)).toEqual([
      { command: 'play media', ...call, 'from-tag': 'f', file: '/p/a.wav' },
      { command: 'play media', ...call, 'from-tag': 't', 'db-id': 7, 'repeat-times': 2 ** 31 - 1 },
      { command: 'stop media', ...call, 'from-tag': 't' },
      { command: 'start recording', ...call, 'output-destination': '/r/x' },
      { command: 'pause recording', ...call },
      { command: 'stop recording', ...call },
      { command: 'block media', ...call },
      { command: 'unblock DTMF', ...call, 'from-tag': 't' },
      { command: 'delete', ...call, 'from-tag': 'f', 'to-tag': 't', 'via-branch': 'b', 'delete-delay': 0 },
      { command: 'start forwarding', ...call, 'from-tag': 'f' },
      { command: 'list', limit: 3 },
    ]);
    const early = { callId: 'c', fromTag: 'f' };
    for (const result of [
      await control.play({ ...early, to: 'answerer', prompt: 'x', count: 1 }),
      await control.stopPlay({ ...early, to: 'answerer' }),
      await control.block({ ...early, what: 'media', party: 'answerer' }),
      await control.call('play DTMF', early, 'answerer'),
    ]) {
      expect(result).toMatchObject({ ok: false, fault: 'bad-value' });
    }
    expect(await control.relayCommand('udp:10.0.0.9', 'list')).toMatchObject({ fault: 'no-relay' });
  });

  it('carry no character that bencode cannot say', async () => {
    await using test = engineUnderTest();
    expect(await test.control.offer(question(AUDIO, { callId: 'x\u20ac' }))).toMatchObject({
      fault: 'bad-value',
    });
  });
});

describe('answers of rtpengine', () => {
  it('are printed for each reader, candidates and RTCP too', async () => {
    await using test = engineUnderTest();
    const written = sdp(
      '10.0.0.1',
      'm=audio 40000 RTP/AVP 0',
      'a=rtcp:40001 IN IP4 10.0.0.1',
      'a=candidate:1 1 UDP 2130706431 10.0.0.1 40000 typ host',
      'm=video 0 RTP/AVP 96',
      'm=image 40002 udptl t38',
      'c=IN IP4 0.0.0.0',
    );
    asEngine(test.relay, () => ({ result: 'ok', sdp: written }));
    const result = relayed(await test.control.offer(question(AUDIO)));
    expect(result.media).toEqual([
      { index: 0, port: 40_000, address: '10.0.0.1', family: 4, advertised: undefined, local: false },
    ]);
    expect(result.print(({ address }) => address!)).toBe(written);
    expect(result.print(() => '99.88.44.33')).toBe(written.replaceAll('10.0.0.1', '99.88.44.33'));
    const kept = relayed(await test.control.offer(question(AUDIO, { flags: { keepBody: true } })));
    expect(kept.print(() => '99.88.44.33')).toBe(AUDIO);
  });

  it('have counters', async () => {
    await using test = engineUnderTest();
    asEngine(test.relay, () => ({
      result: 'ok',
      created: 17,
      totals: { RTP: { packets: 12, bytes: 900 } },
      tags: { f: { medias: [{ streams: [{ stats: { packets: 7 } }] }] } },
    }));
    const key = { callId: 'c', fromTag: 'f' };
    const all = await test.control.query(key);
    expect(all.ok && Object.fromEntries(all.counters)).toEqual({
      'totals.RTP.packets': 12,
      'totals.RTP.bytes': 900,
    });
    const some = await test.control.query({
      ...key,
      counters: ['created', 'tags.f.medias.0.streams.0.stats.packets', 'x'],
    });
    expect(some.ok && [...some.counters.values()]).toEqual([17, 7]);
  });

  it.each<[string, ReturnType<EngineAnswering>, object]>([
    [
      'an error',
      { result: 'error', 'error-reason': 'No from-tag in message' },
      { fault: 'refused', reason: /No from-tag/ },
    ],
    ['an unknown call', { result: 'error', 'error-reason': 'Unknown call-id' }, { fault: 'unknown-call' }],
    [
      'a bad description',
      { result: 'error', 'error-reason': 'Failed to parse SDP' },
      { fault: 'bad-description' },
    ],
    ['no description', { result: 'ok' }, { fault: 'refused' }],
    ['no result', {}, { fault: 'refused' }],
  ])('may be %s', async (_, answer, expected) => {
    await using test = engineUnderTest();
    asEngine(test.relay, () => answer);
    expect(await test.control.offer(question(AUDIO))).toMatchObject({ ok: false, ...expected });
  });

  it('may be nonsense, which is no answer', async () => {
    await using test = engineUnderTest();
    await test.control.offer(question(AUDIO));
    for (const text of ['', 'x', 'le', '{', 'd6:resulti1ee', '{"result":[]}']) {
      test.relay.answering = () => text;
      expect(await test.control.offer(question(AUDIO))).toMatchObject({ ok: false, fault: 'refused' });
    }
    // What it has written need not be readable here to go on.
    asEngine(test.relay, () => ({ result: 'ok', sdp: 'm=odd' }));
    const result = relayed(await test.control.offer(question(AUDIO)));
    expect(result.media).toEqual([]);
    expect(result.print(() => '99.88.44.33')).toBe('m=odd');
  });

  it('to a delete are good where nothing is left', async () => {
    await using test = engineUnderTest();
    asEngine(test.relay, () => ({
      result: 'error',
      'error-reason': "Call-ID not found or tags didn't match",
    }));
    expect(await test.control.delete({ callId: 'c', fromTag: 'f' })).toMatchObject({ ok: true });
  });
});

describe('several rtpengines', () => {
  const TWO = 'udp:10.0.0.1 udp:10.0.0.2';
  const nodeOf = (result: MediaResult) => (result.ok ? result.node : result.fault);

  it('share the calls, and stand in for each other', async () => {
    await using test = engineUnderTest(TWO);
    const { control, relay, clock } = test;
    const first = callIdOf(0);
    expect(nodeOf(await control.offer(question(AUDIO, { callId: first })))).toBe('udp:10.0.0.1');
    expect(nodeOf(await control.offer(question(AUDIO, { callId: callIdOf(1) })))).toBe('udp:10.0.0.2');
    relay.silent = true;
    const offered = control.offer(question(AUDIO, { callId: first, fromTag: 'x' }));
    await clock.advanceAsync(5500);
    expect(nodeOf(await offered)).toBe('udp:10.0.0.2');
    relay.silent = false;
    await clock.advanceAsync(61_000);
    expect(control.relays().map(({ state }) => state)).toEqual(['active', 'active']);
    expect(nodeOf(await control.answer(question(AUDIO, { callId: first, toTag: 't' })))).toBe('udp:10.0.0.2');
  });

  it.each(['Ran out of ports', 'cpu usage limit exceeded', 'No licence'])(
    'pass on what "%s" turns away',
    async (reason) => {
      await using test = engineUnderTest(TWO, { elsewhere: ['no licence'] });
      asEngine(test.relay, () => ({ result: 'error', 'error-reason': reason }));
      const offered = await test.control.offer(question(AUDIO, { callId: callIdOf(0) }));
      expect(nodeOf(offered)).toBe('udp:10.0.0.2');
      expect(test.control.relays()[0]!.state).toBe('active');
    },
  );

  it('that do not answer a ping are not used', async () => {
    await using test = engineUnderTest();
    test.relay.answering = () => 'd6:result2:oke';
    asEngine(test.relay, () => undefined);
    const { answering } = test.relay;
    test.relay.answering = (text) => (text.includes('ping') ? 'd6:result5:errore' : answering(text));
    expect(nodeOf(await test.control.offer(question(AUDIO)))).toBe('no-relay');
    test.control.switch('udp:10.0.0.1', 'off');
    expect(test.control.relays()[0]!.state).toBe('off');
    test.control.configure([]);
    expect(test.control.relays()).toEqual([]);
    expect(await test.control.offer(question(AUDIO))).toMatchObject({ reason: 'no relay in set 0' });
  });
});

import type { Socket } from 'node:dgram';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { RandomIds } from '../../../src/base/ids.ts';
import { TimerWheel } from '../../../src/base/timer-wheel.ts';
import { RtpproxyControl } from '../../../src/media/control/rtpproxy-control.ts';
import { DEFAULT_RECORDER_SETTINGS } from '../../../src/media/recorder/recorder.ts';
import { DEFAULT_RELAY_SETTINGS } from '../../../src/media/relay/relay-settings.ts';
import { EmbeddedRelay } from '../../../src/media/server/embedded-relay.ts';
import { DEFAULT_TRAFFIC_CLASS } from '../../../src/media/server/relay-program.ts';
import { withoutPorts } from './exchange-log.ts';
import { heard, mediaSocket, pressKey } from './media-socket.ts';
import { relayCalls } from './rtpproxy-calls.ts';

async function embedded(ttlMs = 60_000) {
  const folder = await mkdtemp(join(tmpdir(), 'embedded-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const clock = new SystemClock();
  const relay = await EmbeddedRelay.start(
    {
      relay: {
        ...DEFAULT_RELAY_SETTINGS,
        addresses: [{ address: '127.0.0.1' }],
        // As the recorded rtpproxy had them, so that ports are known by their numbers.
        ports: { min: 45_000, max: 49_999 },
        ttlMs,
        setupTtlMs: ttlMs,
      },
      path: 'portable',
      trafficClass: DEFAULT_TRAFFIC_CLASS,
      notifySockets: [],
      recordsAll: false,
      sound: { recordings: { ...DEFAULT_RECORDER_SETTINGS, folders: { directory: folder } }, prompts: {} },
    },
    clock,
  );
  const wheel = new TimerWheel(clock);
  const spec = {
    name: 'embedded',
    address: { transport: 'embedded' },
    advertised: undefined,
    weight: 1,
  } as const;
  const control = await RtpproxyControl.open({
    settings: { sets: [{ id: 0, nodes: [spec] }] },
    clock,
    wheel,
    ids: new RandomIds(),
    openPort: () => relay.connect(),
  });
  return {
    control,
    relay,
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      wheel.close();
      await relay[Symbol.asyncDispose]();
    },
  };
}

function sdp(port: number): string {
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${port} RTP/AVP 0 101`,
    '',
  ].join('\r\n');
}

describe('the embedded relay', () => {
  it('answers as rtpproxy 3.2 did when it was recorded', async () => {
    await using it = await embedded();
    const outcomes = `${(await relayCalls(it.control)).join('\n')}\n`;
    const golden = await readFile(join(import.meta.dirname, 'testdata/rtpproxy-3.2-outcomes.txt'), 'latin1');
    expect(withoutPorts(outcomes)).toBe(withoutPorts(golden).replaceAll('udp:127.0.0.1:22222', 'embedded'));
  });

  it('relays sound both ways, and tells of keys and of media that stop', async () => {
    await using it = await embedded(1000);
    const { control } = it;
    const heardOf: unknown[] = [];
    let wake = () => {};
    const told = (...what: unknown[]) => {
      heardOf.push(what);
      wake();
    };
    control.listener = {
      mediaStopped: (tag, node) => told('stopped', tag, node),
      mediaKey: (tag, { key, party }, node) => told(key, party, tag, node),
    };
    const parties = [await mediaSocket(), await mediaSocket()] as const;
    const call = (at: Socket) => ({
      callId: 'c',
      fromTag: 'f',
      toTag: 't',
      sdp: sdp(at.address().port),
      source: '127.0.0.1',
      flags: { notify: true, keys: 101 },
      tag: '12.7',
    });
    const offered = await control.offer(call(parties[0]));
    const answered = await control.answer(call(parties[1]));
    if (!offered.ok || !answered.ok) expect.fail(JSON.stringify([offered, answered]));
    const [toCallee, toCaller] = [offered.media[0]!.port, answered.media[0]!.port];
    await heard(parties[0], toCaller, parties[1], 5);
    await heard(parties[1], toCallee, parties[0], 11);
    for (const [from, to, event] of [
      [parties[0], toCaller, 5],
      [parties[1], toCallee, 11],
    ] as const) {
      const next = new Promise<void>((resolve) => (wake = resolve));
      await pressKey(from, to, event);
      await next;
    }
    const counted = await control.query({ callId: 'c', fromTag: 'f', toTag: 't' });
    expect(counted.ok && counted.counters.get('nrelayed')).toBeGreaterThan(2);
    while (heardOf.length < 3) await new Promise<void>((resolve) => (wake = resolve));
    expect(heardOf).toEqual([
      ['5', 'offerer', '12.7', 'embedded'],
      ['#', 'answerer', '12.7', 'embedded'],
      ['stopped', '12.7', 'embedded'],
    ]);
    expect(await control.query({ callId: 'c', fromTag: 'f', toTag: 't' })).toMatchObject({
      fault: 'unknown-call',
    });
  });
});

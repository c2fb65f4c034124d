import type { Socket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { RandomIds, SequentialIds } from '../../../src/base/ids.ts';
import { TimerWheel } from '../../../src/base/timer-wheel.ts';
import { parseNodeSet } from '../../../src/media/control/node-spec.ts';
import { RtpproxyControl, type RtpproxyControlOptions } from '../../../src/media/control/rtpproxy-control.ts';
import type { RtpproxySettings } from '../../../src/media/control/rtpproxy-settings.ts';
import { noteSkipped } from '../../cloud/requirements.ts';
import { type Exchange, parseLog, printLog, recording, replaying, withoutPorts } from './exchange-log.ts';
import { freePort, mediaSocket, pressKey } from './media-socket.ts';
import { RELAY_PROGRAMS } from './relay-programs.ts';
import { relayCalls } from './rtpproxy-calls.ts';

// What rtpproxy 3.2 answered; made anew by RECORD_EXCHANGES=1 RTPPROXY_BIN=… vitest run test/media/control
const GOLDEN = join(import.meta.dirname, 'testdata/rtpproxy-3.2.txt');
const OUTCOMES = join(import.meta.dirname, 'testdata/rtpproxy-3.2-outcomes.txt');

const AUDIO_CALL = {
  callId: 'c',
  fromTag: 'f',
  source: '127.0.0.1',
  sdp: [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    'm=audio 8000 RTP/AVP 0 101',
    '',
  ].join('\r\n'),
};

for (const { name, missing } of RELAY_PROGRAMS) {
  // No package of Debian has rtpproxy: CI goes without.
  if (missing !== undefined && !process.env.CI) noteSkipped(`a real ${name}`, missing);
}

async function controlOf(
  socket: string,
  settings: Partial<RtpproxySettings> = {},
  options: Partial<RtpproxyControlOptions> = {},
): Promise<AsyncDisposable & { readonly control: RtpproxyControl }> {
  const clock = new SystemClock();
  const wheel = new TimerWheel(clock);
  const set = parseNodeSet(socket, 'rtpproxy');
  if (!set.ok) throw new Error(set.reason);
  const ids = new RandomIds();
  const control = await RtpproxyControl.open({
    settings: { sets: [set.set], ...settings },
    clock,
    wheel,
    ids,
    ...options,
  });
  return {
    control,
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      wheel.close();
    },
  };
}

describe('rtpproxy 3.2', () => {
  it('is commanded as it was when its answers were recorded', async () => {
    const log = parseLog(readFileSync(GOLDEN, 'latin1'));
    await using it = await controlOf(
      'udp:127.0.0.1:22222',
      {},
      { openUdp: replaying(log), ids: new SequentialIds() },
    );
    expect(`${(await relayCalls(it.control)).join('\n')}\n`).toBe(readFileSync(OUTCOMES, 'latin1'));
  });
});

for (const { name, missing, keys, start } of RELAY_PROGRAMS) {
  describe.skipIf(missing !== undefined)(name, () => {
    it('answers as rtpproxy 3.2 did when it was recorded', async () => {
      const port = await freePort();
      await using _relay = await start(() => `udp:127.0.0.1:${port}`);
      const log: Exchange[] = [];
      await using it = await controlOf(`udp:127.0.0.1:${port}`, {}, { openUdp: recording(log) });
      const outcomes = `${(await relayCalls(it.control)).join('\n')}\n`.replaceAll(
        `udp:127.0.0.1:${port}`,
        'udp:127.0.0.1:22222',
      );
      if (process.env.RECORD_EXCHANGES && name === 'rtpproxy') {
        writeFileSync(GOLDEN, printLog(log));
        writeFileSync(OUTCOMES, outcomes);
      }
      expect(withoutPorts(printLog(log))).toBe(
        withoutPorts(printLog(parseLog(readFileSync(GOLDEN, 'latin1')))),
      );
      expect(withoutPorts(outcomes)).toBe(withoutPorts(readFileSync(OUTCOMES, 'latin1')));
    });

    it.each(['tcp', 'unix', 'cunix'])('answers the same over %s', async (transport) => {
      const port = await freePort();
      const where = (folder: string) =>
        transport === 'tcp' ? `tcp:127.0.0.1:${port}` : `${transport}:${folder}/control.sock`;
      await using relay = await start(where);
      await using it = await controlOf(where(relay.folder));
      const outcomes = `${(await relayCalls(it.control)).join('\n')}\n`;
      expect(withoutPorts(outcomes.replaceAll(where(relay.folder), 'udp:127.0.0.1:22222'))).toBe(
        withoutPorts(readFileSync(OUTCOMES, 'latin1')),
      );
    });

    it.each(['tcp', 'unix'] as const)('tells over %s when media have stopped', async (kind) => {
      const port = await freePort();
      const folder = await mkdtemp(join(tmpdir(), 'notify-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const path = join(folder, 'n.sock');
      const printed = kind === 'tcp' ? `tcp:127.0.0.1:${port}` : `unix:${path}`;
      const listen =
        kind === 'tcp' ? ({ kind, host: '127.0.0.1', port } as const) : ({ kind, path } as const);
      const control = (own: string) => `unix:${own}/control.sock`;
      await using relay = await start(control, ['-T', '1', '-W', '1', '-n', printed]);
      await using it = await controlOf(control(relay.folder), { notify: { listen, printed } });
      const stopped = new Promise((resolve) => {
        it.control.listener = { mediaStopped: resolve, mediaKey: () => {} };
      });
      const more = { flags: { notify: true }, tag: '12.7a' };
      expect(await it.control.offer({ ...AUDIO_CALL, ...more })).toMatchObject({ ok: true });
      expect(await stopped).toBe('12.7a');
    });

    it.skipIf(keys === undefined)('tells which keys were pressed, and by whom', async () => {
      const port = await freePort();
      const printed = `tcp:127.0.0.1:${port}`;
      const listen = { kind: 'tcp', host: '127.0.0.1', port } as const;
      const control = (own: string) => `unix:${own}/control.sock`;
      const options = ['-n', printed, ...(keys ?? [])];
      await using relay = await start(control, options);
      await using it = await controlOf(control(relay.folder), { notify: { listen, printed } });
      const pressed: unknown[] = [];
      let heard = () => {};
      it.control.listener = {
        mediaStopped: () => {},
        mediaKey: (tag, { key, party }) => {
          pressed.push([tag, key, party]);
          heard();
        },
      };
      const parties = [await mediaSocket(), await mediaSocket()] as const;
      const call = (at: Socket) => ({
        ...AUDIO_CALL,
        toTag: 't',
        sdp: AUDIO_CALL.sdp.replace('8000', String(at.address().port)),
        flags: { keys: 101 },
        tag: '7',
      });
      const offered = await it.control.offer(call(parties[0]));
      const answered = await it.control.answer(call(parties[1]));
      if (!offered.ok || !answered.ok) expect.fail(JSON.stringify([offered, answered]));
      for (const [from, to, event] of [
        [parties[0], answered.media[0]!.port, 5],
        [parties[1], offered.media[0]!.port, 11],
      ] as const) {
        const told = new Promise<void>((resolve) => (heard = resolve));
        await pressKey(from, to, event);
        await told;
      }
      expect(pressed).toEqual([
        ['7', '5', 'offerer'],
        ['7', '#', 'answerer'],
      ]);
    });
  });
}

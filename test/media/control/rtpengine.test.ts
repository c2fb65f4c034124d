import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../../src/base/clock.ts';
import { RandomIds } from '../../../src/base/ids.ts';
import { TimerWheel } from '../../../src/base/timer-wheel.ts';
import type { MediaResult, Relayed } from '../../../src/media/control/media-control.ts';
import { parseNodeSet } from '../../../src/media/control/node-spec.ts';
import { parseRtpengineFlags } from '../../../src/media/control/parse-rtpengine-flags.ts';
import { RtpengineControl } from '../../../src/media/control/rtpengine-control.ts';
import type { RtpengineSettings } from '../../../src/media/control/rtpengine-settings.ts';
import { noteSkipped } from '../../cloud/requirements.ts';
import { freePort, heard, mediaSocket } from './media-socket.ts';
import { missingRtpengine, startRtpengine } from './rtpengine-program.ts';

const missing = missingRtpengine();
if (missing !== undefined) noteSkipped('rtpengine', `${missing} is not installed`);

function controlOf(port: number, settings: Partial<RtpengineSettings> = {}) {
  const wheel = new TimerWheel(new SystemClock());
  const set = parseNodeSet(`udp:127.0.0.1:${port}`, 'rtpengine');
  if (!set.ok) throw new Error(set.reason);
  const control = new RtpengineControl({
    settings: { sets: [set.set], ...settings },
    clock: new SystemClock(),
    wheel,
    ids: new RandomIds(),
  });
  return {
    control,
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      wheel.close();
    },
  };
}

function sdp(port: number, ...more: string[]): string {
  return [
    'v=0',
    'o=- 1 1 IN IP4 10.9.9.9',
    's=-',
    'c=IN IP4 10.9.9.9',
    't=0 0',
    `m=audio ${port} RTP/AVP 0`,
    ...more,
    '',
  ].join('\r\n');
}

function relayed(result: MediaResult): Relayed {
  return result.ok ? result : expect.fail(result.reason);
}

describe.skipIf(missing !== undefined).each(['bencode', 'json'] as const)('rtpengine, by %s', (encoding) => {
  const key = { callId: 'call@example.com', fromTag: 'f' };

  it('relays sound both ways, and prints the address that each side is to have', async () => {
    const port = await freePort();
    await using _engine = await startRtpengine(port, ['pub/127.0.0.1!99.88.44.33', 'priv/127.0.0.1']);
    await using it = controlOf(port, { encoding });
    const { control } = it;
    const [caller, callee] = [await mediaSocket(), await mediaSocket()];
    const flags = parseRtpengineFlags(
      'SIP-source-address replace-session-connection ICE=remove direction=priv direction=pub',
    );
    if (!flags.ok) expect.fail(flags.reason);
    const candidate = 'a=candidate:1 1 UDP 2130706431 10.9.9.9 8000 typ host';
    const offered = relayed(
      await control.offer({
        ...key,
        sdp: sdp(caller.address().port, 'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', candidate),
        source: '127.0.0.1',
        engine: flags.flags,
      }),
    );
    const toCallee = offered.print(({ address }) => address!);
    expect(toCallee).toContain('c=IN IP4 99.88.44.33\r\n');
    expect(toCallee).not.toContain('candidate');
    expect(offered.print(() => '192.0.2.7')).toContain('c=IN IP4 192.0.2.7\r\n');
    const answered = relayed(
      await control.answer({ ...key, toTag: 't', sdp: sdp(callee.address().port), source: '127.0.0.1' }),
    );
    expect(answered.media).toMatchObject([{ address: '127.0.0.1', family: 4 }]);
    await heard(caller, answered.media[0]!.port, callee, 0x1111);
    await heard(callee, offered.media[0]!.port, caller, 0x2222);
    const counted = await control.query({ ...key, toTag: 't', counters: ['totals.RTP.packets'] });
    expect(counted.ok && counted.counters.get('totals.RTP.packets')).toBeGreaterThan(1);
  });

  it('does all else that it is told, and says what it cannot do', async () => {
    const port = await freePort();
    await using _engine = await startRtpengine(port, ['pub/127.0.0.1!99.88.44.33', 'priv/127.0.0.1']);
    await using it = controlOf(port, { encoding });
    const { control } = it;
    const node = `udp:127.0.0.1:${port}`;
    const done = { ok: true, node };
    const both = { ...key, toTag: 't' };
    relayed(await control.offer({ ...key, sdp: sdp(8000), source: '127.0.0.1' }));
    relayed(await control.answer({ ...both, sdp: sdp(9000), source: '127.0.0.1' }));
    expect(await control.startRecording(both)).toEqual(done);
    expect(await control.stopRecording(both)).toEqual(done);
    expect(await control.block({ ...both, what: 'media' })).toEqual(done);
    expect(await control.unblock({ ...both, what: 'media' })).toEqual(done);
    expect(await control.block({ ...both, what: 'keys', party: 'offerer' })).toEqual(done);
    expect(await control.unblock({ ...both, what: 'keys', party: 'answerer' })).toEqual(done);
    expect(
      await control.block({ ...both, fromTag: 'nobody', what: 'media', party: 'offerer' }),
    ).toMatchObject({
      ok: false,
      fault: 'unknown-call',
    });
    expect(await control.play({ ...both, to: 'offerer', prompt: '/nowhere.wav', count: 1 })).toMatchObject({
      ok: false,
      fault: 'refused',
      reason: /playback/,
    });
    expect(await control.stopPlay({ ...both, to: 'offerer' })).toEqual(done);
    expect(await control.relayCommand(node, 'ping')).toMatchObject({ body: { result: 'pong' } });
    expect(await control.relayCommand(node, 'list')).toMatchObject({ body: { calls: [key.callId] } });
    expect(await control.relayCommand(node, 'statistics')).toMatchObject({ ok: true });
    expect(await control.delete(both)).toEqual(done);
    expect(await control.delete(both)).toEqual(done);
    expect(await control.query(both)).toMatchObject({ ok: false, fault: 'unknown-call' });
    const stranger = { callId: 'never-seen', fromTag: 'f', toTag: 't', source: '127.0.0.1' };
    expect(await control.answer({ ...stranger, sdp: sdp(9000) })).toMatchObject({ fault: 'unknown-call' });
    expect(await control.offer({ ...stranger, sdp: 'hello' })).toMatchObject({ fault: 'bad-description' });
  });
});

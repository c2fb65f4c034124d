import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { SequentialIds } from '../../base/ids.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { writeRtpHeader } from '../../wire/rtp/rtp-header.ts';
import { NO_MODIFIERS, type UpdateModifiers } from '../../wire/rtpproxy/modifiers.ts';
import type { MediaSession } from './media-session.ts';
import { Relay } from './relay.ts';
import { DEFAULT_RELAY_SETTINGS, type RelaySettings } from './relay-settings.ts';
import { FakePath, type FakePort } from './testing/fake-path.ts';

const CALLER = { address: '192.0.2.10', port: 8000 };
const CALLEE = { address: '192.0.2.20', port: 9000 };

function setUp(settings: Partial<RelaySettings> = {}) {
  const clock = new FakeClock();
  const path = new FakePath();
  const timedOut: MediaSession[] = [];
  const relay = new Relay({
    path,
    clock,
    wheel: new TimerWheel(clock),
    ids: new SequentialIds(),
    settings: { ...DEFAULT_RELAY_SETTINGS, addresses: [{ address: '198.51.100.1' }], ...settings },
    user: { timedOut: (session) => timedOut.push(session) },
  });
  const command = async (text: string, remote = CALLER, modifiers: Partial<UpdateModifiers> = {}) => {
    const [letter, fromTag, toTag, media] = text.split(' ');
    const answer = await relay.update({
      create: letter === 'U',
      callId: 'call',
      fromTag: fromTag!,
      toTag,
      media: media === undefined ? undefined : Number(media),
      remote,
      modifiers: { ...NO_MODIFIERS, ...modifiers },
    });
    return answer;
  };
  return { clock, path, relay, timedOut, command };
}

const port = (answer: Awaited<ReturnType<Relay['update']>>) => (answer.ok ? answer.port : -answer.error);

function rtp(sequenceNumber: number, ssrc = 7): Buffer {
  const bytes = Buffer.alloc(172);
  writeRtpHeader(bytes, { payloadType: 0, sequenceNumber, timestamp: 160 * sequenceNumber, ssrc });
  return bytes;
}

describe('a session', () => {
  it('has stable ports per direction, however the tags are turned', async () => {
    const { command } = setUp();
    const toCallee = port(await command('U f'));
    const toCaller = port(await command('L f t', CALLEE));
    expect(toCallee % 2).toBe(0);
    expect(toCaller).not.toBe(toCallee);
    expect(port(await command('U f'))).toBe(toCallee);
    expect(port(await command('L t f'))).toBe(toCallee);
    expect(port(await command('U t f', CALLEE))).toBe(toCaller);
    expect(port(await command('L f t', CALLEE))).toBe(toCaller);
  });

  it('does not know what was not made', async () => {
    const { command } = setUp();
    expect(await command('L f t')).toEqual({ ok: false, error: 50 });
  });

  it('passes packets between the two parties', async () => {
    const { command, path } = setUp();
    const toCallee = port(await command('U f'));
    const toCaller = port(await command('L f t', CALLEE));
    const at = (wanted: number) => path.ports.find((it) => it.port === wanted) as FakePort;
    at(toCaller).arrive(rtp(1), CALLER.address, CALLER.port);
    expect(at(toCallee).sent).toEqual([{ bytes: rtp(1), to: CALLEE }]);
    at(toCallee).arrive(rtp(1, 9), CALLEE.address, CALLEE.port);
    expect(at(toCaller).sent).toEqual([{ bytes: rtp(1, 9), to: CALLER }]);
    at(toCaller).arrive(rtp(2), '203.0.113.66', 8000);
    expect(at(toCallee).sent).toHaveLength(1);
  });
});

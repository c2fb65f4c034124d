import { FakeClock } from '../../../base/fake-clock.ts';
import { SequentialIds } from '../../../base/ids.ts';
import { TimerWheel } from '../../../base/timer-wheel.ts';
import { writeRtpHeader } from '../../../wire/rtp/rtp-header.ts';
import { splitTag } from '../../../wire/rtpproxy/command.ts';
import { parseCommand } from '../../../wire/rtpproxy/parse-command.ts';
import { printError, printRelayAddress } from '../../../wire/rtpproxy/reply.ts';
import type { MediaSession } from '../media-session.ts';
import type { Endpoint, PacketPath } from '../packet-path.ts';
import { Relay } from '../relay.ts';
import { DEFAULT_RELAY_SETTINGS, type RelaySettings } from '../relay-settings.ts';
import type { StreamSide } from '../stream-side.ts';
import type { UpdateAnswer } from '../update.ts';
import { FakePath, type FakePort } from './fake-path.ts';

export const CALLER: Endpoint = { address: '192.0.2.10', port: 8000 };
export const CALLEE: Endpoint = { address: '192.0.2.20', port: 9000 };
export const STRANGER: Endpoint = { address: '203.0.113.66', port: 7000 };

/** Commands as they stand in rtpproxy's protocol, on a relay without sockets. */
export class RelayScene {
  readonly clock: FakeClock = new FakeClock();
  readonly wheel: TimerWheel = new TimerWheel(this.clock);
  readonly path: FakePath = new FakePath();
  readonly timedOut: MediaSession[] = [];
  readonly relay: Relay;

  constructor(settings: Partial<RelaySettings> = {}) {
    this.relay = relayOn(this.path, this.clock, this.wheel, settings, this.timedOut);
  }

  /** @returns the answer as rtpproxy prints it */
  async command(text: string): Promise<string> {
    const answer = await execute(this.relay, text);
    if (typeof answer === 'boolean') return answer ? '0' : printError(50);
    return answer.ok ? printRelayAddress(answer) : printError(answer.error);
  }

  /** The port of an answer. */
  async port(text: string): Promise<FakePort> {
    return this.at(Number((await this.command(text)).split(' ')[0]));
  }

  at(port: number): FakePort {
    return this.path.ports.findLast((it) => it.port === port)!;
  }

  /** A call that was answered. */
  async call(callId = 'call'): Promise<{
    readonly toCaller: FakePort;
    readonly toCallee: FakePort;
    readonly caller: StreamSide;
    readonly callee: StreamSide;
  }> {
    const toCallee = await this.port(`U ${callId} ${CALLER.address} ${CALLER.port} f;1`);
    const toCaller = await this.port(`L ${callId} ${CALLEE.address} ${CALLEE.port} f;1 t;1`);
    const [found] = this.relay.find({ callId, fromTag: 'f' });
    return { toCallee, toCaller, callee: found!.side, caller: found!.side.other };
  }

  /** RTCP's port beside one of RTP. */
  beside(port: FakePort): FakePort {
    return this.at(port.port + 1);
  }
}

/** A relay at 198.51.100.1, that a test may set up otherwise. */
export function relayOn(
  path: PacketPath,
  clock: FakeClock,
  wheel: TimerWheel,
  settings: Partial<RelaySettings>,
  timedOut: MediaSession[],
): Relay {
  return new Relay({
    path,
    clock,
    wheel,
    ids: new SequentialIds(),
    settings: { ...DEFAULT_RELAY_SETTINGS, addresses: [{ address: '198.51.100.1' }], ...settings },
    user: { timedOut: (session) => timedOut.push(session) },
  });
}

/** Executes `U`, `L` (the answer) or `D` (whether something was meant). */
export async function execute(relay: Relay, text: string): Promise<UpdateAnswer | boolean> {
  const parsed = parseCommand(text);
  if (!parsed.ok) return { ok: false, error: parsed.error };
  const { command } = parsed;
  if (command.kind !== 'update' && command.kind !== 'lookup' && command.kind !== 'delete')
    throw new Error(text);
  const from = splitTag(command.fromTag);
  const toTag = command.toTag === undefined ? undefined : splitTag(command.toTag).tag;
  const key = { callId: command.callId, fromTag: from.tag, toTag, media: from.media };
  if (command.kind === 'delete') return relay.delete(key, command.weak);
  const { modifiers, address, port, notify } = command;
  const remote = address === undefined ? undefined : { address, port };
  return relay.update({ ...key, create: command.kind === 'update', remote, modifiers, notify });
}

/** 20 ms of G.711, or what else is asked for. */
export function rtp(sequenceNumber: number, ssrc = 7, payloadType = 0): Buffer {
  const bytes = Buffer.alloc(172);
  const timestamp = 160 * sequenceNumber;
  writeRtpHeader(bytes, { payloadType, sequenceNumber, timestamp, ssrc });
  return bytes;
}

/** An empty receiver report. */
export function rtcp(ssrc = 7): Buffer {
  const bytes = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]);
  bytes.writeUInt32BE(ssrc, 4);
  return bytes;
}

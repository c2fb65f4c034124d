import assert from 'node:assert/strict';
import { FakeClock } from '../../../src/base/fake-clock.ts';
import { MediaSession } from '../../../src/media/relay/media-session.ts';
import { MediaStream } from '../../../src/media/relay/media-stream.ts';
import type { Endpoint, MediaPort, PortCounters, PortUser } from '../../../src/media/relay/packet-path.ts';
import { DEFAULT_RELAY_SETTINGS } from '../../../src/media/relay/relay-settings.ts';
import { buildReport } from '../../../src/wire/rtp/rtcp.ts';

export const name = 'relay';

const PARTIES: readonly Endpoint[] = [
  { address: '192.0.2.20', port: 9000 },
  { address: '192.0.2.10', port: 8000 },
];
const MOVED: readonly Endpoint[] = [
  { address: '192.0.2.21', port: 9000 },
  { address: '192.0.2.11', port: 8000 },
];
const HOLD: Endpoint = { address: '0.0.0.0', port: 9 };
const ADDRESSES = [...PARTIES, ...MOVED].map(({ address }) => address);
/** Of 6 bits of what stands before a packet: who sends it. */
const SOURCES: readonly ((party: Endpoint, moved: Endpoint) => Endpoint)[] = [
  (party) => party,
  ({ address, port }) => ({ address, port: port + 1 }),
  ({ address }) => ({ address, port: 50_000 }),
  (_, moved) => moved,
  ({ port }) => ({ address: '203.0.113.66', port }),
  () => ({ address: '203.0.113.67', port: 1 }),
  () => ({ address: '10.0.0.66', port: 65_535 }),
  () => ({ address: '192.0.2.2', port: 0 }),
];
const FIRST_STRANGER = 4;
/** Nobody is believed within the window who was not signalled, so a whole input lies in it. */
const LONGEST_MS = DEFAULT_RELAY_SETTINGS.learn.windowMs - 100;

const SOUND = '\x80\x00\x00\x01\x00\x00\x00\xa0abcd\xff\x7f\xff\x7f';
const REPORT = buildReport(9, []).toString('latin1');
const packet = (way: number, text: string) => String.fromCharCode(way, text.length) + text;
export const seeds: readonly string[] = [
  packet(0, SOUND) + packet(1, SOUND) + packet(2, REPORT) + packet(3, REPORT) + packet(0, REPORT),
  packet(4, SOUND).repeat(9) + packet(8, SOUND) + packet(8, SOUND.replace('abcd', 'efgh')).repeat(4),
  packet(16, SOUND).repeat(9) + packet(0, SOUND) + packet(17, SOUND) + packet(18, REPORT) + packet(20, SOUND),
  packet(0, SOUND) + packet(0x80, SOUND) + packet(12, SOUND) + packet(0x40, SOUND) + packet(0xc0, SOUND),
  packet(0, '\x9f\x65\xff\xff\xff\xff\xff\xffabcdefghijkl') + packet(0, '\x01\x01\0\0\x21\x12\xa4\x42'),
];

/** No packet throws, none of a stranger passes, and nothing goes to one. */
export function run(input: Buffer): void {
  const clock = new FakeClock();
  let speaker = 0;
  const open = (port: number) =>
    new CheckedPort(port, ({ address }) => {
      assert.ok(speaker < FIRST_STRANGER, 'a packet of a stranger has passed');
      assert.ok(ADDRESSES.includes(address), `a packet goes to ${address}`);
    });
  const own = { address: '198.51.100.1' };
  const session = new MediaSession('call', 'f', 0, 0);
  const stream = new MediaStream(session, 1, [own, own], DEFAULT_RELAY_SETTINGS.learn, clock);
  const ports = [open(40_000), open(40_001), open(40_002), open(40_003)] as const;
  for (const side of stream.sides) {
    side.open({ rtp: ports[2 * side.index]!, rtcp: ports[2 * side.index + 1]! });
    if (input.length % 2 === 1) side.packetTime = 30;
    side.attach({ wantsAll: false, payloadTypes: [101], keeps: [102], rtp: () => {} });
    side.signal(PARTIES[side.index], false);
  }
  for (let at = 0; at + 2 <= input.length; at += 2 + input[at + 1]!) {
    const way = input[at]!;
    const side = stream.sides[(way & 1) as 0 | 1];
    const party = PARTIES[side.index]!;
    const moved = MOVED[side.index]!;
    const command = way >> 6;
    if (command > 0) side.signal([party, moved, HOLD][command - 1], (way & 32) !== 0);
    speaker = (way >> 2) & 7;
    const bytes = input.subarray(at + 2, at + 2 + input[at + 1]!);
    ports[2 * side.index + ((way >> 1) & 1)]!.arrive(bytes, SOURCES[speaker]!(party, moved));
    clock.advance(Math.min(20, LONGEST_MS - clock.now()));
    stream.arrange();
  }
  for (const side of stream.sides) {
    assert.ok(side.quality.lost >= 0 && side.quality.jitter >= 0);
    side.close();
    side.open(undefined);
  }
}

class CheckedPort implements MediaPort {
  readonly address = '198.51.100.1';
  readonly port: number;
  readonly family = 4;
  user: PortUser | undefined;
  readonly #check: (to: Endpoint) => void;

  constructor(port: number, check: (to: Endpoint) => void) {
    this.port = port;
    this.#check = check;
  }

  arrive(bytes: Buffer, source: Endpoint): void {
    this.user?.packet(this, bytes, source);
  }

  send(_bytes: Buffer, to: Endpoint): void {
    this.#check(to);
  }

  setFast(): void {}
  close(): void {}

  counters(): PortCounters {
    return { packetsIn: 0, octetsIn: 0, packetsOut: 0, octetsOut: 0, failed: 0, lastFast: undefined };
  }
}

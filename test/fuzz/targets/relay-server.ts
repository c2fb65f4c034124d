import assert from 'node:assert/strict';
import { FakeClock } from '../../../src/base/fake-clock.ts';
import { SequentialIds } from '../../../src/base/ids.ts';
import { TimerWheel } from '../../../src/base/timer-wheel.ts';
import { DEFAULT_RELAY_SETTINGS } from '../../../src/media/relay/relay-settings.ts';
import { FakePath } from '../../../src/media/relay/testing/fake-path.ts';
import type { Execute } from '../../../src/media/server/command-source.ts';
import { DatagramExchange } from '../../../src/media/server/datagram-exchange.ts';
import { doorCounters } from '../../../src/media/server/door-counters.ts';
import { RelayServer } from '../../../src/media/server/relay-server.ts';
import { StreamExchange } from '../../../src/media/server/stream-exchange.ts';
import { FakeSound } from '../../../src/media/server/testing/fake-sound.ts';

export const name = 'relay-server';
export const seeds: readonly string[] = [
  'Uc0,8,101 call 192.0.2.1 8000 f;1 port: T1 && M3:1 Dc1 101 h && S ttl=30\n',
  'Lc0 call 192.0.2.2 9000 f;1 t;1 && D\n',
  'U call 192.0.2.1 8000 f;1 t;1 && L 192.0.2.2 9000 && C other f t && Sr tos=184',
  'UIEnw call 0.0.0.0 8000 f;2\nUl{pub}6z20 call ::1 9 f;3',
  'D call f t\nDw call f\nX\nV\nVF 20081224\nIbl\nGv nsess_created pps_in rtpa_nlost',
  'Qv call f;1 t;1 ttl rtpa_jmax longest_ipi && M3:1 Dx\nQ call f',
  'P-1 call moh session f;1 t;1\nP3 call moh 0,8 f\nS call f',
  'Rs call f t\nC call name f\nCsp call udp:[::1]:9 f\nC- call x f\nNa call f',
];

const clock = new FakeClock();
const sound = new FakeSound({ prompts: ['moh'] });
const server = new RelayServer({
  path: new FakePath(),
  clock,
  wheel: new TimerWheel(clock),
  ids: new SequentialIds(),
  settings: {
    ...DEFAULT_RELAY_SETTINGS,
    addresses: [
      { address: '198.51.100.1', role: 'internal', label: 'pub' },
      { address: '198.51.100.2', role: 'external' },
      { address: '2001:db8::1' },
    ],
    maxSessions: 50,
    ports: { min: 40_000, max: 40_199 },
  },
  notifySockets: [],
  recordsAll: false,
  sound: () => sound,
});

let waiting: Promise<string>[] = [];
let cookie = 0;

/** Whatever comes is answered: by words without a line end behind them, or by `E` and a number. */
const execute: Execute = (text) => {
  const answer = server.execute(text, { address: undefined, notify: checkLine });
  if (typeof answer === 'string') return checked(answer);
  const later = answer.then(checked);
  waiting.push(later);
  return later;
};

function checked(answer: string): string {
  assert.match(answer, /^(E\d{1,2}|[^E].*|)$/s);
  assert.notEqual(answer, 'E81', 'a command has failed by a mistake of this program');
  assert.ok(!answer.endsWith('\n'));
  return answer;
}

function checkLine(line: string): void {
  assert.ok(!/[\r\n\0]/.test(line));
}

const datagrams = new DatagramExchange(execute, (bytes) => assert.ok(bytes.at(-1) === 0x0a), {
  clock,
  counters: doorCounters(),
  remember: 100,
});

export async function run(input: Buffer): Promise<void> {
  const source = { address: '192.0.2.9', port: 4711 };
  datagrams.receive(input, source);
  datagrams.receive(Buffer.concat([Buffer.from(`${++cookie} `), input]), source);
  for (const oneCommand of [false, true]) {
    let closed = 0;
    const peer = { write: () => {}, close: () => closed++, flow: () => {} };
    const stream = new StreamExchange(execute, { address: undefined }, peer, { oneCommand }, doorCounters());
    const middle = input.length >> 1;
    stream.receive(input.subarray(0, middle));
    stream.receive(input.subarray(middle));
    stream.end();
    assert.ok(closed <= 1);
  }
  await Promise.all(waiting);
  waiting = [];
  assert.ok(server.relay.sessionCount <= 50);
  clock.advance(input.length % 64);
}

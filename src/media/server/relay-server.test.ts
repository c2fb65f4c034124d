import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import { SequentialIds } from '../../base/ids.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import { writeRtpHeader } from '../../wire/rtp/rtp-header.ts';
import { DEFAULT_RELAY_SETTINGS, type RelaySettings } from '../relay/relay-settings.ts';
import { FakePath, type FakePort } from '../relay/testing/fake-path.ts';
import type { CommandSource } from './command-source.ts';
import { RelayServer } from './relay-server.ts';
import { FakeSound } from './testing/fake-sound.ts';

const CALLER = { address: '192.0.2.10', port: 8000 };
const CALLEE = { address: '192.0.2.20', port: 9000 };
const OFFER = 'Uc0,101 call 192.0.2.10 8000 f;1';
const ANSWER = 'Lc0,101 call 192.0.2.20 9000 f;1 t;1';
const servers: RelayServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

function setUp(
  settings: Partial<RelaySettings> = {},
  options: { recordsAll?: boolean; mostWaiting?: number } = {},
) {
  const clock = new FakeClock();
  const path = new FakePath();
  const sound = new FakeSound({ prompts: ['moh'] });
  const server = new RelayServer({
    path,
    clock,
    wheel: new TimerWheel(clock),
    ids: new SequentialIds(),
    settings: { ...DEFAULT_RELAY_SETTINGS, addresses: [{ address: '198.51.100.1' }], ...settings },
    notifySockets: [],
    recordsAll: false,
    ...options,
    sound: () => sound,
  });
  servers.push(server);
  const lines: string[] = [];
  const source: CommandSource = { address: undefined, notify: (line) => lines.push(line) };
  const ask = async (text: string) => server.execute(text, source);
  /** The port of an answer. */
  const port = async (text: string) => Number((await ask(text)).split(' ')[0]);
  const at = (number: number) => path.ports.find((it) => it.port === number) as FakePort;
  return { clock, path, sound, server, lines, ask, port, at };
}

function rtp(sequenceNumber: number, ssrc: number, payloadType = 0): Buffer {
  const bytes = Buffer.alloc(172);
  writeRtpHeader(bytes, { payloadType, sequenceNumber, timestamp: 160 * sequenceNumber, ssrc });
  return bytes;
}

describe('RelayServer', () => {
  it('keeps the order of a call, and lets others go ahead', async () => {
    const { ask, server } = setUp();
    const order: string[] = [];
    const note = (text: string) => ask(text).then((answer) => order.push(`${text.charAt(0)} ${answer}`));
    const all = [note(OFFER), note(ANSWER), note('D call f t'), note('D call f t'), note('V')];
    await Promise.all(all);
    expect(order[0]).toBe('V 20040107');
    expect(order.slice(3)).toEqual(['D 0', 'D E50']);
    expect(order[1]).toMatch(/^U \d+ 198\.51\.100\.1$/);
    expect(order[2]).toMatch(/^L \d+ 198\.51\.100\.1$/);
    expect(server.relay.sessionCount).toBe(0);
  });

  it('opens one pair of ports for commands that come at once', async () => {
    const { ask, path } = setUp();
    const answers = await Promise.all([ask(OFFER), ask(OFFER), ask(OFFER)]);
    expect(new Set(answers).size).toBe(1);
    expect(path.open).toHaveLength(2);
  });

  it('tells of silence once, with the tag of the last command', async () => {
    const { clock, ask, lines } = setUp();
    await ask(`${OFFER} port: T1%20a`);
    clock.advance(1000);
    await ask(`${OFFER} port: T2%20b`);
    await ask(ANSWER);
    clock.advance(59_000);
    expect(lines).toEqual([]);
    clock.advance(5000);
    expect(lines).toEqual(['T2 b']);
    expect(await ask('Q call f;1')).toBe('E50');
  });

  it('tells nobody where the last command named nobody, and nobody of a call that was ended', async () => {
    const { clock, ask, lines } = setUp();
    await ask(`${OFFER} port: T1`);
    await ask(OFFER);
    await ask('U other 192.0.2.10 8000 f;1 port: T3');
    await ask('D other f');
    clock.advance(300_000);
    expect(lines).toEqual([]);
  });

  it('lets a port of the same process listen, and no other', async () => {
    const { server } = setUp();
    const remote = { address: '192.0.2.99' };
    expect(await server.execute(`${OFFER} port: T1`, remote)).toBe('E75');
    expect(await server.execute(`${OFFER} tcp:192.0.2.99:80 T1`, remote)).toBe('E75');
    expect(server.execute('VF 20081224', remote)).toBe('0');
    expect(server.execute('VF 20081224', { address: undefined, notify: () => {} })).toBe('1');
    expect(server.relay.sessionCount).toBe(0);
  });

  it('counts the packets of the party of the from-tag first', async () => {
    const { clock, ask, port, at } = setUp();
    const toCallee = await port(OFFER);
    const toCaller = await port(ANSWER);
    for (let i = 1; i <= 3; i++) at(toCaller).arrive(rtp(i, 7), CALLER.address, CALLER.port);
    at(toCallee).arrive(rtp(1, 9), CALLEE.address, CALLEE.port);
    at(toCallee).arrive(rtp(2, 5), '203.0.113.66', 666);
    clock.advance(10_000);
    expect(await ask('Q call f;1 t;1')).toBe('50 3 2 4 1');
    expect(await ask('Q call t;1 f;1')).toBe('50 2 3 4 1');
    // The first one only: then a fast rule counts, and this path has none.
    expect(await ask('Qv call f;1 t;1 rtpa_nsent rtpa_nrcvd rtpa_ndups rtpa_nlost')).toBe(
      'rtpa_nsent=1 rtpa_nrcvd=1 rtpa_ndups=0 rtpa_nlost=0',
    );
    await ask('D call f t');
    clock.advance(1000);
    expect(await ask('Gv npkts_rcvd npkts_relayed npkts_discard rtpa_nrcvd nsess_owrtp nsess_nortcp')).toBe(
      'npkts_rcvd=5 npkts_relayed=4 npkts_discard=1 rtpa_nrcvd=2 nsess_owrtp=0 nsess_nortcp=1',
    );
    expect(await ask('Gv nsess_created nsess_destroyed nsess_complete total_duration')).toBe(
      'nsess_created=1 nsess_destroyed=1 nsess_complete=1 total_duration=10.000000',
    );
  });

  it('counts commands, and tells the rate of packets', async () => {
    const { clock, ask, port, at } = setUp();
    const toCallee = await port(OFFER);
    await ask('Z');
    expect(await ask('G ncmds_rcvd ncmds_succd ncmds_errs ncmds_repld')).toBe('3 1 1 2');
    expect(await ask('G ncookies_forgotten nconns_refused nconns_stalled')).toBe('0 0 0');
    expect(await ask('Gv nnotes_sent nnotes_dropped nnotes_failures')).toBe(
      'nnotes_sent=0 nnotes_dropped=0 nnotes_failures=0',
    );
    for (let i = 1; i <= 30; i++) at(toCallee).arrive(rtp(i, 9), CALLEE.address, CALLEE.port);
    clock.advance(3000);
    expect(await ask('G pps_in')).toBe('10.000000');
    expect(await ask('Il')).toMatch(/^sessions created: 1\n.*\naverage load: [01]\.\d{6}$/s);
  });

  it('plays to the party of the from-tag', async () => {
    const { ask, sound, server } = setUp();
    await ask(OFFER);
    await ask(ANSWER);
    const [stream] = [...server.relay.sessions][0]!.streams.values();
    const [, callers] = stream!.sides;
    expect(await ask('P-1 call moh 8,0 f;1 t;1')).toBe('0');
    expect(sound.played.at(-1)).toMatchObject({ side: callers, prompt: 'moh', codecs: [8, 0], count: -1 });
    expect(callers.signalled).toEqual(CALLER);
    expect(await ask('P3 call moh session f;1 t;1')).toBe('0');
    expect(sound.played.at(-1)).toMatchObject({ codecs: [0, 101], count: 3 });
    expect(await ask('P call other 0 f;1 t;1')).toBe('E60');
    expect(sound.playing.size).toBe(0);
    await ask('P call moh 0 t;1 f;1');
    expect(sound.played.at(-1)!.side.signalled).toEqual(CALLEE);
    expect(await ask('S call t;1 f;1')).toBe('0');
    expect(sound.playing.size).toBe(0);
    await ask('U bare 192.0.2.10 8000 f;1');
    expect(await ask('P bare moh session f;1')).toBe('E35');
  });

  it('takes the packet time that was asked for the party', async () => {
    const { ask, sound } = setUp();
    await ask(OFFER);
    await ask('Lc0z40 call 192.0.2.20 9000 f;1 t;1');
    await ask('P call moh session f;1 t;1');
    await ask('P call moh 0 f;1 t;1');
    expect(sound.played.map(({ packetTime }) => packetTime)).toEqual([40, undefined]);
  });

  it('records what the party of the from-tag sends, in all media that are meant', async () => {
    const { ask, sound } = setUp();
    await ask(OFFER);
    await ask('U call 192.0.2.10 8002 f;2');
    expect(await ask('R call f t')).toBe('0');
    expect(sound.recorded.map(({ side, to, bothSides }) => [side.signalled?.port, to, bothSides])).toEqual([
      [8000, undefined, false],
      [8002, undefined, false],
    ]);
    expect(await ask('N call f;1 t;1')).toBe('0');
    expect(await ask('N call f t')).toBe('0');
    expect(await ask('N call f t')).toBe('E50');
    await ask('Rs call t;1 f;1');
    expect(sound.recorded.at(-1)).toMatchObject({ bothSides: true });
    expect(await ask('N call f;1')).toBe('E50');
    expect(await ask('Na call f;1')).toBe('0');
  });

  it('copies by a name or to somewhere', async () => {
    const { ask, sound } = setUp();
    await ask(OFFER);
    expect(await ask('Cs call name f;1')).toBe('0');
    expect(sound.recorded.at(-1)).toMatchObject({ to: { name: 'name' }, bothSides: true });
    expect(await ask('C- call name f;1')).toBe('0');
    expect(await ask('C- call name f;1')).toBe('E65');
    expect(await ask('Cp call udp:[2001:db8::9]:4000 f;1')).toBe('40000 198.51.100.1');
    expect(sound.recorded.at(-1)).toMatchObject({ to: { remote: { address: '2001:db8::9', port: 4000 } } });
    expect(await ask('Cp call name f;1')).toBe('E65');
    expect(await ask('C call udp:192.0.2.9:0 f;1')).toBe('E65');
  });

  it('records everything where that is asked for', async () => {
    const { ask, sound } = setUp({}, { recordsAll: true });
    await ask(OFFER);
    await ask(OFFER);
    expect(sound.recorded.map(({ side }) => side.index)).toEqual([0, 1]);
  });

  it('tells keys with the number of the stream: 0 is the party that made the session', async () => {
    const { ask, sound, lines } = setUp();
    expect(await ask(`${OFFER} port: T1 && M3:1 Dc%31`)).toMatch(/^\d+ 198\.51\.100\.1$/);
    expect(await ask(`${ANSWER} && M3:1 Dd2 96 h`)).toMatch(/^\d+ 198\.51\.100\.1$/);
    const [callers, callees] = sound.listened;
    expect(callers).toMatchObject({ payloadType: 101, hide: false, side: { signalled: CALLER } });
    expect(callees).toMatchObject({ payloadType: 96, hide: true, side: { signalled: CALLEE } });
    callers!.pressed({ event: 5, volume: 10, duration: 800 });
    callees!.pressed({ event: 11, volume: 7, duration: 1600 });
    callees!.pressed({ event: 16, volume: 7, duration: 1600 });
    expect(lines).toEqual(['Dc1 5 10 800 0', 'Dd2 # 7 1600 1']);
    expect(await ask('Q call f;1 && M3:1 Dx')).toMatch(/^\d+ 0 0 0 0$/);
    for (const wrong of ['M3:1', 'M3:1 D%zz', 'M3:1 D%20x', 'M3:1 Dx 128', 'M3:1 Dx 101 x', 'M2:1 Dx']) {
      expect(await ask(`${ANSWER} && ${wrong}`)).toMatch(/ && -1$/);
    }
    expect(await ask('U other 192.0.2.10 8000 f;1 && M3:1 Dx')).toMatch(/ && -1$/);
  });

  it('ends a session sooner where a sub-command says so', async () => {
    const { clock, ask } = setUp();
    await ask(OFFER);
    await ask(`${ANSWER} && S ttl=5`);
    clock.advance(4000);
    expect(await ask('Q call f;1 t;1 ttl')).toBe('1');
    clock.advance(3000);
    expect(await ask('Q call f;1 t;1')).toBe('E50');
  });

  it('lets the parties of another session hear both of a call', async () => {
    const { ask, port, at, path } = setUp();
    const toCallee = await port(OFFER);
    const toCaller = await port(ANSWER);
    const first = await port('U tap 192.0.2.30 7000 x;1');
    const second = await port('U tap 192.0.2.30 7000 x;1 y;1 && L 192.0.2.30 7002 && C call f;1 t;1');
    expect(second).toBe(first);
    at(toCallee).arrive(rtp(1, 9), CALLEE.address, CALLEE.port);
    at(toCaller).arrive(rtp(1, 7), CALLER.address, CALLER.port);
    const heard = (wanted: number) =>
      path.ports.flatMap(({ sent }) => sent).filter(({ to }) => to.port === wanted);
    expect(heard(7000)).toEqual([{ bytes: rtp(1, 9), to: { address: '192.0.2.30', port: 7000 } }]);
    expect(heard(7002)).toHaveLength(1);
    expect(at(toCallee).sent).toHaveLength(1);
    expect(await ask('U call 192.0.2.10 8000 f;1 t;1 && C call f;1 t;1')).toMatch(/ && -1$/);
  });

  it('answers a mistake of its own, and goes on', async () => {
    const { ask, sound, server } = setUp();
    await ask(OFFER);
    Object.defineProperty(sound.plays, 'play', { value: () => Promise.reject(new Error('broken')) });
    Object.defineProperty(sound.records, 'stop', {
      value: () => {
        throw new Error('broken too');
      },
    });
    expect(await ask('P call moh 0 f;1')).toBe('E81');
    expect(await ask('N call f;1')).toBe('E81');
    expect(await ask('V')).toBe('20040107');
    expect(server.statistics.commands).toEqual({ received: 4, answered: 4, succeeded: 2, failed: 2 });
  });

  it('refuses what comes while too much waits', async () => {
    const { ask } = setUp({}, { mostWaiting: 2 });
    const answers = await Promise.all([
      ask(OFFER),
      ask(OFFER),
      ask(OFFER),
      ask('U x 192.0.2.10 8000 f;1'),
      ask('V'),
    ]);
    expect(answers.map((answer) => answer.replace(/^\d+ .*/, 'port'))).toEqual([
      'port',
      'port',
      'E98',
      'E98',
      'E98',
    ]);
    expect(await ask(OFFER)).toBe(answers[0]);
  });

  it('makes no sessions any more once it was told so', async () => {
    const { ask, server } = setUp();
    await ask(OFFER);
    server.relay.refuseNew();
    expect(await ask('U other 192.0.2.10 8000 f;1')).toBe('E99');
    expect(await ask(ANSWER)).toMatch(/^\d+ /);
  });
});

import { describe, expect, it, onTestFinished } from 'vitest';
import { channels } from '../../base/channels.ts';
import { encodeAlaw, encodeUlaw } from '../../wire/rtp/g711.ts';
import { buildReport } from '../../wire/rtp/rtcp.ts';
import { parseWav } from '../../wire/rtp/wav.ts';
import type { PortPair } from '../relay/packet-path.ts';
import type { StreamSide } from '../relay/stream-side.ts';
import { FakePath } from '../relay/testing/fake-path.ts';
import type { RecordRequest } from '../server/sound-ports.ts';
import { CALLEE, CALLER, OpenCall } from '../testing/open-call.ts';
import { rtpPacket } from '../testing/rtp.ts';
import { DEFAULT_RECORDER_SETTINGS, Recorder, type RecorderSettings } from './recorder.ts';
import { FakeFiles } from './testing/fake-files.ts';
import { readPcap, readRtpproxyCapture } from './testing/read-capture.ts';

const NAME = 'call@example.com=from-tag';

async function setUp(settings: Partial<RecorderSettings> = {}) {
  const call = await OpenCall.make();
  const files = new FakeFiles();
  const path = new FakePath();
  const recorder = new Recorder({
    settings: { ...DEFAULT_RECORDER_SETTINGS, folders: { directory: '/rec' }, ...settings },
    files,
    ports: {
      resolve: async (host) =>
        host === 'copies.example' ? '203.0.113.5' : host.includes('.') ? host : undefined,
      towards: async (address) => (address === '203.0.113.66' ? undefined : '198.51.100.1'),
      take: (address) => path.openPair(address, 40_000 + path.ports.length),
      giveBack: (_address: string, { rtp, rtcp }: PortPair) => {
        rtp.close();
        rtcp.close();
      },
    },
    clock: call.clock,
    wheel: call.wheel,
  });
  const events: Record<string, unknown>[] = [];
  const note = (event: unknown) => void events.push(event as Record<string, unknown>);
  channels.recording.subscribe(note);
  onTestFinished(() => void channels.recording.unsubscribe(note));
  const record = (side: StreamSide, request: Partial<RecordRequest> = {}) =>
    recorder.start({
      session: side.stream.session,
      side,
      to: undefined,
      bothSides: false,
      replyAddress: false,
      ...request,
    });
  /** Both parties speak for so many packets of 20 ms; the caller's samples are 1000, the callee's 2000. */
  const talk = (packets: number, from = 0, type = 0) => {
    for (let n = from; n < from + packets; n++) {
      for (const [side, level] of [
        [call.caller, 1000],
        [call.callee, 2000],
      ] as const) {
        const sound = new Int16Array(160).fill(level);
        const header = { payloadType: type, sequenceNumber: n, timestamp: 160 * n, ssrc: level };
        call.speak(side, rtpPacket(header, type === 8 ? encodeAlaw(sound) : encodeUlaw(sound)));
      }
      call.clock.advance(20);
    }
  };
  const settled = () => recorder[Symbol.asyncDispose]();
  const content = (name: string) => files.contents.get(`/rec/${name}`)!;
  return { call, files, path, recorder, events, record, talk, settled, content };
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) < 40;
}

describe('Recorder', () => {
  it("writes each party's packets in rtpproxy's own format, under rtpproxy's names", async () => {
    const { call, files, record, talk, settled, content } = await setUp();
    expect(await record(call.caller)).toEqual({ ok: true });
    expect(await record(call.callee)).toEqual({ ok: true });
    talk(10);
    call.speak(call.caller, buildReport(1000, []), 'rtcp');
    await settled();
    // Nothing of the callee's RTCP came, so there is no file of it.
    expect([...files.contents.keys()].sort()).toEqual(
      ['.a.rtp', '.o.rtcp', '.o.rtp'].map((ending) => `/rec/${NAME}${ending}`),
    );
    const caller = readRtpproxyCapture(content(`${NAME}.o.rtp`));
    expect(caller).toHaveLength(10);
    expect(caller[3]).toMatchObject({ source: `${CALLER.address}:${CALLER.port}` });
    expect(caller[3]!.payload.readUInt16BE(2)).toBe(3);
    expect(caller[3]!.when - caller[0]!.when).toBeCloseTo(60, 3);
    expect(caller[0]!.when).toBeCloseTo(Date.UTC(2026, 0, 1), 0);
    expect(readRtpproxyCapture(content(`${NAME}.a.rtp`))[0]!.source).toBe(`${CALLEE.address}:${CALLEE.port}`);
    expect(readRtpproxyCapture(content(`${NAME}.o.rtcp`))).toHaveLength(1);
    expect(files.open).toBe(0);
  });

  it('writes both parties with their RTCP to one pcap file where asked', async () => {
    const { call, files, recorder, record, talk, settled, content } = await setUp({ capture: 'pcap' });
    await record(call.caller, { bothSides: true });
    await record(call.callee, { bothSides: true });
    talk(5);
    call.speak(call.callee, buildReport(2000, []), 'rtcp');
    expect(recorder.stop(call.caller)).toBe(true);
    talk(5, 5);
    await settled();
    expect([...files.contents.keys()]).toEqual([`/rec/${NAME}.pcap`]);
    const packets = readPcap(content(`${NAME}.pcap`));
    const from = (source: string) => packets.filter((packet) => packet.source === source).length;
    expect(from(`${CALLER.address}:${CALLER.port}`)).toBe(5);
    expect(from(`${CALLEE.address}:${CALLEE.port}`)).toBe(10);
    expect(from(`${CALLEE.address}:${CALLEE.port + 1}`)).toBe(1);
    const port = call.caller.ports!.rtp.port;
    expect(packets[0]!.destination).toBe(`198.51.100.1:${port}`);
  });

  it('uses the name of the command, and nothing of it leads out of the directory', async () => {
    const { call, files, record, talk, settled } = await setUp({ capture: 'pcap', rtcp: false });
    await record(call.caller, { to: { name: '../../tmp/x' } });
    await record(call.callee, { to: { name: 'conference.pcap' }, bothSides: true });
    talk(1);
    await settled();
    expect([...files.contents.keys()].sort()).toEqual([
      '/rec/%2E.%2F..%2Ftmp%2Fx.rtp',
      '/rec/conference.pcap',
    ]);
  });

  it('mixes G.711 of both laws into stereo, the caller left', async () => {
    const { call, record, talk, settled, content } = await setUp({ capture: 'none', wav: true });
    await record(call.caller);
    await record(call.callee);
    talk(50);
    talk(50, 50, 8);
    await settled();
    const wav = parseWav(content(`${NAME}.wav`))!;
    expect(wav).toMatchObject({ encoding: 'pcm16', channels: 2, rate: 8000 });
    expect(wav.data.length).toBe(4 * 160 * 100);
    for (let frame = 0; frame < 16_000; frame += 97) {
      expect(near(wav.data.readInt16LE(4 * frame), 1000)).toBe(true);
      expect(near(wav.data.readInt16LE(4 * frame + 2), 2000)).toBe(true);
    }
  });

  it('aligns the parties by when they speak, with silence between', async () => {
    const { call, record, settled, content } = await setUp({ capture: 'none', wav: true });
    await record(call.caller);
    await record(call.callee);
    const say = (side: StreamSide, timestamp: number, sequenceNumber: number) => {
      const codes = encodeUlaw(new Int16Array(160).fill(5000));
      call.speak(side, rtpPacket({ payloadType: 0, sequenceNumber, timestamp, ssrc: side.index }, codes));
    };
    say(call.caller, 1_000_000, 1);
    await call.clock.advanceAsync(5000);
    say(call.callee, 77, 1);
    await call.clock.advanceAsync(3000);
    say(call.caller, 1_000_000 + 64_000, 2);
    await settled();
    const { data } = parseWav(content(`${NAME}.wav`))!;
    const spoken = (channel: 0 | 1) => {
      const frames: number[] = [];
      for (let i = 0; i < data.length / 4; i++)
        if (data.readInt16LE(4 * i + 2 * channel) > 4000) frames.push(i);
      return [frames[0], frames.length, frames.at(-1)];
    };
    expect(spoken(0)).toEqual([0, 320, 64_159]);
    expect(spoken(1)).toEqual([40_000, 160, 40_159]);
  });

  it('leaves other codecs to the capture, and says so', async () => {
    const { call, files, events, record, talk, settled } = await setUp({ wav: true });
    await record(call.caller);
    await record(call.callee);
    talk(3, 0, 18);
    await settled();
    expect([...files.contents.keys()].sort()).toEqual([`/rec/${NAME}.a.rtp`, `/rec/${NAME}.o.rtp`]);
    expect(events.at(-1)).toMatchObject({ event: 'done', unmixed: [{ payloadType: 18, packets: 6 }] });
  });

  it('is stopped by a full disk, which the call does not notice, and which is told', async () => {
    const { call, files, recorder, events, record, talk, settled, content } = await setUp({ wav: true });
    files.room = 60_000;
    await record(call.caller);
    await record(call.callee);
    for (let second = 0; second < 10; second++) {
      talk(50, 50 * second);
      await call.clock.advanceAsync(1);
    }
    expect(call.heard(call.callee)).toHaveLength(500);
    expect(call.heard(call.caller)).toHaveLength(500);
    await settled();
    expect(events.map(({ event, fault }) => [event, fault])).toEqual([
      ['begun', undefined],
      ['failed', 'ENOSPC'],
    ]);
    expect(recorder.counters).toMatchObject({ begun: 1, ended: 1, failed: 1 });
    // What is there is whole.
    const packets = readRtpproxyCapture(content(`${NAME}.o.rtp`));
    expect(packets.length).toBeGreaterThan(20);
    expect(packets.every(({ payload }) => payload.length === 172)).toBe(true);
    const wav = content(`${NAME}.wav`);
    expect(parseWav(wav)!.data.length).toBe(wav.length - 44);
    expect(files.open).toBe(0);
    // Room was made: the next one is recorded.
    files.room = Number.POSITIVE_INFINITY;
    expect(await record(call.caller)).toEqual({ ok: true });
  });

  it('drops while the disk hangs, and never waits for it', async () => {
    const { call, files, recorder, events, record, talk, settled } = await setUp();
    await record(call.caller);
    files.hold();
    talk(3000);
    expect(call.heard(call.callee)).toHaveLength(3000);
    files.release();
    await settled();
    expect(recorder.counters.dropped).toBeGreaterThan(1000);
    expect(events.at(-1)).toMatchObject({ event: 'done', dropped: recorder.counters.dropped });
  });

  it('leaves silence where the disk was too slow for sound, and goes on in its place', async () => {
    const { call, files, recorder, record, talk, settled, content } = await setUp({
      capture: 'none',
      wav: true,
    });
    await record(call.caller);
    await record(call.callee);
    talk(50);
    files.hold();
    for (let second = 1; second < 20; second++) talk(50, 50 * second);
    files.release();
    await call.clock.advanceAsync(0);
    talk(100, 1000);
    await settled();
    expect(recorder.counters.dropped).toBeGreaterThan(0);
    const { data } = parseWav(content(`${NAME}.wav`))!;
    expect(data.length).toBe(4 * 160 * 1100);
    const heard = (second: number) => data.readInt16LE(4 * 8000 * second + 4 * 4000);
    expect([near(heard(0), 1000), heard(15), near(heard(21), 1000)]).toEqual([true, 0, true]);
  });

  it('sends what is said to the disk within a second, one recording after the other', async () => {
    const { call, files, record, talk, settled } = await setUp({ rtcp: false });
    const sides = [call.caller];
    for (let i = 0; i < 30; i++) sides.push((await call.open(`call-${i}`, 'tag'))[0]);
    for (const side of sides) await record(side);
    const header = { payloadType: 0, sequenceNumber: 1, timestamp: 0, ssrc: 7 };
    for (const side of sides) call.speak(side, rtpPacket(header, Buffer.alloc(160)));
    const written = () => [...files.contents.values()].filter(({ length }) => length > 0).length;
    await call.clock.advanceAsync(100);
    expect(written()).toBeGreaterThan(0);
    expect(written()).toBeLessThan(6);
    await call.clock.advanceAsync(1000);
    expect(written()).toBe(sides.length);
    talk(1);
    await settled();
  });

  it('answers although the disk hangs, and refuses more when too much waits for it', async () => {
    const { call, files, recorder, record, talk, settled, content } = await setUp({ most: 2, rtcp: false });
    files.hold();
    const answer = record(call.caller);
    talk(1);
    await call.clock.advanceAsync(1000);
    expect(await answer).toEqual({ ok: true });
    call.relay.deleteAll();
    for (const n of [1, 2]) {
      const [side] = await call.open(`call-${n}`, 'tag');
      const next = record(side);
      await call.clock.advanceAsync(1000);
      expect((await next).ok).toBe(n === 1);
      call.relay.deleteAll();
    }
    expect(recorder.counters.refused).toBe(1);
    files.release();
    await settled();
    expect(readRtpproxyCapture(content(`${NAME}.o.rtp`))).toHaveLength(1);
  });

  it('answers why it cannot', async () => {
    const nowhere = await setUp({ folders: undefined });
    expect(await nowhere.record(nowhere.call.caller)).toMatchObject({ ok: false });
    const missing = await setUp({ folders: { directory: '/disk/rec' } });
    missing.files.missing.add('/disk').add('/disk/rec');
    expect(await missing.record(missing.call.caller)).toEqual({ ok: false, reason: 'ENOENT' });
    missing.talk(3);
    const few = await setUp({ most: 1 });
    expect((await few.record(few.call.caller)).ok).toBe(true);
    expect((await few.record(few.call.callee)).ok).toBe(true);
    const [other] = await few.call.open('other', 'tag');
    expect(await few.record(other)).toMatchObject({ ok: false });
    expect(few.recorder.counters.refused).toBe(1);
    few.call.relay.deleteAll();
    expect(await few.record(few.call.caller)).toEqual({ ok: false, reason: 'the call is over' });
  });

  it('completes what it records when the call ends, out of the spool', async () => {
    const folders = { directory: '/rec', spool: '/spool' };
    const { call, files, record, talk, events } = await setUp({ folders, rtcp: false });
    await record(call.caller);
    expect(await record(call.caller)).toEqual({ ok: true });
    talk(3);
    expect([...files.contents.keys()]).toEqual([`/spool/${NAME}.o.rtp`]);
    call.relay.deleteAll();
    await new Promise(setImmediate);
    expect([...files.contents.keys()]).toEqual([`/rec/${NAME}.o.rtp`]);
    expect(events.at(-1)).toMatchObject({
      event: 'done',
      callId: 'call@example.com',
      files: [{ path: `/rec/${NAME}.o.rtp`, bytes: 3 * (30 + 172), dropped: 0 }],
    });
    call.clock.advance(10_000);
    expect(call.wheel.size).toBe(0);
  });

  it('begins another file when it is started again, and each medium has its own', async () => {
    const { call, files, recorder, record, talk, settled } = await setUp({ rtcp: false });
    await record(call.caller);
    talk(2);
    expect(recorder.stop(call.caller)).toBe(true);
    expect(recorder.stop(call.caller)).toBe(false);
    await record(call.caller);
    talk(3, 2);
    const [video] = await call.open('call@example.com', 'from-tag', 2);
    await record(video);
    await settled();
    const sizes = [...files.contents].map(([path, bytes]) => `${path} ${bytes.length / 202}`);
    expect(sizes).toEqual([`/rec/${NAME}.o.rtp 2`, `/rec/${NAME}-2.o.rtp 3`, `/rec/${NAME}=2.o.rtp 0`]);
  });

  it('copies packets elsewhere, and tells where from', async () => {
    const { call, path, recorder, record, talk } = await setUp();
    const to = { remote: { address: 'copies.example', port: 7000 } };
    expect(await record(call.caller, { to, replyAddress: true })).toEqual({
      ok: true,
      from: { address: '198.51.100.1', port: 40_000 },
    });
    expect(await record(call.caller, { to })).toEqual({ ok: true });
    talk(2);
    call.speak(call.caller, buildReport(1000, []), 'rtcp');
    const [rtp, rtcp] = path.ports;
    expect(rtp!.sent.map((it) => it.to)).toEqual(new Array(2).fill({ address: '203.0.113.5', port: 7000 }));
    expect(rtp!.sent[1]!.bytes).toEqual(call.heard(call.callee)[1]);
    expect(rtcp!.sent.map((it) => it.to.port)).toEqual([7001]);
    expect(recorder.stop(call.caller)).toBe(true);
    expect(path.open).toEqual([]);
    for (const address of ['203.0.113.66', 'nobody']) {
      expect(await record(call.caller, { to: { remote: { address, port: 1 } } })).toMatchObject({
        ok: false,
      });
    }
    await record(call.callee, { to });
    call.relay.deleteAll();
    expect(path.open).toEqual([]);
  });
});

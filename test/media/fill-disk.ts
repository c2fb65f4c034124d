// Records a call into a directory until its disk is full. Prints what came of it as JSON.
import { readdirSync, readFileSync } from 'node:fs';
import { channels } from '../../src/base/channels.ts';
import { copyPorts } from '../../src/media/recorder/copy-ports.ts';
import { DEFAULT_RECORDER_SETTINGS, Recorder } from '../../src/media/recorder/recorder.ts';
import { DISK } from '../../src/media/recorder/recording-files.ts';
import { readPcap } from '../../src/media/recorder/testing/read-capture.ts';
import { OpenCall } from '../../src/media/testing/open-call.ts';
import { rtpPacket } from '../../src/media/testing/rtp.ts';
import { encodeUlaw } from '../../src/wire/rtp/g711.ts';
import { parseWav } from '../../src/wire/rtp/wav.ts';

const directory = process.argv[2]!;
const call = await OpenCall.make();
const recorder = new Recorder({
  settings: { ...DEFAULT_RECORDER_SETTINGS, folders: { directory }, capture: 'pcap', wav: true },
  files: DISK,
  ports: copyPorts(call.relay.pool),
  clock: call.clock,
  wheel: call.wheel,
});
const ended = new Promise<unknown>((resolve) => {
  channels.recording.subscribe((event) => {
    if ((event as { event: string }).event !== 'begun') resolve(event);
  });
});
const { session } = call.caller.stream;
for (const side of [call.caller, call.callee]) {
  await recorder.start({ session, side, to: undefined, bothSides: true, replyAddress: false });
}
const codes = encodeUlaw(new Int16Array(160).fill(1000));
const PACKETS = 1000;
for (let n = 0; n < PACKETS; n++) {
  for (const side of [call.caller, call.callee]) {
    const header = { payloadType: 0, sequenceNumber: n, timestamp: 160 * n, ssrc: side.index };
    call.speak(side, rtpPacket(header, codes));
  }
  await call.clock.advanceAsync(20);
}
await recorder[Symbol.asyncDispose]();
const files = readdirSync(directory).sort();
const [capture, wav] = files.map((name) => readFileSync(`${directory}/${name}`));
const heard = call.heard(call.callee).length;
console.log(
  JSON.stringify({
    event: await ended,
    files,
    bytes: capture!.length + wav!.length,
    captured: readPcap(capture!).length,
    mixed: parseWav(wav!)!.data.length / 4,
    heard,
    packets: PACKETS,
  }),
);

import assert from 'node:assert/strict';
import { LineFramer, parseFrame, printCommandFrame } from '../../../src/wire/rtpproxy/frame.ts';
import {
  parseNotification,
  parseNotifySocket,
  printNotification,
} from '../../../src/wire/rtpproxy/notification.ts';
import { parseCommand } from '../../../src/wire/rtpproxy/parse-command.ts';
import { printCommand } from '../../../src/wire/rtpproxy/print-command.ts';
import {
  parseReply,
  printRelayAddress,
  readCounters,
  readRelayAddress,
} from '../../../src/wire/rtpproxy/reply.ts';

export const name = 'rtpproxy';
export const seeds: readonly string[] = [
  '1_2_3 Uc0,8,101AIE6WNZ20l[2001:db8::1]R192.0.2.1 call@x 2001:db8::2 8000 ft;1 tt;1 unix:/s T7%20 && M3:1 Dc1 101 && Tr30',
  '1_2_3 U call 192.0.2.1 8000 ft tt && L6 2001:db8::2 9 && Sr ttl=3 && S tos=4 && C c f t && Dw',
  '1_2_3 L call 127.0.0.1 9000 ft;1 tt;1',
  '1_2_3 Dw call ft tt\n',
  '1_2_3 P-1 call moh 0,8 ft tt',
  '1_2_3 Qv call ft tt ttl nrelayed && D',
  '1_2_3 C-sp call udp:192.0.2.1:9 ft',
  '1_2_3 35000 10.0.0.34 6 && 0 && -1\n',
  '1_2_3 ttl=60 npkts_ina=0\nE72\nV\nVF 20050322\nGv x\nIbl\nX\nRs c f\nNa c f\nS c f\n',
  'Dc12 # 10 800 0\nT7\ntcp:[2001:db8::1]:99',
];

/** Every input is a command or has an error's number; a command that is written again is read the same. */
export function run(input: Buffer): void {
  const frame = parseFrame(input);
  if (frame) assert.deepEqual(parseFrame(printCommandFrame(frame)), frame);
  const framer = new LineFramer();
  const middle = input.length >> 1;
  const lines = [...framer.push(input.subarray(0, middle)), ...framer.push(input.subarray(middle))];
  for (const text of [...lines, frame?.text ?? '']) {
    command(text);
    const reply = parseReply(text);
    if (reply?.ok) {
      const address = readRelayAddress(reply.words);
      if (address) assert.equal(readRelayAddress(printRelayAddress(address).split(' '))?.port, address.port);
      readCounters(reply.words, ['a', 'b']);
    }
    const notification = parseNotification(text);
    if (notification) assert.deepEqual(parseNotification(printNotification(notification)), notification);
    parseNotifySocket(text);
  }
}

function command(text: string): void {
  const result = parseCommand(text);
  if (!result.ok) {
    assert.ok(result.error >= 0 && result.error < 100);
    return;
  }
  // A NUL would end the text for the daemon: it is read, and never written.
  if (text.includes('\0')) return;
  assert.deepEqual(parseCommand(printCommand(result.command)), result);
}

import assert from 'node:assert/strict';
import { parseNgMessage, printNgMessage } from '../../../src/wire/ng/message.ts';

export const name = 'ng';
export const seeds: readonly string[] = [
  '1_1 d7:call-id3:c@x7:command5:offer5:flagsl13:trust-addresse3:sdp5:v=0\r\ne',
  '1_2 d6:result2:ok6:totalsd3:RTPd7:packetsi18446744073709551615e5:bytesi-7eeee',
  '1_3 {"command":"ping","a":["\xc3\xa9",1,true,null,{"__proto__":{}}]}',
];

/** What was read, written again, is read the same. */
export function run(input: Buffer): void {
  const message = parseNgMessage(input);
  if (message) assert.deepEqual(parseNgMessage(printNgMessage(message)), message);
}

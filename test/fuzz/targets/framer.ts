import assert from 'node:assert/strict';
import { StreamFramer } from '../../../src/wire/sip/framer.ts';
import { parseMessage } from '../../../src/wire/sip/parse.ts';
import { tortureMessages, USUAL_MESSAGES } from '../target.ts';

export const name = 'framer';
export const seeds: readonly string[] = [
  ...tortureMessages(),
  ...USUAL_MESSAGES,
  `${USUAL_MESSAGES.join('')}\r\n\r\n${USUAL_MESSAGES[1]}`,
  '\r\n\r\n\r\n\r\n',
];

/** However the stream is cut, the same comes out; and parser and framer agree where a message ends. */
export function run(input: Buffer): void {
  const whole = heard([input]);
  const step = 1 + (input.length % 97);
  const chunks: Buffer[] = [];
  for (let at = 0; at < input.length; at += step) chunks.push(Buffer.from(input.subarray(at, at + step)));
  assert.deepEqual(heard(chunks), whole);
}

function heard(chunks: readonly Buffer[]): string[] {
  const log: string[] = [];
  const framer = new StreamFramer(
    { maxHeaderBytes: 4096, maxMessageBytes: 6000 },
    {
      message: (bytes) => {
        log.push(`message ${bytes.toString('latin1')}`);
        const result = parseMessage(bytes);
        if (result.ok) assert.equal(result.message.bodyEnd, result.message.bytes.length);
      },
      ping: () => log.push('ping'),
      fault: (fault) => log.push(fault),
    },
  );
  for (const chunk of chunks) framer.push(chunk);
  log.push(framer.partial ? 'partial' : 'done');
  return log;
}

import assert from 'node:assert/strict';
import { H } from '../../../src/wire/sip/header-name.ts';
import { parseMessage } from '../../../src/wire/sip/parse.ts';
import { tortureMessages, USUAL_MESSAGES } from '../target.ts';

export const name = 'message';
export const seeds: readonly string[] = [...tortureMessages(), ...USUAL_MESSAGES];

/** Every line has its place, look-ups agree with the table, and what is printed reads the same. */
export function run(input: Buffer): void {
  const result = parseMessage(input);
  if (!result.ok) return;
  const message = result.message;
  let at = message.headersStart;
  for (let line = 0; line < message.lineCount; line++) {
    assert.equal(message.lineStart(line), at);
    assert.ok(message.valueStart(line) <= message.valueEnd(line));
    assert.ok(message.valueEnd(line) <= message.lineEnd(line));
    assert.equal(message.find(message.id(line), line), line);
    assert.equal(typeof message.valueAt(line), 'string');
    at = message.lineEnd(line);
  }
  assert.equal(at, message.headersEnd);
  assert.ok(message.bodyStart <= message.bodyEnd && message.bodyEnd <= message.bytes.length);
  for (const header of Object.values(H)) {
    const elements = message.elements(header);
    assert.deepEqual(message.topElement(header), elements[0]);
    for (const { start, end } of elements) assert.ok(start < end && end <= message.headersEnd);
  }
  void [message.uri, message.topVia, message.from?.uri, message.to?.uri, message.cseq, message.maxForwards];
  for (const [party, parsed] of [
    [message.sender, message.from],
    [message.recipient, message.to],
  ] as const) {
    assert.deepEqual(
      [party?.isAddress === true, party?.hasUri === true, party?.tag, party?.hasTag === true],
      [parsed !== undefined, parsed?.uri !== undefined, parsed?.tag, parsed?.tag !== undefined],
    );
  }
  const again = parseMessage(Buffer.from(message.toString(), 'latin1'));
  assert.ok(again.ok);
  assert.deepEqual(again.message.table, message.table);
  assert.equal(again.message.toString(), message.toString());
}

import assert from 'node:assert/strict';
import { MessageEdit } from '../../../src/wire/sip/edit.ts';
import { Flaw } from '../../../src/wire/sip/flaw.ts';
import { H } from '../../../src/wire/sip/header-name.ts';
import { parseMessage } from '../../../src/wire/sip/parse.ts';
import { tortureMessages, USUAL_MESSAGES } from '../target.ts';

export const name = 'edit';
export const seeds: readonly string[] = [...tortureMessages(), ...USUAL_MESSAGES];

/** An edit changes what it says and nothing else; the same input makes the same edits. */
export function run(input: Buffer): void {
  const result = parseMessage(input);
  if (!result.ok || result.message.flaws & ~Flaw.TrailingBytes) return;
  const message = result.message;
  assert.equal(new MessageEdit(message).toBuffer().toString('latin1'), message.toString());

  const inserted = new MessageEdit(message)
    .insertTop(H.Via, 'x')
    .append('X-New', 'y')
    .toBuffer()
    .toString('latin1');
  assert.equal(inserted.replace('Via: x\r\n', '').replace(/X-New: y\r\n(?=\r\n)/, ''), message.toString());

  if (message.lineCount === 0) return;
  const line = input.length % message.lineCount;
  const id = message.id(line);
  const header = id === H.Other ? message.nameAt(line) : id;
  const removed = parseMessage(new MessageEdit(message).removeAll(header).removeLine(line).toBuffer());
  assert.ok(removed.ok);
  assert.equal(removed.message.findNamed(message.nameAt(line)), -1);

  const value = parseMessage(new MessageEdit(message).replaceValue(line, 'new').toBuffer());
  assert.ok(value.ok);
  assert.equal(value.message.valueAt(line), 'new');
  assert.equal(value.message.lineCount, message.lineCount);

  const elements = message.elements(H.Via);
  const count = elements.length === 0 ? 0 : input.length % (elements.length + 1);
  const fewer = parseMessage(new MessageEdit(message).removeTopElements(H.Via, count).toBuffer());
  assert.ok(fewer.ok);
  assert.deepEqual(
    fewer.message.elements(H.Via).map(({ text }) => text),
    elements.slice(count).map(({ text }) => text),
  );

  const body = Buffer.from('body');
  const bodied = parseMessage(new MessageEdit(message).setBody(body, 'text/plain').toBuffer());
  assert.ok(bodied.ok);
  assert.deepEqual([bodied.message.body, bodied.message.flaws], [body, 0]);
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageEdit } from './edit.ts';
import { H } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { parseMessage } from './parse.ts';

const LINES = [
  'Via: SIP/2.0/UDP a;branch=1 , SIP/2.0/UDP b,SIP/2.0/UDP c',
  'To :  <sip:b@example.com>  ',
  'v: SIP/2.0/UDP d',
  'X-Foo : one',
  'Max-Forwards: 70',
  'x-foo:two',
  'Subject: J\xfcrgen',
  ' \xff folded',
];

const BODY = 'v=0\r\n\0\xff';

function text(lines: readonly string[], uri = 'sip:b@example.com', body = BODY): string {
  return `INVITE ${uri} SIP/2.0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
}

function message(lines: readonly string[] = LINES): SipMessage {
  const result = parseMessage(Buffer.from(text(lines), 'latin1'));
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

function edited(change: (edit: MessageEdit) => void, lines: readonly string[] = LINES): string {
  const edit = new MessageEdit(message(lines));
  change(edit);
  return edit.toBuffer().toString('latin1');
}

/** The lines with some changed by index; null takes a line out. */
function changed(changes: Record<number, string | null>): string[] {
  return LINES.flatMap((line, i) => (changes[i] === null ? [] : [changes[i] ?? line]));
}

describe('MessageEdit', () => {
  it('changes nothing by itself', () => {
    expect(edited(() => {})).toBe(text(LINES));
  });

  it('leaves out what stands behind the body', () => {
    const bytes = Buffer.from(text(['Content-Length: 1'], 'sip:a', 'body'), 'latin1');
    const result = parseMessage(bytes);
    expect(result.ok && new MessageEdit(result.message).toBuffer().toString('latin1')).toBe(
      text(['Content-Length: 1'], 'sip:a', 'b'),
    );
  });

  it('sets the Request-URI', () => {
    expect(edited((edit) => edit.setRequestUri('sip:x').setRequestUri('sip:c@example.net'))).toBe(
      text(LINES, 'sip:c@example.net'),
    );
  });

  it('inserts at the top, at the bottom and above its kind', () => {
    expect(
      edited((edit) =>
        edit
          .insertTop(H.Via, 'x')
          .insertTop(H.RecordRoute, 'y')
          .append('X-New', 'z')
          .insertAbove(H.MaxForwards, '7')
          .insertAbove(H.Route, 'r'),
      ),
    ).toBe(
      text([
        'Via: x',
        'Record-Route: y',
        ...LINES.slice(0, 4),
        'Max-Forwards: 7',
        ...LINES.slice(4),
        'X-New: z',
        'Route: r',
      ]),
    );
  });

  it('replaces values and keeps names and blanks before them', () => {
    expect(edited((edit) => edit.replaceValue(1, '<sip:c>').replaceValue(6, 'new'))).toBe(
      text(changed({ 1: 'To :  <sip:c>  ', 6: 'Subject: new', 7: null })),
    );
  });

  it('sets a header in its first line and takes the others away', () => {
    expect(edited((edit) => edit.set(H.Via, 'x').set(H.Via, 'y'))).toBe(
      text(changed({ 0: 'Via: y', 2: null })),
    );
  });

  it('sets a header that is not there once', () => {
    expect(edited((edit) => edit.set(H.Expires, '1').append('X', 'x').set(H.Expires, '2'))).toBe(
      text([...LINES, 'Expires: 2', 'X: x']),
    );
  });

  it.each(['X-Foo', 'x-FOO'])('removes what look-up by %s finds (CVE-2020-28361)', (name) => {
    const out = edited((edit) => edit.removeAll(name).removeAll(name));
    expect(out).toBe(text(changed({ 3: null, 5: null })));
  });

  it('removes compact forms with the long ones, and not what was inserted', () => {
    expect(edited((edit) => edit.insertTop(H.Via, 'new').removeAll('via'))).toBe(
      text(['Via: new', ...changed({ 0: null, 2: null })]),
    );
  });

  it.each([
    [1, { 0: 'Via: SIP/2.0/UDP b,SIP/2.0/UDP c' }],
    [2, { 0: 'Via: SIP/2.0/UDP c' }],
    [3, { 0: null }],
    [4, { 0: null, 2: null }],
    [9, { 0: null, 2: null }],
  ])('removes the topmost %i values', (count, changes) => {
    expect(edited((edit) => edit.removeTopElements(H.Via, count))).toBe(text(changed(changes)));
  });

  it('lets an edit of a part go with the whole', () => {
    const out = edited((edit) => {
      const top = edit.message.topElement(H.Via)!;
      edit.replace(top.start, top.end, 'inside').insert(top.start, 'x').removeAll(H.Via).removeLine(0);
    });
    expect(out).toBe(text(changed({ 0: null, 2: null })));
  });

  it('sets a removed header again', () => {
    expect(edited((edit) => edit.removeAll(H.MaxForwards).set(H.MaxForwards, '9'))).toBe(
      text(changed({ 4: 'Max-Forwards: 9' })),
    );
  });

  it('sets the body with its length and type', () => {
    const body = Buffer.from('new \xff', 'latin1');
    expect(
      edited((edit) => edit.setBody(Buffer.alloc(9)).setBody(body, 'text/plain').ensureContentLength()),
    ).toBe(text([...LINES, 'Content-Length: 5', 'Content-Type: text/plain'], undefined, 'new \xff'));
    expect(edited((edit) => edit.setBody(Buffer.alloc(0)), ['l: 6'])).toBe(text(['l: 0'], undefined, ''));
  });

  it('tells the body as changed so far', () => {
    const edit = new MessageEdit(message());
    expect(edit.body.toString('latin1')).toBe(BODY);
    expect(edit.setBody(Buffer.from('x')).body.toString()).toBe('x');
  });

  it('adds Content-Length where it is missing, once', () => {
    const out = edited((edit) => edit.ensureContentLength().ensureContentLength());
    expect(out).toBe(text([...LINES, `Content-Length: ${BODY.length}`]));
    expect(edited((edit) => edit.ensureContentLength(), ['l: 6'])).toBe(
      text(['l: 6'], undefined, BODY.slice(0, 6)),
    );
  });

  it.each([
    ['Subject', (edit: MessageEdit) => edit.append(H.Subject, 'a\r\nTo: x')],
    ['X-Foo', (edit: MessageEdit) => edit.insertTop('X-Foo', 'a\nb')],
    ['To', (edit: MessageEdit) => edit.replaceValue(1, 'a\0b')],
    ['Max-Forwards', (edit: MessageEdit) => edit.set(H.MaxForwards, '1\r')],
    ['header name', (edit: MessageEdit) => edit.append('X\r\nTo', 'a')],
    ['header name', (edit: MessageEdit) => edit.append('X Y', 'a')],
    ['header name', (edit: MessageEdit) => edit.append('', 'a')],
    ['Request-URI', (edit: MessageEdit) => edit.setRequestUri('sip:a\r\nb')],
    ['Request-URI', (edit: MessageEdit) => edit.setRequestUri('sip:a SIP/2.0')],
  ])('refuses line breaks and names the field: %s', (field, change) => {
    expect(() => edited(change)).toThrow(expect.objectContaining({ code: 'SIP_BAD_FIELD' }));
    expect(() => edited(change)).toThrow(field);
  });

  it('changes nothing else, byte for byte', () => {
    type Change = (edit: MessageEdit, lines: (string | null)[]) => void;
    const line = fc.nat(LINES.length - 2);
    const change: fc.Arbitrary<Change> = fc.oneof(
      line.map(
        (i): Change =>
          (edit, lines) => {
            edit.removeLine(i);
            lines[i] = null;
          },
      ),
      fc.tuple(line, fc.constantFrom('new', '\xfe', '')).map(
        ([i, value]): Change =>
          (edit, lines) => {
            edit.replaceValue(i, value);
            const raw = received[i]!;
            const at = edit.message.valueStart(i) - edit.message.lineStart(i);
            const end = edit.message.valueEnd(i) - edit.message.lineStart(i);
            lines[i] = raw.slice(0, at) + value + raw.slice(end);
          },
      ),
    );
    const received = [...LINES.slice(0, 6), LINES.slice(6).join('\r\n')];
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        const edit = new MessageEdit(message());
        const lines: (string | null)[] = [...received];
        for (const change of changes) change(edit, lines);
        expect(edit.toBuffer().toString('latin1')).toBe(text(lines.filter((line) => line !== null)));
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FramerLimits, type FramingFault, StreamFramer } from './framer.ts';

interface Heard {
  readonly messages: string[];
  readonly faults: FramingFault[];
  pings: number;
  readonly framer: StreamFramer;
}

function listen(limits: Partial<FramerLimits> = {}): Heard {
  const heard = {
    messages: [] as string[],
    faults: [] as FramingFault[],
    pings: 0,
    framer: new StreamFramer(
      { maxHeaderBytes: 4096, maxMessageBytes: 8192, ...limits },
      {
        message: (bytes) => void heard.messages.push(bytes.toString('latin1')),
        ping: () => void heard.pings++,
        fault: (fault) => void heard.faults.push(fault),
      },
    ),
  };
  return heard;
}

function hear(text: string, limits: Partial<FramerLimits> = {}): Heard {
  const heard = listen(limits);
  heard.framer.push(Buffer.from(text, 'latin1'));
  return heard;
}

function message(fields: string, body = ''): string {
  return `OPTIONS sip:example.com SIP/2.0\r\nCall-ID: 1\r\n${fields}\r\n\r\n${body}`;
}

const EMPTY_BODY = message('Content-Length: 0');
const FOUR_BYTES = message('Content-Length: 4\r\nVia: SIP/2.0/TCP a', 'v=0\xff');

describe('StreamFramer', () => {
  it('cuts out every message of a segment', () => {
    const heard = hear(EMPTY_BODY + FOUR_BYTES + EMPTY_BODY);
    expect(heard.messages).toEqual([EMPTY_BODY, FOUR_BYTES, EMPTY_BODY]);
    expect(heard.framer.partial).toBe(false);
  });

  it('puts a message in one-byte segments together', () => {
    const heard = listen();
    for (const byte of Buffer.from(FOUR_BYTES, 'latin1')) heard.framer.push(Buffer.of(byte));
    expect(heard.messages).toEqual([FOUR_BYTES]);
  });

  it('finds the same messages however the stream is segmented', () => {
    const part = fc.constantFrom(EMPTY_BODY, FOUR_BYTES, '\r\n\r\n', '\r\n');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.array(fc.nat(400)), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''), 'latin1');
        const whole = hear(bytes.toString('latin1'));
        const cut = listen();
        let at = 0;
        for (const size of cuts) {
          cut.framer.push(bytes.subarray(at, at + size));
          at = Math.min(at + size, bytes.length);
        }
        cut.framer.push(bytes.subarray(at));
        expect(cut.messages).toEqual(whole.messages);
        expect(cut.messages).toEqual(parts.filter((text) => text.length > 4));
        expect([cut.pings, cut.faults]).toEqual([whole.pings, whole.faults]);
      }),
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
        const heard = listen({ maxHeaderBytes: 100, maxMessageBytes: 200 });
        for (const chunk of chunks) heard.framer.push(Buffer.from(chunk));
        expect(heard.faults.length).toBeLessThan(2);
      }),
    );
  });

  it.each([
    ['in any case', 'CONTENT-length: 4'],
    ['in its compact form', 'l:4'],
    ['with spaces before the colon', 'Content-Length \t : 4'],
    ['folded', 'Content-Length:\r\n\t4\r\n '],
    ['twice the same', 'Content-Length: 4\r\nl: 04'],
    ['behind a bare LF of another field', 'Subject: a\nContent-Length: 9\r\nl: 4'],
    [
      'next to names that only begin or end like it',
      'Content-Length-X: 1\r\nX-Content-Length: 2\r\nlx: 3\r\nl: 4',
    ],
    ['next to a folded line that looks like it', 'Subject: a\r\n Content-Length: 7\r\nl: 4'],
  ])('reads Content-Length %s', (_, fields) => {
    const text = message(fields, 'body');
    expect(hear(text + EMPTY_BODY).messages).toEqual([text, EMPTY_BODY]);
  });

  it.each<[string, string, FramingFault]>([
    ['missing', 'To: a', 'no Content-Length'],
    ['negative', 'Content-Length: -1', 'bad Content-Length'],
    ['empty', 'Content-Length:', 'bad Content-Length'],
    ['not a number', 'Content-Length: 0x4', 'bad Content-Length'],
    ['a list', 'Content-Length: 4, 4', 'bad Content-Length'],
    ['continued on a folded line', 'Content-Length: 4\r\n 5', 'bad Content-Length'],
    ['signed', 'Content-Length: +4', 'bad Content-Length'],
    ['conflicting', 'Content-Length: 4\r\nl: 5', 'conflicting Content-Length'],
    ['larger than a message may be', 'Content-Length: 8000', 'message too large'],
    ['2^32 + 32 (CVE-2026-23457)', 'Content-Length: 4294967328', 'message too large'],
    ['of a thousand digits', `Content-Length: ${'9'.repeat(1000)}`, 'message too large'],
  ])('gives up where Content-Length is %s', (_, fields, fault) => {
    const heard = hear(EMPTY_BODY + message(fields, 'body') + EMPTY_BODY, { maxMessageBytes: 8000 });
    expect(heard.messages).toEqual([EMPTY_BODY]);
    expect(heard.faults).toEqual([fault]);
    heard.framer.push(Buffer.from(EMPTY_BODY));
    expect(heard.messages).toHaveLength(1);
  });

  it('takes no bare LF for a line end', () => {
    const heard = hear(EMPTY_BODY.replaceAll('\r\n', '\n'));
    expect(heard.messages).toEqual([]);
    expect(heard.framer.partial).toBe(true);
  });

  it('gives up on a header without end, also in small segments', () => {
    const heard = listen({ maxHeaderBytes: 1000 });
    const chunk = Buffer.from('OPTIONS x\r\n');
    for (let i = 0; i < 100; i++) heard.framer.push(chunk);
    expect(heard.faults).toEqual(['header too large']);
    expect(heard.framer.partial).toBe(false);
  });

  it('gives up at once on bytes that begin no message', () => {
    expect(hear('\x16\x03\x01').faults).toEqual(['not SIP']);
    expect(hear('\n\n').faults).toEqual(['not SIP']);
    expect(hear('\rX').faults).toEqual(['not SIP']);
  });

  it('tells a ping from line ends before a message', () => {
    const heard = hear(`\r\n${EMPTY_BODY}\r\n${EMPTY_BODY}\r\n\r\n`);
    expect(heard.messages).toHaveLength(2);
    expect(heard.pings).toBe(1);
  });

  it('holds nothing of 8 KB of keep-alives', () => {
    const heard = hear('\r\n'.repeat(4096));
    expect(heard.pings).toBe(2048);
    expect(heard.framer.partial).toBe(false);
  });

  it('takes a lone line end after a ping of ours for its pong', () => {
    const heard = listen();
    const push = (text: string) => heard.framer.push(Buffer.from(text));
    heard.framer.expectPong();
    push('\r\n');
    push('\r\n\r\n');
    expect(heard.pings).toBe(1);
    heard.framer.expectPong();
    push('\r\n\r\n\r\n');
    expect(heard.pings).toBe(2);
    push('\r\n\r\n');
    expect(heard.pings).toBe(3);
  });

  it('can be stopped by its sink in the middle of a segment', () => {
    const heard: string[] = [];
    const framer = new StreamFramer(
      { maxHeaderBytes: 4096, maxMessageBytes: 8192 },
      {
        message: (bytes) => {
          heard.push(bytes.toString('latin1'));
          framer.stop();
        },
        ping: () => {},
        fault: () => {},
      },
    );
    framer.push(Buffer.from(EMPTY_BODY + EMPTY_BODY));
    expect(heard).toHaveLength(1);
  });

  it('keeps each message in bytes of its own', () => {
    const kept: Buffer[] = [];
    const framer = new StreamFramer(
      { maxHeaderBytes: 4096, maxMessageBytes: 8192 },
      { message: (bytes) => void kept.push(bytes), ping: () => {}, fault: () => {} },
    );
    const stream = (EMPTY_BODY + FOUR_BYTES).repeat(20);
    for (let at = 0; at < stream.length; at += 7)
      framer.push(Buffer.from(stream.slice(at, at + 7), 'latin1'));
    expect(kept.map((bytes) => bytes.toString('latin1')).join('')).toBe(stream);
  });
});

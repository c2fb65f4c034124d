import { describe, expect, it } from 'vitest';
import { H } from './header-name.ts';
import type { SipMessage } from './message.ts';
import { parseMessage } from './parse.ts';
import { judgeRegister } from './register-verdict.ts';
import {
  DEFAULT_MESSAGE_LIMITS,
  judge,
  judgeHops,
  judgeProxyRequire,
  judgeRequire,
  judgeResponse,
} from './verdict.ts';

const INVITE = [
  'INVITE sip:bob@example.com SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
  'Max-Forwards: 70',
  'From: <sip:alice@example.com>;tag=1',
  'To: <sip:bob@example.com>',
  'Call-ID: 1@192.0.2.1',
  'CSeq: 1 INVITE',
  'Contact: <sip:alice@192.0.2.1>',
];

const RESPONSE = ['SIP/2.0 200 OK', ...INVITE.slice(1)];

function parse(lines: readonly string[], body = ''): SipMessage {
  const result = parseMessage(Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1'));
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

/** The INVITE with the line that begins like `line` replaced by it, or with it added. */
function changed(line: string, lines: readonly string[] = INVITE): string[] {
  const name = line.slice(0, line.indexOf(':') + 1);
  return lines.some((other) => other.startsWith(name))
    ? lines.map((other) => (other.startsWith(name) ? line : other))
    : [...lines, line];
}

function without(name: string, lines: readonly string[] = INVITE): string[] {
  return lines.filter((line) => !line.startsWith(`${name}:`));
}

describe('judge', () => {
  it('lets a plain request pass', () => {
    expect(judge(parse(INVITE))).toBeUndefined();
  });

  it.each([
    ['no Max-Forwards (RFC 2543)', without('Max-Forwards')],
    [
      'an unknown method',
      changed('CSeq: 1 JUGGLE', ['JUGGLE sip:bob@example.com SIP/2.0', ...INVITE.slice(1)]),
    ],
    ['a date that is none', changed('Date: yesterday')],
    ['credentials that cannot be read', changed('Authorization: Digest ,,,')],
    ['no Contact', without('Contact')],
    ['no From tag (RFC 2543)', changed('From: <sip:alice@example.com>')],
    ['any scheme in To and From', changed('To: <urn:service:sos>')],
    ['raw bytes in a display name', changed('From: J\xfcrgen <sip:alice@example.com>;tag=1')],
    ['the version in lower case (RFC 3261 §7.1)', ['INVITE sip:bob@example.com sip/2.0', ...INVITE.slice(1)]],
    ['equal Content-Lengths', [...INVITE, 'Content-Length: 0', 'l: 0']],
    ['a request to a telephone number', ['INVITE tel:+15550100 SIP/2.0', ...INVITE.slice(1)]],
  ])('lets pass: %s', (_, lines) => {
    expect(judge(parse(lines))).toBeUndefined();
  });

  it.each([
    ...['To', 'From', 'Call-ID', 'CSeq', 'Via'].map((name) => [without(name), `Missing ${name} header`]),
    ...['To', 'From', 'Call-ID', 'CSeq', 'Max-Forwards'].map((name) => [
      [...INVITE, INVITE.find((line) => line.startsWith(`${name}:`))!],
      `Duplicate ${name} header`,
    ]),
    [changed('To: "Bob <sip:bob@example.com>'), 'Malformed To header'],
    [changed('From: <nothing>;tag=1'), 'Malformed From header'],
    [changed('Call-ID:'), 'Malformed Call-ID header'],
    [changed('CSeq: 2147483648 INVITE'), 'Malformed CSeq header'],
    [changed('CSeq: -1 INVITE'), 'Malformed CSeq header'],
    [changed('CSeq: 1'), 'Malformed CSeq header'],
    [changed('CSeq: 1 invite'), 'CSeq method is not the request method'],
    [changed('Max-Forwards: 256'), 'Malformed Max-Forwards header'],
    [changed('Max-Forwards: 7 0'), 'Malformed Max-Forwards header'],
    [changed('Via: SIP/2.0/UDP'), 'Malformed Via header'],
    [changed('Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1, nonsense'), 'Malformed Via header'],
    [changed('Via: SIP/2.0/UDP 192.0.2.1;branch=Z9HG4BK'), 'Via branch has no identifier'],
    [changed('Route: <sip:192.0.2.9;lr>, <sip:>'), 'Malformed Route header'],
    [changed('Contact: <alice>'), 'Malformed Contact header'],
    [[...INVITE, 'Subject: a\nb'], 'CR, LF or NUL inside a line'],
    [[...INVITE, 'Subject: a\rb'], 'CR, LF or NUL inside a line'],
    [[...INVITE, 'Subject: a\0b'], 'CR, LF or NUL inside a line'],
    [[...INVITE, 'Subject'], 'Malformed header line'],
    // AST-2016-009: peers that skip the control would read a To here.
    [[...INVITE, 'To\x01: <sip:eve@example.com>'], 'Malformed header line'],
    [[...INVITE, 'Content-Length: 1', 'l: 0'], 'Malformed or conflicting Content-Length header'],
    [[...INVITE, 'Content-Length: 9'], 'Content-Length is larger than the body'],
    [['INVITE  sip:bob@example.com SIP/2.0', ...INVITE.slice(1)], 'Malformed Request-Line'],
    [['INVITE sip:bob@ SIP/2.0', ...INVITE.slice(1)], 'Malformed Request-URI'],
    [['INVITE sip:bob@example.com?Route=x SIP/2.0', ...INVITE.slice(1)], 'Request-URI with headers'],
  ] as [string[], string][])('answers 400 to %j: %s', (lines, reason) => {
    expect(judge(parse(lines))).toMatchObject({ status: 400, reason });
  });

  it('answers 400 where the headers do not end', () => {
    const result = parseMessage(Buffer.from(`${INVITE.join('\r\n')}\r\n`));
    expect(result.ok && judge(result.message)).toMatchObject({ status: 400 });
  });

  it('answers 505 to another version, whatever else is wrong', () => {
    expect(judge(parse(['INVITE sip:bob@example.com SIP/3.0', 'Via: SIP/3.0/UDP x']))).toMatchObject({
      status: 505,
      answer: true,
    });
  });

  it('answers 416 to a scheme that it was not told', () => {
    const request = parse(['INVITE urn:service:sos SIP/2.0', ...INVITE.slice(1)]);
    expect(judge(request)).toMatchObject({ status: 416 });
    const schemes = [...DEFAULT_MESSAGE_LIMITS.schemes, 'urn'];
    expect(judge(request, { ...DEFAULT_MESSAGE_LIMITS, schemes })).toBeUndefined();
  });

  it.each([
    [413, { body: 3 }],
    [414, { requestUri: 16 }],
    [513, { message: 100 }],
    [513, { headers: 7 }],
  ])('answers %i beyond %j', (status, limit) => {
    const request = parse([...INVITE, 'Content-Length: 4'], 'body');
    expect(judge(request)).toBeUndefined();
    expect(judge(request, { ...DEFAULT_MESSAGE_LIMITS, ...limit })).toMatchObject({ status, answer: true });
  });

  it('never has an ACK answered, nor what bears no Via', () => {
    const ack = ['ACK sip:bob@example.com SIP/2.0', ...INVITE.slice(1)];
    expect(judge(parse(ack))).toMatchObject({ status: 400, answer: false });
    expect(judge(parse(without('Via')))).toMatchObject({ status: 400, answer: false });
  });
});

describe('judgeHops', () => {
  it('stops a request at its last hop', () => {
    expect(judgeHops(parse(changed('Max-Forwards: 0')))).toMatchObject({ status: 483 });
    expect(judgeHops(parse(changed('Max-Forwards: 1')))).toBeUndefined();
    expect(judgeHops(parse(without('Max-Forwards')))).toBeUndefined();
  });
});

describe('judgeRequire and judgeProxyRequire', () => {
  const supported = new Set(['path', 'outbound']);

  it('list what is not supported', () => {
    const request = parse([...INVITE, 'Require: Path, x', 'Require: y', 'Proxy-Require: outbound,z']);
    expect(judgeRequire(request, supported)).toMatchObject({
      status: 420,
      headers: [[H.Unsupported, 'x, y']],
    });
    expect(judgeProxyRequire(request, supported)?.headers).toEqual([[H.Unsupported, 'z']]);
  });

  it('let pass what is supported, and all of ACK and CANCEL', () => {
    expect(judgeRequire(parse([...INVITE, 'Require: path']), supported)).toBeUndefined();
    for (const method of ['ACK', 'CANCEL']) {
      const request = parse([`${method} sip:bob@example.com SIP/2.0`, 'Require: x', 'Proxy-Require: x']);
      expect(judgeRequire(request, supported) ?? judgeProxyRequire(request, supported)).toBeUndefined();
    }
  });
});

describe('judgeRegister', () => {
  const register = (...lines: string[]) =>
    parse([
      'REGISTER sip:example.com SIP/2.0',
      ...without('Contact').slice(1, -1),
      'CSeq: 1 REGISTER',
      ...lines,
    ]);

  it.each([
    [[]],
    [['Contact: <sip:a@192.0.2.1>;q=0.5, sip:b@192.0.2.1;expires=60']],
    [['Contact: *', 'Expires: 0']],
    [['Contact: <sip:a@192.0.2.1?Route=%3Csip:192.0.2.9%3E>']],
    [['Contact: <mailto:alice@example.com>']],
  ])('lets pass %j', (lines) => {
    expect(judgeRegister(register(...lines))).toBeUndefined();
  });

  it.each([
    [['Contact: sip:a@192.0.2.1?Route=x'], 'Contact URI with headers needs angle brackets'],
    [['Contact: <sip:a@192.0.2.1'], 'Malformed Contact header'],
    [['Contact: *', 'Expires: 1'], 'Contact * without Expires: 0'],
    [['Contact: *'], 'Contact * without Expires: 0'],
    [['Contact: *, <sip:a@192.0.2.1>', 'Expires: 0'], 'Contact * beside other contacts'],
  ])('refuses %j', (lines, reason) => {
    expect(judgeRegister(register(...lines))).toMatchObject({ status: 400, reason });
  });

  it('wants a SIP address-of-record', () => {
    const request = parse(['REGISTER sip:example.com SIP/2.0', ...changed('To: <tel:+15550100>').slice(1)]);
    expect(judgeRegister(request)).toMatchObject({ status: 400, reason: 'To is no SIP address-of-record' });
  });
});

describe('judgeResponse', () => {
  it('lets a plain response pass, and one with an unusual reason', () => {
    expect(judgeResponse(parse(RESPONSE))).toBeUndefined();
    expect(judgeResponse(parse(['SIP/2.0 699 ', ...RESPONSE.slice(1)]))).toBeUndefined();
  });

  it.each([
    ['SIP/2.0 700 Up', 'Malformed Status-Line'],
    ['SIP/2.0 99 Down', 'Malformed Status-Line'],
    ['SIP/2.1 200 OK', 'unknown SIP version'],
  ])('drops %s', (line, reason) => {
    expect(judgeResponse(parse([line, ...RESPONSE.slice(1)]))).toBe(reason);
  });

  it.each([
    [without('To', RESPONSE), 'Missing To header'],
    [without('Via', RESPONSE), 'Missing Via header'],
    [changed('CSeq: 99999999999 INVITE', RESPONSE), 'Malformed CSeq header'],
    [[...RESPONSE, 'From: <sip:eve@example.com>'], 'Duplicate From header'],
    [[...RESPONSE, 'Content-Length: 7'], 'Content-Length is larger than the body'],
  ])('drops %j', (lines, reason) => {
    expect(judgeResponse(parse(lines))).toBe(reason);
  });

  it.each([
    '255.255.255.255',
    '224.0.0.1',
    '0.0.0.0',
    '[ff02::1]',
    'host;received=255.255.255.255',
    'a;maddr=239.1.1.1',
  ])('drops what would go to %s', (sentBy) => {
    const via = `Via: SIP/2.0/UDP ${sentBy};branch=z9hG4bK2`;
    expect(judgeResponse(parse([...RESPONSE, via]))).toBe('Via leads to a broadcast address');
  });

  it('passes on what goes to one host', () => {
    const via = 'Via: SIP/2.0/UDP 255.255.255.255;received=192.0.2.7;branch=z9hG4bK2';
    expect(judgeResponse(parse([...RESPONSE, via]))).toBeUndefined();
  });
});

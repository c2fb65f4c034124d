import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aorOwner, callIdOwnedBy, callOwner, messageOwner } from './owner.ts';

const WORKERS = 36;

function owner(text: string, count = WORKERS): number {
  return messageOwner(Buffer.from(text, 'latin1'), count);
}

function request(method: string, ...lines: string[]): string {
  return [`${method} sip:bob@example.com SIP/2.0`, ...lines, '', 'Call-ID: body'].join('\r\n');
}

function response(...lines: string[]): string {
  return ['SIP/2.0 200 OK', ...lines, '', ''].join('\r\n');
}

const CALL = 'a84b4c76e66710@client.example.com';

describe('the owner of a message', () => {
  it.each([
    ['its Call-ID says', request('INVITE', `Call-ID: ${CALL}`)],
    ['the compact form says', request('INVITE', 'Via: SIP/2.0/UDP a', `i:${CALL}`)],
    ['any case says', request('INVITE', `CALL-id \t:   ${CALL}  `)],
    ['a folded line says', request('INVITE', 'Call-ID:', ` ${CALL}`)],
    ['the first of two says', request('INVITE', `Call-ID: ${CALL}`, 'Call-ID: other')],
    ['blank lines before it', `\r\n\r\n${request('BYE', `Call-ID: ${CALL}`)}`],
    ['an answer without our branch', response('Via: SIP/2.0/UDP a;branch=z9hG4bKx', `i: ${CALL}`)],
    ['line ends without CR', request('INVITE', `Call-ID: ${CALL}`).replaceAll('\r', '')],
  ])('is the worker of its call: %s', (_what, text) => {
    expect(owner(text)).toBe(callOwner(CALL, WORKERS));
  });

  it.each([
    ['nothing', ''],
    ['line ends', '\r\n\r\n'],
    ['no headers', 'INVITE sip:a SIP/2.0\r\n'],
    ['a Call-ID in the body only', request('INVITE', 'To: a')],
    ['an empty Call-ID', request('INVITE', 'Call-ID: ')],
    ['STUN', '\0\x01\0\0!\x12\xa4B0123456789ab'],
  ])('is nobody for %s', (_what, text) => {
    expect(owner(text)).toBe(-1);
  });

  it.each([
    'To: <sip:alice@example.com>',
    't:sip:alice@example.org;tag=1',
    'To: "Alice <sip:bob@b>, \\"A\\"" <sips:alice:secret@example.com:5061;x=1>;y=@',
    'To: Alice <sip:%61lic%65@[2001:db8::9]>',
    'TO :\r\n\t<sip:alice@example.com>',
  ])('is for a REGISTER the worker of the user: %s', (to) => {
    const text = request('REGISTER', 'Call-ID: 1', to);
    expect(owner(text)).toBe(owner(request('REGISTER', to, 'Call-ID: 2')));
    expect(owner(text)).toBe(owner(request('REGISTER', 'To: <sip:alice@example.com>')));
  });

  it('is the worker of the address-of-record that a REGISTER is for', () => {
    for (const user of ['alice', 'a%23b', '+4930123', 'x;y=z']) {
      const aor = `sip:${user}@example.com`;
      expect(aorOwner(aor, WORKERS)).toBe(owner(request('REGISTER', `To: "A" <${aor}>;tag=1`)));
    }
    expect(aorOwner('', WORKERS)).toBe(0);
  });

  it('is for a REGISTER without a user the worker of the host, and without a To that of the call', () => {
    const host = owner(request('REGISTER', 'To: <sip:example.com:5060;x=a>', 'Call-ID: 1'));
    expect(host).toBe(owner(request('REGISTER', 'Call-ID: 2', 'To: sip:example.com?x=y')));
    expect(owner(request('REGISTER', `Call-ID: ${CALL}`))).toBe(callOwner(CALL, WORKERS));
  });

  it.each([
    (branch: string) => [`Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=${branch}`],
    (branch: string) => [
      `v: SIP / 2.0 / UDP [::1] ; BRANCH = ${branch};received=::1, SIP/2.0/UDP b;branch=x`,
    ],
    (branch: string) => ['Call-ID: x', 'Via: SIP/2.0/TCP a', ` ;x="q;branch=q";branch=${branch}`, 'Via: b'],
  ])('is for an answer the worker that its topmost branch names', (vias) => {
    for (const worker of [0, 7, WORKERS - 1]) {
      for (const suffix of ['', '.x.y']) {
        const branch = `z9hG4bK${worker.toString(36)}0025Ab_-0019${suffix}`;
        expect(owner(response(...vias(branch), `Call-ID: ${CALL}`))).toBe(worker);
      }
    }
  });

  it.each([
    'z9hG4bK1000',
    'z9hG4bK1000a12345',
    'z9hG4bK1000a123456789',
    'z9hG4bK1_00a12345678',
    'Z9hG4bK1000a12345678',
    'z9hG4bKzzzzz12345678',
  ])('is the worker of the call where the branch is none of ours, or of no worker: %s', (branch) => {
    const text = response(`Via: SIP/2.0/UDP a;branch=${branch}`, `Call-ID: ${CALL}`);
    expect(messageOwner(Buffer.from(text), 35)).toBe(callOwner(CALL, 35));
  });

  it('spreads calls evenly, also those that count', () => {
    for (const count of [2, 3, 4, 8]) {
      const share = new Array<number>(count).fill(0);
      for (let i = 0; i < 10_000; i++) share[callOwner(`call-${i}@10.0.0.1`, count)]!++;
      for (const calls of share) expect(Math.abs(calls * count - 10_000)).toBeLessThan(1000);
    }
  });

  it('makes Call-IDs of any worker', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: WORKERS }), fc.string(), fc.nat(), (count, head, seed) => {
        const callId = callIdOwnedBy(seed % count, count, head, '@a');
        expect(callOwner(callId, count)).toBe(seed % count);
        expect(callId.startsWith(head) && callId.endsWith('@a')).toBe(true);
        if (count === 1) expect(callId).toBe(`${head}@a`);
      }),
    );
  });
});

import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { addressOfRecord } from '../../../src/wire/sip/address-of-record.ts';
import { MessageEdit } from '../../../src/wire/sip/edit.ts';
import { undoEscapes } from '../../../src/wire/sip/escape.ts';
import { H } from '../../../src/wire/sip/header-name.ts';
import type { SipMessage } from '../../../src/wire/sip/message.ts';
import { NameAddr } from '../../../src/wire/sip/name-addr.ts';
import { sameUri } from '../../../src/wire/sip/uri-compare.ts';
import { judgeRequire } from '../../../src/wire/sip/verdict.ts';
import { outcomeOf, readTorture } from '../torture-case.ts';
import { RFC4475 } from './table.ts';

function message(name: string): SipMessage {
  return readTorture(RFC4475.find((torture) => torture.name === name)!.file);
}

function contacts(name: string): (NameAddr | undefined)[] {
  return message(name)
    .elements(H.Contact)
    .map(({ text }) => NameAddr.parse(text));
}

describe('RFC 4475', () => {
  it('has 49 messages, and each stands in the table', () => {
    const files = ['valid', 'invalid'].flatMap((folder) =>
      readdirSync(new URL(`./testdata/${folder}`, import.meta.url)).map((file) => file.replace('.dat', '')),
    );
    expect(files).toHaveLength(49);
    expect(RFC4475.map(({ name }) => name).sort()).toEqual(files.sort());
  });

  it.each(RFC4475)('§$section $name: $title', ({ file, role, outcome }) => {
    expect(outcomeOf(readTorture(file), role)).toEqual(outcome);
  });

  it.each(RFC4475.filter(({ outcome }) => outcome.kind === 'accept'))(
    '$name passes byte for byte',
    ({ file }) => {
      const received = readTorture(file);
      expect(new MessageEdit(received).toBuffer().toString('latin1')).toBe(received.toString());
      const via = 'SIP/2.0/UDP 192.0.2.200;branch=z9hG4bKown';
      const forwarded = new MessageEdit(received).insertTop(H.Via, via).toBuffer().toString('latin1');
      expect(forwarded.replace(`Via: ${via}\r\n`, '')).toBe(received.toString());
    },
  );

  it('wsinv: is read through all its white space', () => {
    const wsinv = message('wsinv');
    expect([wsinv.maxForwards, wsinv.cseq, wsinv.get(H.Subject)]).toEqual([
      68,
      { number: 9, method: 'INVITE' },
      '',
    ]);
    expect([wsinv.to?.tag, wsinv.from?.tag, wsinv.from?.name]).toEqual([
      '1918181833n',
      '98asjd8',
      'J Rosenberg \\"',
    ]);
    expect([wsinv.topVia?.host, wsinv.topVia?.branch, wsinv.elements(H.Via).length]).toEqual([
      '192.0.2.2',
      '390skdjuw',
      3,
    ]);
    expect(wsinv.header('newfangledheader')).toBe('newfangled value continued newfangled value');
    expect(contacts('wsinv')[0]?.param('q')).toBe('0.33');
    expect(wsinv.body.length).toBe(150);
  });

  it('intmeth: keeps method, user and parameters', () => {
    const intmeth = message('intmeth');
    expect(intmeth.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    expect([intmeth.uri?.user, intmeth.uri?.password, intmeth.uri?.host]).toEqual([
      "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
      'example.com',
    ]);
    expect(intmeth.to?.name).toBe('BEL:\x07 NUL:\0 DEL:\x7f');
    expect(intmeth.from?.tag).toBe("_token~1'+`*%!-.");
  });

  it('esc01: undoes escapes only where asked', () => {
    const esc01 = message('esc01');
    expect(undoEscapes(esc01.uri?.user ?? '')).toBe('sips:user@example.com');
    expect(addressOfRecord(esc01.to!.uri!)).toBe('sip:user@example.com');
    expect(addressOfRecord(esc01.from!.uri!)).toBe('sip:I%20have%20spaces@example.net');
  });

  it('escnull: tells the contacts apart', () => {
    const [one, two] = contacts('escnull');
    expect([undoEscapes(one?.uri?.user ?? ''), undoEscapes(two?.uri?.user ?? '')]).toEqual(['\0', '\0\0']);
    expect(sameUri(one!.uri!, two!.uri!)).toBe(false);
  });

  it('esc02: finds two contacts, and no REGISTER', () => {
    expect(contacts('esc02')).toHaveLength(2);
    expect(message('esc02').method).toBe('RE%47IST%45R');
    expect(message('esc02').to?.name).toBe('%Z%45');
  });

  it('dblreq: ends with the first message', () => {
    expect(message('dblreq').toString().endsWith('Content-Length: 0\r\n\r\n')).toBe(true);
  });

  it('longreq, semiuri, lwsdisp: are read whole', () => {
    expect(message('longreq').elements(H.Via)).toHaveLength(34);
    expect(message('semiuri').uri?.user).toBe('user;par=u%40example.net');
    expect(message('lwsdisp').from?.name).toBe('caller');
  });

  it('mpart01: has its binary body', () => {
    expect(message('mpart01').body).toHaveLength(553);
  });

  it('bext01: is refused by a user agent too, for its own reasons', () => {
    expect(judgeRequire(message('bext01'), new Set())?.headers).toEqual([
      [H.Unsupported, 'nothingSupportsThis, nothingSupportsThisEither'],
    ]);
  });

  it('baddn: has a display name that alone would pass', () => {
    expect(message('baddn').from?.uri?.user).toBe('a.g.bell');
  });

  it('unksm2: passes a proxy', () => {
    expect(outcomeOf(message('unksm2'), 'proxy')).toEqual({ kind: 'accept' });
  });

  it('cparam01 and cparam02: tell the header’s parameters from the URI’s', () => {
    const [header] = contacts('cparam01');
    expect([header?.param('unknownparam'), header?.uri?.param('unknownparam')]).toEqual(['', undefined]);
    const [uri] = contacts('cparam02');
    expect([uri?.param('unknownparam'), uri?.uri?.param('unknownparam')]).toEqual([undefined, '']);
  });

  it('regescrt: keeps the escaped Route in the contact', () => {
    expect(contacts('regescrt')[0]?.uri?.headers).toBe('?Route=%3Csip:sip.example.com%3E');
  });
});

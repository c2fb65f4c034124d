import { describe, expect, it } from 'vitest';
import { MessageEdit } from '../../wire/sip/edit.ts';
import { parseMessage } from '../../wire/sip/parse.ts';
import { type ContactFixOptions, fixContacts, restoreRequestUri } from './contact-fix.ts';

const SEEN = { address: '198.51.100.7', port: 40000 };

function fix(contact: string, options?: ContactFixOptions, seen = SEEN): string {
  const text = `INVITE sip:bob@example.com SIP/2.0\r\nContact: ${contact}\r\nX: 1\r\n\r\n`;
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  if (!parsed.ok) throw new Error(parsed.reason);
  const edit = new MessageEdit(parsed.message);
  fixContacts(edit, seen, options);
  const out = edit.toBuffer().toString('latin1');
  return out.slice(out.indexOf('Contact: ') + 9, out.indexOf('\r\nX: 1'));
}

describe('a fixed Contact', () => {
  it.each([
    ['<sip:a@192.168.1.2>', '<sip:a@198.51.100.7:40000>'],
    ['sip:a@192.168.1.2:5070;expires=60', '<sip:a@198.51.100.7:40000>;expires=60'],
    [
      '"A, B" <sip:a@192.168.1.2;transport=tcp;maddr=10.0.0.1;ob>;q=0.5',
      '"A, B" <sip:a@198.51.100.7:40000;transport=tcp;ob>;q=0.5',
    ],
    [
      '<sip:a@10.0.0.1>,<tel:+1>, <sip:[2001:db8::1]:5070>',
      '<sip:a@198.51.100.7:40000>,<tel:+1>, <sip:198.51.100.7:40000>',
    ],
    ['*', '*'],
    ['<sip:', '<sip:'],
  ])('of %s is %s', (before, after) => {
    expect(fix(before)).toBe(after);
  });

  it('has brackets round IPv6', () => {
    expect(fix('<sip:a@192.168.1.2>', {}, { address: '2001:db8::7', port: 5060 })).toBe(
      '<sip:a@[2001:db8::7]:5060>',
    );
  });

  it('gets what parameters are asked for, if they fit', () => {
    expect(fix('<sip:a@192.168.1.2;ob>', { params: ';nat=yes' })).toBe(
      '<sip:a@198.51.100.7:40000;ob;nat=yes>',
    );
    expect(() => fix('<sip:a@192.168.1.2>', { params: ';x\r\nEvil: 1' })).toThrow('Contact parameters');
  });
});

describe('a preserved Contact', () => {
  it.each([
    ['sip:a@192.168.1.2', 'udp'],
    ['sip:a@192.168.1.2:5070;transport=tcp', 'tcp'],
    ['sip:a@[fd00::1]:5070;transport=TLS;ob', 'tls'],
    ['sip:a@phone.invalid', 'udp'],
  ])('%s comes back as it was, with where it is sent', (uri, transport) => {
    const fixed = fix(`<${uri}>`, { preserve: true });
    expect(fixed).toMatch(/^<sip:a@198\.51\.100\.7:40000.*;org=[\w-]+>$/);
    expect(restoreRequestUri(fixed.slice(1, -1))).toEqual({
      uri,
      destination: {
        host: '198.51.100.7',
        port: 40000,
        transport: transport === 'udp' ? undefined : transport,
      },
    });
  });

  it.each([
    'sip:a@192.0.2.1',
    'sip:a@192.0.2.1;org',
    'sip:a@192.0.2.1;org=!!!',
    'sip:a@192.0.2.1;org=YTpiOmM',
    'tel:+1;org=YQ',
    '',
  ])('is not found in %s', (uri) => {
    expect(restoreRequestUri(uri)).toBeUndefined();
  });

  it('cannot write anything but a host and port', () => {
    const evil = Buffer.from('x>\r\nEvil: 1', 'latin1').toString('base64url');
    expect(restoreRequestUri(`sip:a@192.0.2.1;org=${evil}`)).toBeUndefined();
  });
});

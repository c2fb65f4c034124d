import assert from 'node:assert/strict';
import { addressOfRecord } from '../../../src/wire/sip/address-of-record.ts';
import { uri as scanned, scanUri } from '../../../src/wire/sip/address-scan.ts';
import { escapeUser, undoEscapes } from '../../../src/wire/sip/escape.ts';
import { Uri } from '../../../src/wire/sip/uri.ts';
import { sameUri } from '../../../src/wire/sip/uri-compare.ts';

export const name = 'uri';
export const seeds: readonly string[] = [
  'sip:alice:secret@example.com:5061;transport=tcp;lr?Subject=a%20b&Priority=urgent',
  'sips:[2001:db8::1]:5061;maddr=239.1.1.1',
  'sip:sips%3Auser%40example.com@example.net',
  'sip:user;par=u%40example.net@example.com;%6C%72;n%61me=v%61lue%25%34%31',
  'tel:+1-555-0100;ext=12;phone-context=example.com',
  'urn:service:sos',
];

export function run(input: Buffer): void {
  const text = input.toString('latin1');
  assert.equal(undoEscapes(escapeUser(text)), text);
  const uri = Uri.parse(text);
  if (scanUri(input, 0, input.length)) {
    const { secure, hostStart, hostEnd, port, paramsStart, paramsEnd, hasHeaders } = scanned;
    assert.deepEqual(
      [
        secure ? 'sips' : 'sip',
        text.slice(hostStart, hostEnd),
        port || undefined,
        text.slice(paramsStart, paramsEnd),
      ],
      [uri?.scheme, uri?.host, uri?.port, uri?.params],
    );
    assert.equal(hasHeaders, uri?.headers !== '');
  }
  if (!uri) return;
  assert.equal(uri.toString(), text);
  assert.ok(sameUri(uri, uri));
  assert.equal(uri.withoutParam('lr').param('lr'), undefined);
  const printed = uri.with({}).toString();
  const again = Uri.parse(printed);
  assert.ok(again && sameUri(uri, again), printed);
  const canonical = addressOfRecord(uri);
  if (uri.kind === 'sip') assert.equal(addressOfRecord(Uri.parse(canonical)!), canonical);
}

import assert from 'node:assert/strict';
import { address, scanAddress, scanValue, value } from '../../../src/wire/sip/address-scan.ts';
import { element, scanElement } from '../../../src/wire/sip/list.ts';
import { NameAddr } from '../../../src/wire/sip/name-addr.ts';
import { unfold } from '../../../src/wire/sip/text.ts';

export const name = 'name-addr';
export const seeds: readonly string[] = [
  '"Bell, \\"A\\"" <sip:a.g.bell@example.com;lr>;tag=43;+sip.instance="<urn:uuid:1>"',
  'Alice <sip:alice@example.com>;q=0.5 ; expires = 60',
  'sip:alice@example.com;tag=1',
  '<tel:+15550100>',
  '*',
];

/** What is printed is read as the same address; and read where it stands it is the same. */
export function run(input: Buffer): void {
  scanned(input);
  const nameAddr = NameAddr.parse(unfold(input.toString('latin1')));
  if (!nameAddr) return;
  void [nameAddr.name, nameAddr.tag];
  if (!nameAddr.uri) return;
  const again = NameAddr.parse(nameAddr.toString());
  assert.ok(again);
  assert.deepEqual(
    [again.displayName, again.uriText, again.params],
    [nameAddr.displayName, nameAddr.uriText, nameAddr.params],
  );
}

function scanned(input: Buffer): void {
  const text = input.toString('latin1').replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  const bytes = Buffer.from(text, 'latin1');
  if (!scanAddress(bytes, 0, bytes.length)) return;
  const parsed = NameAddr.parse(text);
  assert.ok(parsed);
  const { uriStart, uriEnd, paramsStart, paramsEnd, hasComma } = address;
  assert.equal(text.slice(uriStart, uriEnd), parsed.uriText);
  assert.equal(text.slice(paramsStart, paramsEnd), parsed.params);
  if (!hasComma) {
    scanElement(bytes, 0, bytes.length);
    assert.deepEqual([element.start, element.end], [0, bytes.length]);
  }
  for (const name of ['tag', 'expires', 'q']) {
    const found = scanValue(bytes, paramsStart, paramsEnd, name);
    const scannedValue = value.start < 0 ? '' : text.slice(value.start, value.end);
    assert.equal(found ? scannedValue : undefined, parsed.param(name));
  }
}

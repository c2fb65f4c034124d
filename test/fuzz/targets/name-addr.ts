import assert from 'node:assert/strict';
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

/** What is printed is read as the same address. */
export function run(input: Buffer): void {
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

import assert from 'node:assert/strict';
import { parseCredentials } from '../../../src/core/auth/digest.ts';
import { quote } from '../../../src/wire/sip/params.ts';

export const name = 'digest';
export const seeds: readonly string[] = [
  'Digest username="alice", realm="example.com", nonce="84a4\\"cc6", uri="sip:example.com", response="7587245234b3434"',
  'Digest username="a",realm="b",nonce="c",uri="d",response="e",algorithm=SHA-256,qop=auth,nc=00000001,cnonce="f"',
  'NoOneKnowsThisScheme opaque-data=here',
];

/** What was read, written again, is read the same. */
export function run(input: Buffer): void {
  const credentials = parseCredentials(input.toString('latin1'));
  if (!credentials) return;
  const params = Object.entries(credentials).map(([name, value]) => `${name}=${quote(value)}`);
  assert.deepEqual(parseCredentials(`Digest ${params.join(', ')}`), credentials);
}

import assert from 'node:assert/strict';
import { advertisedAddress, parseAddressParts } from '../../../src/advertise/advertised-address.ts';
import { canonicalHost, ipFamily } from '../../../src/base/ip.ts';
import { parseListenSpec } from '../../../src/net/listen-spec.ts';

export const name = 'addresses';
export const seeds: readonly string[] = [
  'udp:10.0.0.34:5060-5063,5070 as 99.88.44.33:5060 name main',
  'tcp:[2001:db8::1]:5060 as sip.example.com',
  'tls:eth0 as :5080',
  '[::ffff:192.0.2.1]:5060',
  '2001:DB8:0:0::1',
  'Sip.Example.COM.:5060',
];

/** Addresses that people and peers write: refused with a reason, or read so that they can be printed. */
export function run(input: Buffer): void {
  const text = input.toString('latin1');
  const spec = parseListenSpec(text);
  if (!spec.ok) assert.ok(spec.column >= 1 && spec.message !== '');
  const canonical = canonicalHost(text);
  if (ipFamily(canonical) !== 0) assert.equal(canonicalHost(canonical), canonical);
  const result = parseAddressParts(text);
  if (!result.ok || result.parts.host === undefined) return;
  const { host, port } = result.parts;
  const printed = advertisedAddress(host, port ?? 5060, port !== undefined).printed;
  assert.deepEqual(parseAddressParts(printed), { ok: true, parts: { host, port: port ?? 5060 } });
}

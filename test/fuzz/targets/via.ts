import assert from 'node:assert/strict';
import { isBroadcast } from '../../../src/wire/sip/response-address.ts';
import { Via } from '../../../src/wire/sip/via.ts';

export const name = 'via';
export const seeds: readonly string[] = [
  'SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKa;rport;received=198.51.100.1',
  'SIP / 2.0 / TCP   [2001:db8::1] : 5060 ; branch = z9hG4bK"x" ;ttl=1;maddr=239.1.1.1',
  'SIP/2.0/WSS df7jal23ls0d.invalid;rport=1;alias',
];

/** What the receiver adds is what is read back, and the sent-by stays. */
export function run(input: Buffer): void {
  const text = input.toString('latin1');
  const via = Via.parse(text);
  if (!via) return;
  assert.ok(text.startsWith(via.toString()));
  assert.equal(typeof isBroadcast(via), 'boolean');
  const stamped = Via.parse(via.withSource('192.0.2.99', 5099));
  assert.ok(stamped);
  assert.deepEqual(
    [stamped.transport, stamped.host, stamped.port, stamped.branch],
    [via.transport, via.host, via.port, via.branch],
  );
  assert.deepEqual([stamped.received, stamped.rport], ['192.0.2.99', '5099']);
}

import { describe, expect, it } from 'vitest';
import { Uri } from './uri.ts';
import { sameUri } from './uri-compare.ts';

function same(a: string, b: string): boolean {
  const left = Uri.parse(a)!;
  const right = Uri.parse(b)!;
  const result = sameUri(left, right);
  expect(sameUri(right, left)).toBe(result);
  return result;
}

describe('sameUri', () => {
  // The first rows of both tables are the examples of RFC 3261 §19.1.4.
  it.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    ['sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['sip:alice@[2001:DB8::1]', 'sip:alice@[2001:db8:0:0::1]'],
    ['sip:alice@example.com;lr', 'sip:alice@example.com'],
    ['sip:j%fcrgen@example.com', 'sip:j\xfcrgen@example.com'],
    ['tel:+1-555-0100', 'tel:+1(555)01.00'],
    ['tel:0100;phone-context=+1-555', 'tel:01-00;Phone-Context=+1555'],
    ['tel:+15550100;ext=12;isub=1', 'tel:+15550100;isub=1;ext=1-2'],
    ['urn:service:sos', 'URN:service:sos'],
  ])('%s is %s', (a, b) => {
    expect(same(a, b)).toBe(true);
  });

  it.each([
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:bob@biloxi.com', 'sips:bob@biloxi.com'],
    ['sip:bob@biloxi.com', 'sip:biloxi.com'],
    ['sip:bob@biloxi.com', 'sip:bob:secret@biloxi.com'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;maddr=192.0.2.1'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;user=ip'],
    ['sip:a%2Fb@biloxi.com', 'sip:a/b@biloxi.com'],
    ['sip:bob@biloxi.com?a=1&a=1', 'sip:bob@biloxi.com?a=1'],
    ['tel:+15550100', 'tel:15550100'],
    ['tel:+15550100', 'tel:+15550100;ext=1'],
    ['tel:+15550100', 'sip:+15550100@example.com'],
    ['urn:service:sos', 'urn:service:SOS'],
  ])('%s is not %s', (a, b) => {
    expect(same(a, b)).toBe(false);
  });
});

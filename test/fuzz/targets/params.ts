import assert from 'node:assert/strict';
import {
  nextParam,
  paramShapes,
  paramValue,
  quote,
  quotesEnd,
  shapeOf,
  unquote,
  withoutParam,
  withParam,
} from '../../../src/wire/sip/params.ts';

export const name = 'params';
export const seeds: readonly string[] = [
  ';tag=1;lr;x="a;b\\"c";y = z ;;Tag=2',
  ';branch=z9hG4bKa;rport;received=[::1]',
  ';q=0.5;expires=60;+sip.instance="<urn:uuid:1>"',
];

export function run(input: Buffer): void {
  const text = input.toString('latin1');
  let end = 0;
  for (let param = nextParam(text, 0); param; param = nextParam(text, param.end)) {
    assert.ok(param.start >= end && param.end > param.start && param.end <= text.length);
    end = param.end;
    assert.ok(paramShapes(text) & shapeOf(param.name));
    if (param.name === '') continue;
    assert.equal(paramValue(withoutParam(text, param.name), param.name), undefined);
    assert.equal(paramValue(withParam(text, param.name, 'x'), param.name), 'x');
    if (end > 400) break;
  }
  if (quotesEnd(text)) assert.equal(paramValue(`${withoutParam(text, 'new')};new=x`, 'new'), 'x');
  assert.equal(unquote(quote(text)), text);
}

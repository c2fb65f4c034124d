import assert from 'node:assert/strict';
import { buildResponse } from '../../../src/wire/sip/build.ts';
import { H } from '../../../src/wire/sip/header-name.ts';
import type { SipMessage } from '../../../src/wire/sip/message.ts';
import { parseMessage } from '../../../src/wire/sip/parse.ts';
import { judgeRegister } from '../../../src/wire/sip/register-verdict.ts';
import {
  judge,
  judgeHops,
  judgeProxyRequire,
  judgeRequire,
  judgeResponse,
} from '../../../src/wire/sip/verdict.ts';
import { tortureMessages, USUAL_MESSAGES } from '../target.ts';

export const name = 'verdict';
export const seeds: readonly string[] = [...tortureMessages(), ...USUAL_MESSAGES];

/** What passes has all that routing needs; what is refused can be answered, and the answer passes in its turn. */
export function run(input: Buffer): void {
  const result = parseMessage(input);
  if (!result.ok) return;
  const message = result.message;
  if (!message.isRequest) {
    if (judgeResponse(message) === undefined) hasWhatRoutingNeeds(message);
    return;
  }
  const fault = judge(message);
  if (fault === undefined) {
    hasWhatRoutingNeeds(message);
    assert.ok(message.uri);
    assert.equal(message.cseq?.method, message.method);
    const answer = parseMessage(buildResponse(message, { status: 404, toTag: 'x' }));
    assert.ok(answer.ok);
    if (message.elements(H.Via).length === 1) assert.equal(judgeResponse(answer.message), undefined);
    assert.equal(answer.message.to?.tag, message.to?.tag ?? 'x');
  }
  const verdict =
    fault ??
    judgeHops(message) ??
    judgeProxyRequire(message, new Set()) ??
    judgeRequire(message, new Set(['outbound'])) ??
    judgeRegister(message);
  if (!verdict) return;
  assert.ok(verdict.status >= 400 && verdict.status < 600);
  const { status, reason, headers } = verdict;
  const answer = parseMessage(buildResponse(message, { status, reason, headers }));
  assert.ok(answer.ok && answer.message.status === status);
}

function hasWhatRoutingNeeds(message: SipMessage): void {
  assert.ok(message.topVia && message.to && message.from && message.cseq);
  for (const header of [H.To, H.From, H.CallId, H.CSeq]) assert.equal(message.count(header), 1);
}

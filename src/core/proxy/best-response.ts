import { Flaw } from '../../wire/sip/flaw.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';

/** A final answer of one branch: a response that came, or a status that the proxy gives it (408, 503). */
export interface FinalAnswer {
  readonly status: number;
  readonly response: SipMessage | undefined;
  /** Nothing was tried, for only TLS would have done. */
  readonly noSecureWay?: boolean;
}

/** These tell the caller how to make the request succeed, so they win within their class (RFC 3261 §16.7 item 6). */
const INFORMATIVE = [401, 407, 415, 420, 484];

/**
 * The answer to pass on when all branches have failed: a 6xx if there is one, else of the lowest class, an informative
 * one first, among equals one that truly came before one that the proxy made, then the first.
 */
export function bestAnswer(answers: readonly FinalAnswer[]): FinalAnswer | undefined {
  let best: FinalAnswer | undefined;
  for (const answer of answers) {
    if (!best || rank(answer) < rank(best)) best = answer;
  }
  return best;
}

function rank({ status, response }: FinalAnswer): number {
  if (status >= 600) return 0;
  // 503 from one next hop says nothing of the others, and 408 says least: any real answer is better.
  const within =
    INFORMATIVE.indexOf(status) >= 0 ? 0 : status === 503 || status === 408 ? 3 : response ? 1 : 2;
  return Math.floor(status / 100) * 10 + within;
}

/**
 * The challenges of all answers, for a 401 or 407 to carry together (RFC 3261 §16.7 item 7), without those that `best`
 * has already.
 */
export function otherChallenges(
  best: FinalAnswer,
  answers: readonly FinalAnswer[],
): readonly (readonly [number, string])[] {
  if (best.status !== 401 && best.status !== 407) return [];
  const found: (readonly [number, string])[] = [];
  for (const answer of answers) {
    const { status, response } = answer;
    if (answer === best || !response || (status !== 401 && status !== 407)) continue;
    // A line that some would take for two must not be copied.
    if ((response.flaws & Flaw.StrayControl) !== 0) continue;
    for (const header of [H.WwwAuthenticate, H.ProxyAuthenticate]) {
      for (let line = response.find(header); line >= 0; line = response.find(header, line + 1)) {
        found.push([header, response.valueAt(line)]);
      }
    }
  }
  return found;
}

import { parseBencode } from '../../wire/ng/bencode.ts';
import { parseJson } from '../../wire/ng/json.ts';
import { ngResult } from '../../wire/ng/message.ts';
import { isDictionary, type NgDictionary, type NgValue } from '../../wire/ng/value.ts';
import type { MediaFailure } from './media-control.ts';
import { failure, linkFailed } from './media-failure.ts';
import type { NodeAnswer } from './relay-node.ts';

export type NgAnswer =
  | { readonly ok: true; readonly body: NgDictionary }
  /** `said`: the reason in rtpengine's own words. */
  | (MediaFailure & { readonly said?: string });

/** More counters than any call has. */
const MOST_COUNTERS = 1024;

const UNKNOWN_CALL: readonly string[] = [
  'unknown call-id',
  'call-id not found',
  'from-tag given, but no such',
];
const BAD_DESCRIPTION: readonly string[] = ['failed to parse sdp', 'failed to interpret sdp', 'no sdp body'];

/** What rtpengine's answer comes to. */
export function readNgAnswer(answer: NodeAnswer): NgAnswer {
  if (!answer.ok) return linkFailed(answer);
  const { text } = answer;
  const body = text.startsWith('{') ? parseJson(text) : parseBencode(text);
  if (!isDictionary(body)) return failure('refused', 'rtpengine answered with no dictionary');
  const result = ngResult(body);
  if (result.ok) return result;
  const reason = result.reason.toLowerCase();
  const isOneOf = (words: readonly string[]) => words.some((word) => reason.startsWith(word));
  const fault = isOneOf(UNKNOWN_CALL)
    ? 'unknown-call'
    : isOneOf(BAD_DESCRIPTION)
      ? 'bad-description'
      : 'refused';
  return { ...failure(fault, `rtpengine answered: ${result.reason}`), said: result.reason };
}

/** All numbers in an answer, by their path: `totals.RTP.packets`. */
export function flatCounters(body: NgDictionary): Map<string, number> {
  const counters = new Map<string, number>();
  const walk = (value: NgValue, path: string): void => {
    if (counters.size >= MOST_COUNTERS) return;
    if (typeof value === 'number') counters.set(path, value);
    else if (typeof value === 'object') {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`);
    }
  };
  walk(body, '');
  return counters;
}

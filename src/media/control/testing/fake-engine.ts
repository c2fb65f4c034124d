import { parseBencode, printBencode } from '../../../wire/ng/bencode.ts';
import { parseJson, printJson } from '../../../wire/ng/json.ts';
import { isDictionary, type NgDictionary } from '../../../wire/ng/value.ts';
import type { FakeRelay } from './fake-relays.ts';

/** What rtpengine answers to a request; undefined: nothing. */
export type EngineAnswering = (request: NgDictionary) => NgDictionary | undefined;

/** Makes an rtpengine of a fake relay. @returns the requests that came, but for pings */
export function asEngine(relay: FakeRelay, answering: EngineAnswering = usual): NgDictionary[] {
  const requests: NgDictionary[] = [];
  relay.lineEnd = '';
  relay.answering = (text) => {
    const isJson = text.startsWith('{');
    const request = isJson ? parseJson(text) : parseBencode(text);
    if (!isDictionary(request)) return undefined;
    if (request.command === 'ping') relay.tests++;
    else requests.push(request);
    const answer = request.command === 'ping' ? { result: 'pong' } : answering(request);
    return answer && (isJson ? printJson(answer) : printBencode(answer));
  };
  return requests;
}

/** Puts media at 10.0.0.1, port 40000, and says ok to all else. */
function usual({ sdp }: NgDictionary): NgDictionary {
  if (typeof sdp !== 'string') return { result: 'ok' };
  return {
    result: 'ok',
    sdp: sdp.replaceAll('10.9.9.9', '10.0.0.1').replaceAll('m=audio 8000', 'm=audio 40000'),
  };
}

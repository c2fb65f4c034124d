import { describe, expect, it } from 'vitest';
import { H } from '../../wire/sip/header-name.ts';
import { bestAnswer, type FinalAnswer, otherChallenges } from './best-response.ts';
import { read } from './testing/messages.ts';

function came(status: number, ...headers: string[]): FinalAnswer {
  const response = read(
    [`SIP/2.0 ${status} X`, 'Via: SIP/2.0/UDP 10.0.0.34', ...headers, '\r\n'].join('\r\n'),
  );
  return { status, response };
}

const made = (status: number): FinalAnswer => ({ status, response: undefined });

describe('the best answer (RFC 3261 §16.7 item 6)', () => {
  it.each<[string, FinalAnswer[], number]>([
    ['a 6xx before everything', [came(302), came(603), came(486)], 603],
    ['the first 6xx of several', [came(603), came(600)], 603],
    ['the lowest class', [came(500), came(404), came(302)], 302],
    ['the first of its class', [came(486), came(404)], 486],
    ['a challenge before the rest of its class', [came(404), came(407), came(401)], 407],
    ['415 before the rest of its class', [came(404), came(415)], 415],
    ['420 before the rest of its class', [came(404), came(420)], 420],
    ['484 before the rest of its class', [came(404), came(484)], 484],
    ['an answer before a timeout', [made(408), came(486)], 486],
    ['an answer before a 408 that came', [came(408), came(480)], 480],
    ['another 5xx before a 503', [came(503), came(500)], 500],
    ['a timeout before a broken transport', [made(503), made(408)], 408],
    ['a timeout where there is nothing else', [made(408), made(408)], 408],
  ])('is %s', (_what, answers, status) => {
    expect(bestAnswer(answers)?.status).toBe(status);
  });

  it('is none of none', () => {
    expect(bestAnswer([])).toBeUndefined();
  });
});

describe('challenges of the other branches (item 7)', () => {
  const digest = (realm: string) => `Digest realm="${realm}", nonce="n"`;
  const first = came(407, `Proxy-Authenticate: ${digest('a')}`);
  const second = came(401, `WWW-Authenticate: ${digest('b')}`, `WWW-Authenticate: ${digest('c')}`);

  it('go with a challenge', () => {
    expect(otherChallenges(first, [first, second, came(404)])).toEqual([
      [H.WwwAuthenticate, digest('b')],
      [H.WwwAuthenticate, digest('c')],
    ]);
    expect(otherChallenges(second, [first, second])).toEqual([[H.ProxyAuthenticate, digest('a')]]);
  });

  it('go with nothing else', () => {
    const busy = came(486);
    expect(otherChallenges(busy, [busy, first, second])).toEqual([]);
  });

  it('are left out where a line holds what some take for a line end', () => {
    const split = came(401, 'WWW-Authenticate: Digest realm="x"\rVia: evil');
    expect(otherChallenges(first, [first, split])).toEqual([]);
  });
});

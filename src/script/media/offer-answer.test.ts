import { describe, expect, it } from 'vitest';
import { OfferAnswer, type Party, type SdpRole } from './offer-answer.ts';

/** `INVITE 1 caller sdp`, `183 INVITE 1 caller sdp` (to whose request), as a dialog sees them in turn. */
function play(...lines: string[]): (string | undefined)[] {
  const dialog = new OfferAnswer();
  return lines.map((line) => {
    const [first, ...rest] = line.split(' ');
    const hasSdp = rest.includes('sdp');
    const status = Number(first);
    if (Number.isNaN(status)) {
      const [cseq, from] = rest;
      return told(dialog.request(first!, from as Party, Number(cseq), hasSdp));
    }
    const [method, cseq, asker] = rest;
    if (status >= 300) {
      const fell = dialog.refused(method!, asker as Party, Number(cseq));
      return fell && `${told(fell)} fell`;
    }
    return told(dialog.response(method!, asker as Party, Number(cseq), status, hasSdp));
  });
}

function told(role: SdpRole | undefined): string | undefined {
  return role && `${role.kind} of ${role.from}`;
}

describe('an offer and its answer', () => {
  it('in INVITE and 200, with early media before', () => {
    expect(
      play(
        'INVITE 1 caller sdp',
        '100 INVITE 1 caller sdp',
        '180 INVITE 1 caller',
        '183 INVITE 1 caller sdp',
        '200 INVITE 1 caller sdp',
        '200 INVITE 1 caller sdp',
        'ACK 1 caller',
      ),
    ).toEqual([
      'offer of caller',
      undefined,
      undefined,
      'answer of callee',
      'answer of callee',
      'answer of callee',
      undefined,
    ]);
  });

  it('late, in 200 and ACK, which may come again', () => {
    expect(
      play(
        'INVITE 1 caller',
        '180 INVITE 1 caller',
        '200 INVITE 1 caller sdp',
        'ACK 1 caller sdp',
        '200 INVITE 1 caller sdp',
        'ACK 1 caller sdp',
      ),
    ).toEqual([
      undefined,
      undefined,
      'offer of callee',
      'answer of caller',
      'offer of callee',
      'answer of caller',
    ]);
  });

  it('late, in a reliable 183 and its PRACK', () => {
    expect(
      play(
        'INVITE 1 caller',
        '183 INVITE 1 caller sdp',
        'PRACK 2 caller sdp',
        '200 PRACK 2 caller',
        '200 INVITE 1 caller',
        'ACK 1 caller',
      ),
    ).toEqual([undefined, 'offer of callee', 'answer of caller', undefined, undefined, undefined]);
  });

  it('in PRACK and its 200, once the first is answered', () => {
    expect(
      play(
        'INVITE 1 caller sdp',
        '183 INVITE 1 caller sdp',
        'PRACK 2 caller sdp',
        '200 PRACK 2 caller sdp',
        '200 INVITE 1 caller',
      ),
    ).toEqual(['offer of caller', 'answer of callee', 'offer of caller', 'answer of callee', undefined]);
  });

  it('in UPDATE, from either side', () => {
    expect(
      play(
        'INVITE 1 caller sdp',
        '183 INVITE 1 caller sdp',
        'UPDATE 1 callee sdp',
        '200 UPDATE 1 callee sdp',
        'UPDATE 2 caller sdp',
        '200 UPDATE 2 caller sdp',
        'UPDATE 3 caller',
        '200 UPDATE 3 caller',
      ),
    ).toEqual([
      'offer of caller',
      'answer of callee',
      'offer of callee',
      'answer of caller',
      'offer of caller',
      'answer of callee',
      undefined,
      undefined,
    ]);
  });

  it('in re-INVITEs of either side, whatever their CSeq', () => {
    expect(
      play(
        'INVITE 1 caller sdp',
        '200 INVITE 1 caller sdp',
        'ACK 1 caller',
        'INVITE 1 callee sdp',
        '200 INVITE 1 callee sdp',
        'ACK 1 callee',
        'INVITE 2 caller sdp',
        '200 INVITE 2 caller sdp',
      ),
    ).toEqual([
      'offer of caller',
      'answer of callee',
      undefined,
      'offer of callee',
      'answer of caller',
      undefined,
      'offer of caller',
      'answer of callee',
    ]);
  });

  it('OpenSIPS #1702: late again in a re-INVITE', () => {
    expect(
      play(
        'INVITE 1 caller sdp',
        '200 INVITE 1 caller sdp',
        'ACK 1 caller',
        'INVITE 1 callee',
        '200 INVITE 1 callee sdp',
        'ACK 1 callee sdp',
      ),
    ).toEqual([
      'offer of caller',
      'answer of callee',
      undefined,
      undefined,
      'offer of caller',
      'answer of callee',
    ]);
  });
});

describe('what is no exchange', () => {
  it('a description in the ACK of an INVITE that had its offer', () => {
    expect(play('INVITE 1 caller sdp', '200 INVITE 1 caller sdp', 'ACK 1 caller sdp')).toEqual([
      'offer of caller',
      'answer of callee',
      undefined,
    ]);
  });

  it('one in an ACK when a PRACK has answered', () => {
    expect(
      play('INVITE 1 caller', '183 INVITE 1 caller sdp', 'PRACK 2 caller sdp', 'ACK 1 caller sdp').at(-1),
    ).toBeUndefined();
  });

  it('one in other requests, or in answers to what nobody asked', () => {
    expect(play('INFO 1 caller sdp', '200 INFO 1 caller sdp', '200 INVITE 7 caller sdp')).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a refusal', () => {
  it('takes the offer with it, and only an unanswered one', () => {
    expect(
      play(
        'INVITE 1 caller sdp',
        '200 INVITE 1 caller sdp',
        'INVITE 2 caller sdp',
        '488 INVITE 2 caller',
        'INVITE 3 caller',
        '491 INVITE 3 caller',
        'INVITE 4 caller sdp',
        '183 INVITE 4 caller sdp',
        '486 INVITE 4 caller',
      ),
    ).toEqual([
      'offer of caller',
      'answer of callee',
      'offer of caller',
      'offer of caller fell',
      undefined,
      undefined,
      'offer of caller',
      'answer of callee',
      undefined,
    ]);
  });
});

it('forgets the oldest request of a peer that leaves all of them open', () => {
  const open = Array.from({ length: 9 }, (_, i) => `UPDATE ${i + 1} caller sdp`);
  expect(play(...open, '200 UPDATE 1 caller sdp', '200 UPDATE 9 caller sdp').slice(-2)).toEqual([
    undefined,
    'answer of callee',
  ]);
});

import { expect, it } from 'vitest';
import { FLOWS, scenarioXml } from './scenario.ts';

const ALICE = { user: 'alice', peer: 'bob', domain: 'example.com', password: 'secret' };

// RFC 3261 §17.1.1.3 and §9.1: an ACK of a negative response and a CANCEL bear the branch of their INVITE.
it.each(FLOWS)('counts back to the INVITE wherever a branch is taken again: %s', (flow) => {
  const steps = scenarioXml('caller', flow, ALICE, 'sound.raw')
    .split(/\n(?=<(?:send|recv|pause))/)
    .slice(1);
  const repeats = steps.flatMap((step, index) => {
    const back = /\[branch-(\d+)\]/.exec(step)?.[1];
    return back === undefined ? [] : [steps[index - Number(back)]];
  });
  expect(repeats.length).toBe({ cancel: 3, refused: 2 }[flow as string] ?? 1);
  for (const step of repeats) expect(step).toContain('INVITE sip:bob@example.com SIP/2.0');
});

import { afterAll, describe, expect, it } from 'vitest';
import { messageOwner } from '../../src/wire/sip/owner.ts';
import { noteSkipped } from '../cloud/requirements.ts';
import { mutated, Sanitized } from './sanitized.ts';
import { seeds } from './targets/owner.ts';

const WORKERS = 7;
const INPUTS = 20_000;
const program = new Sanitized('owner-scan.c', 'owner.c');
if (program.fault !== undefined) noteSkipped('the scan for owners in C', program.fault);

afterAll(() => program[Symbol.dispose]());

describe.skipIf(program.fault !== undefined)('the scan for owners in C', () => {
  it('reads nothing but the bytes, and says what the one in TypeScript says', { timeout: 60_000 }, () => {
    const inputs = mutated(seeds, INPUTS);
    expect(program.ask(inputs, String(WORKERS))).toEqual({
      answers: inputs.map((it) => messageOwner(it, WORKERS)),
      status: 0,
      fault: '',
    });
  });
});

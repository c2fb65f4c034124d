import { afterAll, describe, expect, it } from 'vitest';
import { loadAccelerator } from '../../src/net/accelerator.ts';
import { wordOf4 } from '../../src/net/packed-address.ts';
import { noteSkipped } from '../cloud/requirements.ts';
import { mutated, Sanitized } from './sanitized.ts';
import { refusals, seeds } from './targets/refuse.ts';

const INPUTS = 20_000;
const program = new Sanitized('refuse-scan.c', 'refuse.c');
if (program.fault !== undefined) noteSkipped('refusals in C', program.fault);

afterAll(() => program[Symbol.dispose]());

describe.skipIf(program.fault !== undefined)('refusals in C', () => {
  it('read nothing but the bytes, and write no more than there is room for', { timeout: 60_000 }, () => {
    const { answers, status, fault } = program.ask(mutated(seeds, INPUTS));
    expect({ status, fault }).toEqual({ status: 0, fault: '' });
    expect(answers.filter((length) => length > 0).length).toBeGreaterThan(INPUTS / 20);
    expect(answers).toContain(0);
    expect(answers).toContain(-1);
  });
});

const accelerator = loadAccelerator();

describe.skipIf(!accelerator)('the seeds of refusals', () => {
  it('are refused in part, for else their fuzzing would say nothing', () => {
    const word = wordOf4('192.0.2.9');
    const outcomes = seeds.map((it) => accelerator!.refuse(refusals, Buffer.from(it, 'latin1'), word, 5060));
    expect(outcomes.filter((it) => it instanceof Buffer).length).toBeGreaterThanOrEqual(3);
    expect(outcomes.filter((it) => it === null)).toHaveLength(1);
  });
});

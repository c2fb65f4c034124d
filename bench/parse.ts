// How long one message takes on the wire floor: parsing it, reading what routing reads, judging and editing it.
// npm run bench:parse [-- --json FILE]
import { parseArgs } from 'node:util';
import { judge } from '../src/wire/sip/verdict.ts';
import { INVITE, parse, parseJudgeAndEdit } from './message-steps.ts';
import { Notebook, publish } from './report.ts';

const STEPS: readonly (readonly [name: string, step: () => unknown])[] = [
  ['parse', parse],
  [
    'parse, top Via, Call-ID, CSeq',
    () => {
      const message = parse();
      return [message.topVia?.branch, message.callId, message.cseq?.number];
    },
  ],
  ['parse and judge', () => judge(parse())],
  ['parse, judge, edit, serialise', parseJudgeAndEdit],
];

const ROUNDS = 50_000;
const SAMPLES = 5;
const { values } = parseArgs({ options: { json: { type: 'string' } } });
let sink: unknown;

if (judge(parse())) throw new Error('the message must be one that passes');

const found: { name: string; ns: number }[] = [];
for (const [name, step] of STEPS) {
  let best = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = process.hrtime.bigint();
    for (let round = 0; round < ROUNDS; round++) sink = step();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / ROUNDS);
  }
  found.push({ name, ns: Math.round(best) });
}
// What is computed must be used, or it may not be computed.
if (sink === null) console.log(sink);
const about = {
  bench: 'Messages',
  scenario: `An INVITE of ${INVITE.length} bytes on the wire floor, best of ${SAMPLES} × ${ROUNDS}`,
};
const table = {
  title: 'One message',
  columns: ['step', 'ns'],
  rows: found.map(({ name, ns }) => [name, String(ns)]),
};
publish(new Notebook().report(about, [table], found), values.json);

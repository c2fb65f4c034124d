import {
  type Argument,
  choice,
  int,
  optional,
  type ParsedArgument,
  parsed,
  staticText,
  text,
} from '../frame/argument.ts';
import type { FunctionSpec } from '../frame/function.ts';
import { moduleParts } from '../frame/module.ts';
import { ANY } from '../frame/route-kind.ts';
import { BranchTarget, NO_Q } from '../runtime/branch-target.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { addBranch, branchAt } from './branch-variables.ts';

const { fn } = moduleParts<undefined>();

/** q as a text: from 0 to 1 with up to three decimals. */
function readQ(given: string): ParsedArgument<number> {
  const q = /^(?:0(?:\.\d{1,3})?|1(?:\.0{1,3})?)$/.test(given) ? Number(given) : Number.NaN;
  return Number.isNaN(q)
    ? { ok: false, problem: `${JSON.stringify(given)} is no q`, hint: 'q is a number from 0 to 1: "0.7"' }
    : { ok: true, value: Math.round(q * 1000) };
}

const q: Argument<number | undefined> = optional(parsed('qvalue', readQ));
const branchIndex = optional(int('branch_idx', { least: 0, describe: 'from 0, the Request-URI' }));

const appendOld = fn({
  args: [optional(text('uri')), q],
  routes: ANY,
  describe: 'Adds a branch; without a URI a copy of the Request-URI.',
  run: (m, _s, uri, q) => {
    const branch = uri === undefined ? m.target.copy() : new BranchTarget(uri);
    branch.q = q ?? (uri === undefined ? branch.q : NO_Q);
    return addBranch(m, branch);
  },
});

/** A negative index, or none, is the Request-URI branch. */
function place(index: number | undefined): number {
  return index === undefined || index < 0 ? 0 : index;
}

/** Puts what one branch is into another. */
function put(m: ScriptMessage, from: BranchTarget, index: number): boolean {
  if (index === 0) m.target.become(from);
  else if (index <= m.context.branches.length) m.context.branches[index - 1] = from.copy();
  else return false;
  return true;
}

function flagFunction(describe: string, act: (flags: Set<string>, flag: string) => boolean) {
  return fn({
    args: [staticText('flag'), branchIndex],
    routes: ANY,
    describe,
    run: (m, _s, flag, index) => {
      const branch = index === undefined ? m.target : branchAt(m, index);
      return branch !== undefined && act(branch.flags, flag);
    },
  });
}

function messageFlag(describe: string, act: (flags: Set<string>, flag: string) => boolean) {
  return fn({
    args: [staticText('flag')],
    routes: ANY,
    describe,
    run: (m, _s, flag) => act(m.context.flags, flag),
  });
}

function set(flags: Set<string>, flag: string): boolean {
  flags.add(flag);
  return true;
}

function reset(flags: Set<string>, flag: string): boolean {
  flags.delete(flag);
  return true;
}

/** Functions of the core that work on branches and flags. */
export const branchFunctions: Readonly<Record<string, FunctionSpec<undefined>>> = {
  append_branch_old: appendOld,
  append_branch: { ...appendOld, older: 'write append_msg_branch(uri)' },
  append_msg_branch: fn({
    args: [text('uri'), q, optional(choice('flags', ['inherite', 'inherit']))],
    routes: ANY,
    describe:
      'Adds a branch. With `inherite` it takes next hop, q, Path, socket and flags of the Request-URI over.',
    run: (m, _s, uri, q, inherit) => {
      const branch = inherit === undefined ? new BranchTarget(uri) : m.target.copy();
      branch.uri = uri;
      if (q !== undefined) branch.q = q;
      return addBranch(m, branch);
    },
  }),
  remove_msg_branch: fn({
    args: [int('branch_idx', { least: 0 })],
    routes: ANY,
    describe: 'Takes a branch away; those behind it move up.',
    run: (m, _s, index) => m.context.branches.splice(index === 0 ? 0 : index - 1, 1).length > 0,
  }),
  remove_branch: {
    ...fn({
      args: [int('branch_idx', { least: 0 })],
      routes: ANY,
      describe: 'Takes a branch away, counted from 0 without the Request-URI.',
      run: (m, _s, index) => m.context.branches.splice(index, 1).length > 0,
    }),
    older: 'write remove_msg_branch(index), which counts the Request-URI as 0',
  },
  move_msg_branch: fn({
    args: [optional(int('src_idx')), optional(int('dst_idx')), optional(choice('keep', ['keep']))],
    routes: ANY,
    describe: 'Puts one branch in place of another, and takes it from where it was unless `keep` is given.',
    run: (m, _s, from, to, keep) => {
      const source = branchAt(m, place(from));
      if (source === undefined || !put(m, source, place(to))) return false;
      if (keep === undefined && place(from) > 0) m.context.branches.splice(place(from) - 1, 1);
      return true;
    },
  }),
  swap_msg_branches: fn({
    args: [optional(int('src_idx')), optional(int('dst_idx'))],
    routes: ANY,
    describe: 'Exchanges two branches.',
    run: (m, _s, from, to) => {
      const a = branchAt(m, place(from))?.copy();
      const b = branchAt(m, place(to))?.copy();
      return a !== undefined && b !== undefined && put(m, a, place(to)) && put(m, b, place(from));
    },
  }),
  serialize_branches: fn({
    args: [int('clear_previous'), optional(int('keep_order'))],
    routes: ANY,
    describe:
      'Puts all branches by for serial forking, those of the highest q first; `next_branches` takes them.',
    run: (m, _s, clear, keepOrder) => {
      const all = [m.target.copy(), ...m.context.branches];
      m.context.branches = [];
      const groups = keepOrder ? all.map((it) => [it]) : byQ(all);
      if (clear) m.context.serial.length = 0;
      m.context.serial.push(...groups);
      return true;
    },
  }),
  next_branches: fn({
    args: [],
    routes: ['request', 'failure'],
    describe: 'Takes the next branches of those that were put by.',
    returns: '1: others are left; 2: these were the last; -1: there are none.',
    run: (m) => {
      const group = m.context.serial.shift();
      const [first, ...others] = group ?? [];
      if (first === undefined) return -1;
      m.target.become(first);
      m.context.branches = others;
      return m.context.serial.length > 0 ? 1 : 2;
    },
  }),
  setflag: messageFlag('Sets a message flag.', set),
  resetflag: messageFlag('Takes a message flag away.', reset),
  isflagset: messageFlag('Whether a message flag is set.', (flags, flag) => flags.has(flag)),
  setbflag: flagFunction('Sets a flag of a branch.', set),
  resetbflag: flagFunction('Takes a flag of a branch away.', reset),
  isbflagset: flagFunction('Whether a flag of a branch is set.', (flags, flag) => flags.has(flag)),
};

/** Groups of equal q, the highest first. */
function byQ(branches: readonly BranchTarget[]): BranchTarget[][] {
  const groups = new Map<number, BranchTarget[]>();
  for (const branch of branches) {
    const q = branch.q === NO_Q ? 1000 : branch.q;
    const group = groups.get(q);
    if (group) group.push(branch);
    else groups.set(q, [branch]);
  }
  return [...groups].sort(([a], [b]) => b - a).map(([, group]) => group);
}

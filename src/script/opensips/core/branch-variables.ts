import type { Index, VariableSpec } from '../frame/variable.ts';
import { BranchTarget } from '../runtime/branch-target.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { socketText } from '../runtime/socket-names.ts';
import { isTrue, numberOf, textOf, type Value } from '../value.ts';
import { pick } from './indexed.ts';
import { isPlainUri, setUri } from './uri-variables.ts';

type Variables = Readonly<Record<string, VariableSpec<undefined>>>;

/** Branch 0 and all that were added. */
export function branchesOf(m: ScriptMessage): readonly BranchTarget[] {
  return [m.target, ...m.context.branches];
}

/** The branch of an index; without one the last that was added. */
export function branchAt(m: ScriptMessage, index: Index): BranchTarget | undefined {
  const branches = branchesOf(m);
  if (index === undefined) return branches.at(-1);
  return typeof index === 'number' ? branches.at(index) : undefined;
}

/** More would be cut off by the proxy anyway. */
const MOST_BRANCHES = 63;

/** @returns false where there are too many, or the URI is none */
export function addBranch(m: ScriptMessage, branch: BranchTarget): boolean {
  const { branches } = m.context;
  if (branches.length >= MOST_BRANCHES || !isPlainUri(branch.uri)) return false;
  branches.push(branch);
  return true;
}

function attribute(
  describe: string,
  read: (branch: BranchTarget) => Value,
  write?: (branch: BranchTarget, value: Value, m: ScriptMessage) => boolean,
): VariableSpec<undefined> {
  return {
    describe,
    indexed: true,
    read: (m, _s, _inner, index) => {
      if (index === '*') return pick(branchesOf(m).map(read), '*');
      const branch = branchAt(m, index);
      return branch === undefined ? null : read(branch);
    },
    ...(write && {
      write: (m: ScriptMessage, _s: undefined, value: Value, _inner: string, index: Index) => {
        const branch = branchAt(m, index);
        return branch !== undefined && write(branch, value, m);
      },
    }),
  };
}

const uri = attribute(
  'URI of a branch.',
  (branch) => branch.uri,
  (branch, value) => setUri(branch, textOf(value)),
);

const add: VariableSpec<undefined> = {
  describe: 'Written: adds a branch. Read: the URI of the last one.',
  read: (m) => branchAt(m, undefined)?.uri ?? null,
  write: (m, _s, value) => addBranch(m, new BranchTarget(textOf(value) ?? '')),
};

/** The branches of a request, before it is forwarded. */
export const branchVariables: Variables = {
  'msg.branch': add,
  'msg.branch.uri': uri,
  'msg.branch.duri': attribute(
    'Next hop of a branch.',
    (branch) => branch.du,
    (branch, value) => {
      const text = textOf(value);
      if (text !== undefined && !isPlainUri(text)) return false;
      branch.du = text ?? null;
      return true;
    },
  ),
  'msg.branch.path': attribute(
    'Path of a branch.',
    (branch) => branch.path,
    (branch, value) => {
      branch.path = textOf(value) ?? null;
      return true;
    },
  ),
  'msg.branch.q': attribute(
    'q of a branch in thousandths.',
    (branch) => branch.q,
    (branch, value) => {
      const q = numberOf(value);
      if (q === undefined || q < 0 || q > 1000) return false;
      branch.q = q;
      return true;
    },
  ),
  'msg.branch.flags': attribute('Flags of a branch, with blanks between.', ({ flags }) =>
    [...flags].join(' '),
  ),
  'msg.branch.socket': attribute(
    'Socket that a branch is sent from.',
    ({ socket }) => (socket ? socketText(socket) : null),
    (branch, value, m) => {
      const text = textOf(value);
      const socket = text === undefined ? undefined : m.program.socket(text);
      if (text !== undefined && socket === undefined) return false;
      branch.socket = socket;
      return true;
    },
  ),
  'msg.branch.flag': {
    describe: 'One flag of a branch: 1 or 0.',
    inner: 'name',
    indexed: true,
    read: (m, _s, name, index) => (branchAt(m, index)?.flags.has(name) ? 1 : 0),
    write: (m, _s, value, name, index) => {
      const flags = branchAt(m, index)?.flags;
      if (flags === undefined) return false;
      if (isTrue(value)) flags.add(name);
      else flags.delete(name);
      return true;
    },
  },
  'msg.branch.attr': {
    describe: 'A value of any name that belongs to a branch.',
    inner: 'name',
    indexed: true,
    read: (m, _s, name, index) => branchAt(m, index)?.attributes?.get(name) ?? null,
    write: (m, _s, value, name, index) => {
      const branch = branchAt(m, index);
      if (branch === undefined) return false;
      branch.attributes ??= new Map();
      branch.attributes.set(name, value);
      return true;
    },
  },
  'msg.branch.last_idx': { describe: 'Index of the last branch.', read: (m) => m.context.branches.length },
  'msg.flag': {
    describe: 'A message flag: 1 or 0.',
    inner: 'name',
    read: (m, _s, name) => (m.context.flags.has(name) ? 1 : 0),
    write: (m, _s, value, name) => {
      if (isTrue(value)) m.context.flags.add(name);
      else m.context.flags.delete(name);
      return true;
    },
  },
  branch: {
    ...add,
    inner: 'optional',
    indexed: true,
    older: 'write $msg.branch',
    fields: {
      uri: 'its URI',
      duri: 'its next hop',
      q: 'its q',
      path: 'its Path',
      flags: 'its flags',
      socket: 'its socket',
    },
    read: (m, s, inner, index) => {
      const spec = branchVariables[inner === '' ? 'msg.branch' : `msg.branch.${inner}`];
      // The older variable counts from the first branch that was added.
      const at = typeof index === 'number' && index >= 0 ? index + 1 : index;
      if (typeof at === 'number' && at > m.context.branches.length) return null;
      return spec?.read(m, s, '', at) ?? null;
    },
    write: (m, s, value, inner, index, how) => {
      const spec = branchVariables[inner === '' ? 'msg.branch' : `msg.branch.${inner}`];
      const at = typeof index === 'number' && index >= 0 ? index + 1 : index;
      return spec?.write?.(m, s, value, '', at, how) ?? false;
    },
  },
};

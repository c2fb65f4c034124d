import type { Index, VariableSpec } from '../../frame/variable.ts';
import type { BegunBranch } from '../../runtime/request-context.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { socketText } from '../../runtime/socket-names.ts';
import { isTrue, numberOf, type Value } from '../../value.ts';
import type { TmState } from './state.ts';

type Variables = Readonly<Record<string, VariableSpec<TmState>>>;

/** The status that a route has to do with. */
export function replyCode(m: ScriptMessage): number {
  if (m.route === 'onreply') return m.message.status;
  if (m.route === 'failure') return m.context.replyStatus;
  return m.context.transaction?.lastStatus || m.context.replyStatus;
}

function timeout(
  describe: string,
  read: (m: ScriptMessage, state: TmState) => number,
  write: (m: ScriptMessage, ms: number | undefined) => void,
): VariableSpec<TmState> {
  return {
    describe,
    read: (m, state) => Math.round(read(m, state) / 1000),
    write: (m, _state, value) => {
      const seconds = value === null ? undefined : numberOf(value);
      if (value !== null && (seconds === undefined || seconds <= 0)) return false;
      write(m, seconds === undefined ? undefined : seconds * 1000);
      return true;
    },
  };
}

function branchAt(m: ScriptMessage, index: Index): BegunBranch | undefined {
  const { begun } = m.context;
  if (index === undefined) return begun[m.branchIndex >= 0 ? m.branchIndex : begun.length - 1];
  return typeof index === 'number' ? begun.at(index) : undefined;
}

function ofBranch(describe: string, read: (branch: BegunBranch) => Value): VariableSpec<TmState> {
  return {
    describe,
    indexed: true,
    read: (m, _state, _inner, index) => {
      const branch = branchAt(m, index);
      return branch === undefined ? null : read(branch);
    },
  };
}

export const tmVariables: Variables = {
  T_branch_idx: {
    describe: 'Index of the branch at hand, from 0; NULL where there is none.',
    read: (m) => (m.branchIndex >= 0 ? m.branchIndex : null),
  },
  T_reply_code: {
    describe: 'The status of the reply at hand, of the failure, or of the last answer.',
    read: replyCode,
  },
  T_fr_timeout: timeout(
    'Seconds that this request may go without any reply.',
    (m, state) => m.context.silenceTimeoutMs ?? state.frTimeoutMs,
    (m, ms) => {
      m.context.silenceTimeoutMs = ms;
    },
  ),
  T_fr_inv_timeout: timeout(
    'Seconds that this INVITE may ring.',
    (m, state) => m.context.ringTimeoutMs ?? state.frInvTimeoutMs,
    (m, ms) => {
      m.context.ringTimeoutMs = ms;
    },
  ),
  T_ruri: {
    describe: 'Request-URI of the branch at hand.',
    read: (m) => branchAt(m, undefined)?.target.uri ?? m.target.uri,
  },
  T_id: {
    describe: 'A name of the transaction, unlike that of any other.',
    read: (m, state) => (m.context.transaction ? state.idOf(m.context.transaction) : null),
  },
  T_branch_last_reply_code: {
    describe: 'The last status that came on the branch at hand, or on that of an index.',
    inner: 'optional',
    read: (m, _state, inner) => branchAt(m, inner === '' ? undefined : Number(inner))?.lastStatus ?? null,
  },
  bavp: {
    describe: 'As an AVP, but each branch has its own.',
    inner: 'name',
    read: (m, _state, name) => branchAt(m, undefined)?.values?.get(name) ?? m.branchValues?.get(name) ?? null,
    write: (m, _state, value, name) => {
      const branch = m.route === 'branch' ? undefined : branchAt(m, undefined);
      if (branch === undefined && m.route !== 'branch') return false;
      const values = branch === undefined ? (m.branchValues ??= new Map()) : (branch.values ??= new Map());
      if (value === null) values.delete(name);
      else values.set(name, value);
      return true;
    },
  },
  'tm.branch.uri': ofBranch('Request-URI of a branch that was sent.', ({ target }) => target.uri),
  'tm.branch.duri': ofBranch('Next hop of a branch that was sent.', ({ target }) => target.du),
  'tm.branch.path': ofBranch('Path of a branch that was sent.', ({ target }) => target.path),
  'tm.branch.q': ofBranch('q of a branch that was sent, in thousandths.', ({ target }) => target.q),
  'tm.branch.flags': ofBranch('Flags of a branch that was sent.', ({ target }) =>
    [...target.flags].join(' '),
  ),
  'tm.branch.socket': ofBranch('Socket that a branch was sent from.', ({ target }) =>
    target.socket ? socketText(target.socket) : null,
  ),
  'tm.branch.last_received': ofBranch(
    'The last status that came on a branch.',
    ({ lastStatus }) => lastStatus || null,
  ),
  'tm.branch.type': ofBranch('`sip`.', () => 'sip'),
  'tm.branch.flag': {
    describe: 'One flag of a branch that was sent.',
    inner: 'name',
    indexed: true,
    read: (m, _state, name, index) => (flagsAt(m, index)?.has(name) ? 1 : 0),
    write: (m, _state, value, name, index) => {
      const flags = flagsAt(m, index);
      if (flags === undefined) return false;
      if (isTrue(value)) flags.add(name);
      else flags.delete(name);
      return true;
    },
  },
  'tm.branch.attr': {
    describe: 'A value of any name that belongs to a branch that was sent.',
    inner: 'name',
    indexed: true,
    read: (m, _state, name, index) => targetAt(m, index)?.attributes?.get(name) ?? null,
    write: (m, _state, value, name, index) => {
      const target = targetAt(m, index);
      if (target === undefined) return false;
      target.attributes ??= new Map();
      target.attributes.set(name, value);
      return true;
    },
  },
};

/** In a branch route the branch at hand is not sent yet. */
function targetAt(m: ScriptMessage, index: Index): ScriptMessage['target'] | undefined {
  if (m.route === 'branch' && index === undefined) return m.target;
  return branchAt(m, index)?.target;
}

function flagsAt(m: ScriptMessage, index: Index): Set<string> | undefined {
  return targetAt(m, index)?.flags;
}

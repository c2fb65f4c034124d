import { CSeqShift } from '../../../../core/dialog/cseq-shift.ts';
import type { Dialog, DialogState } from '../../../../core/dialog/dialog.ts';
import {
  type DialogSnapshot,
  type LegSnapshot,
  snapshotOf,
} from '../../../../core/dialog/dialog-snapshot.ts';
import { NameAddr } from '../../../../wire/sip/name-addr.ts';
import { splitRoutes } from '../../core/route-list.ts';
import { type DbInput, numberIn, type Row, textIn } from '../../db/database.ts';
import { column, type TableLayout } from '../../db/table-layout.ts';
import { readPairs, writePairs } from './pairs.ts';
import type { DialogWishes } from './wishes.ts';

/** The table `dialog` of OpenSIPS's schema. */
export const DIALOG_TABLE: TableLayout = {
  name: 'dialog',
  version: 12,
  columns: [
    column('dlg_id', 'int'),
    ...['callid', 'from_uri', 'from_tag', 'to_uri', 'to_tag'].map((it) => column(it, 'text')),
    ...['mangled_from_uri', 'mangled_to_uri'].map((it) => column(it, 'text', null)),
    ...['caller_cseq', 'callee_cseq'].map((it) => column(it, 'text')),
    ...['caller_ping_cseq', 'callee_ping_cseq'].map((it) => column(it, 'int')),
    ...['caller_route_set', 'callee_route_set', 'caller_contact', 'callee_contact'].map((it) =>
      column(it, 'text', null),
    ),
    ...['caller_sock', 'callee_sock'].map((it) => column(it, 'text')),
    ...['state', 'start_time', 'timeout'].map((it) => column(it, 'int')),
    ...['vars', 'profiles', 'script_flags'].map((it) => column(it, 'text', null)),
    ...['module_flags', 'flags'].map((it) => column(it, 'int', 0)),
    ...['rt_on_answer', 'rt_on_timeout', 'rt_on_hangup'].map((it) => column(it, 'text', null)),
  ],
  unique: [['dlg_id']],
};

/** The name of each column as the script has it. */
export type ColumnName = (standard: string) => string;

/** A value beside those of scripts: what OpenSIPS's table has no column for. */
const MORE = '_viaduct';

/** What {@link MORE} holds of each leg, as JSON. */
type LegMore = Pick<
  LegSnapshot,
  'local' | 'remote' | 'source' | 'override' | 'shownContact' | 'shownSdp' | 'cseq'
>;

type More = readonly [caller: LegMore, callee: LegMore, calleeCallId: string | null];

/** What a row says of a dialog besides its snapshot. */
export interface StoredWishes {
  readonly flags: number;
  readonly scriptFlags: readonly string[];
  /** Names of the values that are numbers. */
  readonly numbers: readonly string[];
  readonly routes: DialogWishes['routes'];
}

/** The row of a dialog; undefined for one that does not stand. @param expiresAt in ms since 1970 */
export function rowOf(
  dialog: Dialog,
  expiresAt: number,
  { flags, routes, numbers }: DialogWishes,
  flagNames: string,
  name: ColumnName,
): Record<string, DbInput> | undefined {
  const snapshot = snapshotOf(dialog, expiresAt);
  if (snapshot === undefined) return undefined;
  const { caller, callee, id } = snapshot;
  const typed = ([it, value]: readonly [string, string]) =>
    [it, numbers.has(it) ? Number(value) : value] as const;
  const more = JSON.stringify([moreOf(caller), moreOf(callee), snapshot.calleeCallId ?? null]);
  const values: Record<string, DbInput> = {
    dlg_id: id.entry * 2 ** 32 + id.number,
    callid: snapshot.callId,
    from_uri: uriIn(caller.local),
    from_tag: caller.tag,
    to_uri: uriIn(callee.local),
    to_tag: callee.tag,
    caller_cseq: String(callee.cseq.received),
    callee_cseq: String(caller.cseq.received),
    caller_ping_cseq: caller.cseq.sent,
    callee_ping_cseq: callee.cseq.sent,
    caller_route_set: caller.routes.join(','),
    callee_route_set: callee.routes.join(','),
    caller_contact: caller.target,
    callee_contact: callee.target,
    caller_sock: caller.listener,
    callee_sock: callee.listener,
    state: snapshot.state,
    start_time: Math.floor(snapshot.confirmedAt / 1000),
    timeout: Math.floor(snapshot.expiresAt / 1000),
    vars: writePairs([...snapshot.values.map(typed), [MORE, more]]),
    profiles: writePairs(snapshot.profiles),
    script_flags: flagNames,
    module_flags: 0,
    flags,
    rt_on_answer: routes.answer ?? null,
    rt_on_timeout: routes.timeout ?? null,
    rt_on_hangup: routes.hangup ?? null,
  };
  return Object.fromEntries(Object.entries(values).map(([standard, value]) => [name(standard), value]));
}

function moreOf(leg: LegSnapshot): LegMore {
  const { local, remote, source, override, shownContact, shownSdp, cseq } = leg;
  return { local, remote, source, override, shownContact, shownSdp, cseq };
}

function uriIn(value: string): string {
  return NameAddr.parse(value)?.uriText ?? '';
}

/** The dialog of a row; undefined for one that cannot be read. */
export function readRow(
  row: Row,
  name: ColumnName,
): { readonly snapshot: DialogSnapshot; readonly wishes: StoredWishes } | undefined {
  const text = (standard: string) => textIn(row, name(standard));
  const number = (standard: string) => numberIn(row, name(standard));
  const state = number('state');
  const callId = text('callid');
  if (callId === '' || text('to_tag') === '' || (state !== 3 && state !== 4)) return undefined;
  const pairs = readPairs(text('vars'));
  const more = readMore(String(pairs.find(([it]) => it === MORE)?.[1] ?? ''));
  const dlgId = number('dlg_id');
  const flags = number('flags');
  const startedAt = number('start_time') * 1000;
  const leg = (side: 'caller' | 'callee'): LegSnapshot => {
    const [own, other] = side === 'caller' ? (['from', 'to'] as const) : (['to', 'from'] as const);
    // Requests to one party are numbered after those of the other.
    const received = number(side === 'caller' ? 'callee_cseq' : 'caller_cseq');
    const sent = Math.max(number(`${side}_ping_cseq`), received);
    const tag = text(`${own}_tag`);
    return {
      side,
      tag,
      local: `<${text(`${own}_uri`)}>;tag=${tag}`,
      remote: `<${text(`${other}_uri`)}>${side === 'caller' ? '' : `;tag=${text(`${other}_tag`)}`}`,
      routes: splitRoutes(text(`${side}_route_set`)),
      target: text(`${side}_contact`),
      source: null,
      listener: text(`${side}_sock`),
      override: null,
      shownContact: null,
      shownSdp: null,
      cseq: new CSeqShift(sent, received).snapshot(),
      ...more?.[side === 'caller' ? 0 : 1],
    };
  };
  return {
    snapshot: {
      id: { entry: Math.floor(dlgId / 2 ** 32), number: dlgId % 2 ** 32 },
      callId,
      ...(more?.[2] && { calleeCallId: more[2] }),
      state: state as DialogState,
      createdAt: startedAt,
      confirmedAt: startedAt,
      expiresAt: number('timeout') * 1000,
      onExpiry: flags & (1 << 3) ? 'bye' : 'forget',
      keepSdp: (flags & ((1 << 11) | (1 << 12))) !== 0,
      printed: true,
      flags: 0,
      values: pairs.filter(([it]) => it !== MORE).map(([it, value]) => [it, String(value)] as const),
      profiles: readPairs(text('profiles')).map(
        ([it, value]) => [it.replace(/\/[sb]$/, ''), String(value)] as const,
      ),
      caller: leg('caller'),
      callee: leg('callee'),
    },
    wishes: {
      flags,
      numbers: pairs.filter(([, value]) => typeof value === 'number').map(([it]) => it),
      scriptFlags: text('script_flags')
        .split(' ')
        .filter((it) => it !== ''),
      routes: {
        ...(text('rt_on_answer') && { answer: text('rt_on_answer') }),
        ...(text('rt_on_timeout') && { timeout: text('rt_on_timeout') }),
        ...(text('rt_on_hangup') && { hangup: text('rt_on_hangup') }),
      },
    },
  };
}

function readMore(text: string): More | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) && found.length === 3 ? (found as unknown as More) : undefined;
  } catch {
    return undefined;
  }
}

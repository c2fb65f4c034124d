import { logLevel } from '../core/log-level.ts';
import type { Database } from '../db/database.ts';
import { DbUrl } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { column, requireTable, type TableLayout } from '../db/table-layout.ts';
import { optional, type ParsedArgument, parsed, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import { ANY, type RouteKinds } from '../frame/route-kind.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { textOf } from '../value.ts';
import { type AccContext, accFor, accOf, accOfDialog, keepInDialog, OF_LOADED } from './acc/acc-context.ts';
import { Accounting, type AccParameters, coreOf, coreOfComment } from './acc/accounting.ts';
import {
  ACC_FLAGS,
  type AccFlag,
  BACKENDS,
  type Backend,
  type Field,
  takeFields,
  wordList,
} from './acc/fields.ts';
import { currentDialog, directionOf, noteMade, ownDialog } from './dialog/current.ts';
import { isDownstream } from './rr.ts';

interface State {
  readonly accounting: Accounting;
  readonly detectDirection: boolean;
  readonly reportCancels: boolean;
}

const { fn, variable, define } = moduleParts<State>();

const ACCOUNTING: RouteKinds = ['request', 'failure', 'branch', 'local'];
const NO_AAA = 'there is no AAA: account to log, db or evi';

/** The tables of OpenSIPS's schema, with columns for the fields of the script. */
function layoutOf(
  name: string,
  version: number,
  durations: boolean,
  columns: readonly string[],
  fields: readonly Field[],
): TableLayout {
  return {
    name,
    version,
    columns: [
      column('id', 'id'),
      ...columns.slice(0, -1).map((it) => column(it, 'text', '')),
      column(columns.at(-1)!, 'datetime'),
      ...(durations ? [column('duration', 'int', 0), column('ms_duration', 'int', 0)] : []),
      column('setuptime', 'int', 0),
      column('created', 'datetime', null),
      ...fields.map(({ name: field }) => column(field, 'text', null)),
    ],
  };
}

function backends(given: string): ParsedArgument<readonly Backend[]> {
  const words = wordList(given, [...BACKENDS, 'aaa']);
  if (!words.ok) return words;
  const value = words.value.filter((it) => it !== 'aaa');
  return value.length < words.value.length ? { ok: true, value, notice: NO_AAA } : { ok: true, value };
}

const flags = (given: string): ParsedArgument<readonly AccFlag[]> => wordList(given, ACC_FLAGS);

/** Whether the request goes from the callee to the caller, and is to be told the other way round. */
function isTurned(m: ScriptMessage, { detectDirection }: State): boolean {
  if (!detectDirection || m.context.request.to?.tag === undefined) return false;
  return directionOf(m.context) === 'upstream' || !isDownstream(m);
}

function account(
  m: ScriptMessage,
  state: State,
  kinds: readonly Backend[],
  wanted: readonly AccFlag[],
  table: string | undefined,
): boolean {
  const { context } = m;
  const { request, transaction } = context;
  const { accounting } = state;
  if (kinds.includes('db') && !accounting.hasDatabase) return false;
  const acc = accFor(m, true);
  acc.want(kinds, wanted);
  acc.table = table ?? acc.table;
  const turned = isTurned(m, state);
  if (request.method === 'CANCEL') {
    if (state.reportCancels && context.invite)
      accounting.answered(context, acc, coreOf(request, undefined, 200, turned), 200);
    return true;
  }
  if (acc.wantsCdr && request.method === 'INVITE' && request.to?.tag === undefined && !keepCall(m, acc))
    return false;
  if (acc.watching || transaction === undefined) return true;
  acc.watching = true;
  const core = (status: number, reply: ScriptMessage['message'] | undefined) =>
    coreOf(request, reply, status, turned);
  context.watch({
    replied: ({ message }) => {
      const early = accounting.params.earlyMedia && message.status < 200 && message.body.length > 0;
      if (early) accounting.answered(context, acc, core(message.status, message), message.status);
    },
    exhausted: (_context, status, reply) => {
      if (request.method === 'INVITE') accounting.missed(acc, core(status, reply));
    },
    answered: (_context, status, reply) => accounting.answered(context, acc, core(status, reply), status),
  });
  return true;
}

/** Has the end of a call accounted; its dialog is made where the script has not done so. */
function keepCall(m: ScriptMessage, acc: AccContext): boolean {
  const { context } = m;
  const { transaction } = context;
  const { dialogs, clock } = m.program.services;
  let dialog = ownDialog(context);
  if (dialog === undefined && transaction !== undefined) {
    dialog = dialogs.create(transaction);
    if (dialog !== undefined) noteMade(context, dialog);
  }
  if (dialog === undefined) return false;
  if (accOfDialog(dialog) === acc) return true;
  keepInDialog(dialog, acc);
  dialog.observe({
    onRequest: ({ request: { method } }) => {
      if (method === 'BYE') acc.endedAt = clock.wallNow();
    },
  });
  return true;
}

function commented(
  m: ScriptMessage,
  state: State,
  backend: Backend,
  comment: string,
  table?: string,
): boolean {
  const core = coreOfComment(m.context.request, comment, isTurned(m, state));
  return state.accounting.comment(backend, core, accOf(m), table);
}

async function start(
  params: AccParameters,
  db: DbUrl | undefined,
  context: ModuleContext,
): Promise<Accounting> {
  let database: Database | undefined;
  if (db !== undefined || context.program.dbDefaultUrl !== undefined) {
    database = await openDatabase(context, 'acc', db);
    const { columns } = params;
    const names = [
      columns.method,
      columns.fromTag,
      columns.toTag,
      columns.callId,
      columns.code,
      columns.reason,
      columns.time,
    ];
    const fields = [...params.extra, ...params.legs].filter(({ backend }) => backend === 'db');
    await requireTable(database, layoutOf('acc', 7, true, names, fields), params.tableAcc);
    await requireTable(database, layoutOf('missed_calls', 5, false, names, fields), params.tableMissed);
  }
  return new Accounting(context, params, database);
}

const fieldsParameter = (describe: string) =>
  parsedParameter<readonly Field[]>(
    [],
    `${describe}: \`log: tag -> name; tag\`. May be given several times.`,
    takeFields,
  );

export const module: ScriptModule = define({
  name: 'acc',
  summary: 'Accounts requests and calls: in the log, in OpenSIPS’s tables, and by events.',
  needs: ['tm'],
  params: {
    early_media: intParameter(0, '1: provisional answers with a body are accounted, too.'),
    report_cancels: intParameter(0, '1: CANCELs are accounted, too.'),
    detect_direction: intParameter(
      0,
      '1: of requests from the callee to the caller From and To change places.',
    ),
    extra_fields: fieldsParameter('What `$acc_extra(tag)` sets, and how a backend names it'),
    leg_fields: fieldsParameter('What `$acc_leg(tag)` sets, and how a backend names it'),
    log_level: intParameter(2, 'The level at which is logged.'),
    log_facility: ignored(
      'text',
      'The facility of syslog.',
      'the log of the server has none; its lines begin with ACC:',
    ),
    aaa_url: ignored('text', 'AAA.', NO_AAA),
    service_type: ignored('int', 'AAA.', NO_AAA),
    db_url: parsedParameter<DbUrl | undefined>(
      undefined,
      'Where the tables are; nothing is written to tables without.',
      (given) => {
        const url = DbUrl.parse(String(given));
        if (url === undefined && given !== '')
          return { ok: false, problem: `${JSON.stringify(given)} is no database URL` };
        return { ok: true, value: url };
      },
    ),
    db_table_acc: textParameter('acc', 'The table of what was answered.'),
    db_table_missed_calls: textParameter('missed_calls', 'The table of calls that were not.'),
    db_table_avp: ignored('text', 'Another table.', 'the third argument of do_accounting names it'),
    acc_method_column: textParameter('method', 'A column.'),
    acc_from_tag_column: textParameter('from_tag', 'A column.'),
    acc_to_tag_column: textParameter('to_tag', 'A column.'),
    acc_callid_column: textParameter('callid', 'A column.'),
    acc_sip_code_column: textParameter('sip_code', 'A column.'),
    acc_sip_reason_column: textParameter('sip_reason', 'A column.'),
    acc_time_column: textParameter('time', 'A column.'),
  },
  start: async (params, context) => ({
    accounting: await start(
      {
        earlyMedia: params.early_media !== 0,
        extra: params.extra_fields,
        legs: params.leg_fields,
        level: logLevel(params.log_level),
        columns: {
          method: params.acc_method_column,
          fromTag: params.acc_from_tag_column,
          toTag: params.acc_to_tag_column,
          callId: params.acc_callid_column,
          code: params.acc_sip_code_column,
          reason: params.acc_sip_reason_column,
          time: params.acc_time_column,
        },
        tableAcc: params.db_table_acc,
        tableMissed: params.db_table_missed_calls,
      },
      params.db_url,
      context,
    ),
    detectDirection: params.detect_direction !== 0,
    reportCancels: params.report_cancels !== 0,
  }),
  functions: {
    do_accounting: fn({
      args: [
        parsed('type', backends, '`log`, `db`, `evi`, with `|` between'),
        optional(parsed('flags', flags, '`cdr`, `missed`, `failed`, with `|` between')),
        optional(text('table')),
      ],
      routes: ACCOUNTING,
      describe:
        'Accounts the request when it has its answer; with `cdr` the call when it has ended, with `missed` calls that fail, with `failed` negative answers.',
      run: (m, state, kinds, wanted, table) => account(m, state, kinds, wanted ?? [], table),
    }),
    drop_accounting: fn({
      args: [optional(parsed('type', backends)), optional(parsed('flags', flags))],
      routes: ACCOUNTING,
      describe: 'Takes back what do_accounting has said: all, a type, or flags of it.',
      run: (m, _state, kinds, wanted) => {
        const acc = accOf(m);
        acc?.drop(kinds ?? BACKENDS, wanted ?? []);
        return acc !== undefined;
      },
    }),
    acc_log_request: fn({
      args: [text('comment', 'as `404 Not Found`')],
      routes: ACCOUNTING,
      describe: 'Logs the request at once.',
      run: (m, state, comment) => commented(m, state, 'log', comment),
    }),
    acc_db_request: fn({
      args: [text('comment', 'as `404 Not Found`'), text('table')],
      routes: ACCOUNTING,
      describe: 'Writes the request into a table at once.',
      returns: '1; -1: there is no database, or it took nothing.',
      run: (m, state, comment, table) => commented(m, state, 'db', comment, table),
    }),
    acc_evi_request: fn({
      args: [text('comment', 'as `404 Not Found`')],
      routes: ACCOUNTING,
      describe: 'Raises an event for the request at once.',
      run: (m, state, comment) => commented(m, state, 'evi', comment),
    }),
    acc_new_leg: fn({
      args: [],
      routes: ACCOUNTING,
      describe: 'Begins another set of `$acc_leg(…)`.',
      run: (m, { accounting }) => accounting.params.legs.length > 0 && legsOf(m).newLeg(),
    }),
    acc_load_ctx_from_dlg: fn({
      args: [],
      routes: ANY,
      describe: 'Has `$acc_extra(…)` and `$acc_leg(…)` mean those of the loaded dialog.',
      run: (m) => {
        const dialog = currentDialog(m);
        const acc = dialog && accOfDialog(dialog);
        if (acc === undefined || m.context.get(OF_LOADED) !== undefined) return false;
        m.context.set(OF_LOADED, acc);
        return true;
      },
    }),
    acc_unload_ctx_from_dlg: fn({
      args: [],
      routes: ANY,
      describe: 'Ends what acc_load_ctx_from_dlg began.',
      run: (m) => {
        if (m.context.get(OF_LOADED) === undefined) return false;
        m.context.set(OF_LOADED, undefined);
        return true;
      },
    }),
  },
  variables: {
    acc_extra: variable({
      describe: 'A value that is accounted, by its tag in extra_fields.',
      inner: 'name',
      read: (m, _state, tag) => accOf(m)?.extra.get(tag) ?? null,
      write: (m, { accounting }, value, tag) => {
        if (!accounting.params.extra.some((it) => it.tag === tag)) return false;
        return put(m, accFor(m, false), (acc) => acc.extra, tag, textOf(value));
      },
    }),
    acc_leg: variable({
      describe: 'A value of one leg of the call, by its tag in leg_fields: of the last one, or by index.',
      inner: 'name',
      indexed: true,
      read: (m, _state, tag, index) =>
        accOf(m)
          ?.legs.at(typeof index === 'number' ? index : -1)
          ?.get(tag) ?? null,
      write: (m, { accounting }, value, tag, index) => {
        const leg = legsOf(m).legs.at(typeof index === 'number' ? index : -1);
        if (leg === undefined || !accounting.params.legs.some((it) => it.tag === tag)) return false;
        return put(m, legsOf(m), () => leg, tag, textOf(value));
      },
    }),
    acc_current_leg: variable({
      describe: 'The index of the last leg, from 0.',
      read: (m) => {
        const acc = accOf(m);
        return acc === undefined ? null : Math.max(0, acc.legs.length - 1);
      },
    }),
  },
  events: {
    E_ACC_CDR: {
      describe: 'A call has ended that was to be accounted; with the extra fields and those of its legs.',
      params: [
        'method',
        'from_tag',
        'to_tag',
        'callid',
        'sip_code',
        'sip_reason',
        'time',
        'duration',
        'ms_duration',
        'setuptime',
        'created',
      ],
    },
    E_ACC_EVENT: {
      describe: 'A request was answered with 2xx; with the extra fields.',
      params: ['method', 'from_tag', 'to_tag', 'callid', 'sip_code', 'sip_reason', 'time'],
    },
    E_ACC_MISSED_EVENT: {
      describe: 'A request has failed; with the extra fields.',
      params: ['method', 'from_tag', 'to_tag', 'callid', 'sip_code', 'sip_reason', 'time'],
    },
  },
  missing: { acc_aaa_request: NO_AAA },
});

/** The context whose legs are meant; the first leg is there from the beginning. */
function legsOf(m: ScriptMessage): AccContext {
  const acc = accFor(m, false);
  if (acc.legs.length === 0) acc.newLeg();
  return acc;
}

function put(
  m: ScriptMessage,
  acc: AccContext,
  where: (acc: AccContext) => Map<string, string>,
  tag: string,
  value: string | undefined,
): boolean {
  if (value === undefined) where(acc).delete(tag);
  else where(acc).set(tag, value);
  const dialog = currentDialog(m);
  if (dialog !== undefined && accOfDialog(dialog) === acc) keepInDialog(dialog, acc);
  return true;
}

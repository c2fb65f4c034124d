import type { Dialog } from '../../../../core/dialog/dialog.ts';
import type { DialogEvent } from '../../../../core/dialog/dialog-observer.ts';
import type { SipMessage } from '../../../../wire/sip/message.ts';
import { reasonPhrase } from '../../../../wire/sip/reason-phrase.ts';
import type { Database, DbInput } from '../../db/database.ts';
import type { ModuleContext } from '../../runtime/module-context.ts';
import type { RequestContext } from '../../runtime/request-context.ts';
import type { Value } from '../../value.ts';
import { type AccContext, accOfDialog, type CallCore, keepInDialog } from './acc-context.ts';
import type { Backend, Field } from './fields.ts';

/** Names of the columns as the script has them. */
export interface AccColumns {
  readonly method: string;
  readonly fromTag: string;
  readonly toTag: string;
  readonly callId: string;
  readonly code: string;
  readonly reason: string;
  readonly time: string;
}

/** What the module was told. */
export interface AccParameters {
  readonly earlyMedia: boolean;
  readonly extra: readonly Field[];
  readonly legs: readonly Field[];
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly columns: AccColumns;
  readonly tableAcc: string;
  readonly tableMissed: string;
}

/** One line, row or event: what happened, and what of it is told besides. */
interface Report {
  readonly core: CallCore;
  /** In ms since 1970. */
  readonly time: number;
  readonly acc: AccContext | undefined;
}

/** Writes down what became of requests and calls. */
export class Accounting implements AsyncDisposable {
  readonly params: AccParameters;
  readonly #context: ModuleContext;
  readonly #database: Database | undefined;
  readonly #leave: () => void;

  constructor(context: ModuleContext, params: AccParameters, database: Database | undefined) {
    this.#context = context;
    this.params = params;
    this.#database = database;
    this.#leave = context.services.dialogs.observe({ onEvent: (dialog, event) => this.#hear(dialog, event) });
  }

  get hasDatabase(): boolean {
    return this.#database !== undefined;
  }

  get now(): number {
    return this.#context.services.clock.wallNow();
  }

  /** Accounts a request at once, as its comment says. @param backend with the table for `db` */
  comment(backend: Backend, core: CallCore, acc: AccContext | undefined, table?: string): boolean {
    const report: Report = { core, time: this.now, acc };
    if (backend === 'log') this.#log('request accounted', report);
    else if (backend === 'evi')
      this.#raise(core.code < '300' && core.code !== '' ? 'E_ACC_EVENT' : 'E_ACC_MISSED_EVENT', report);
    else return this.#insert(table!, report, {});
    return true;
  }

  /** An answer to a request was passed on. */
  answered(context: RequestContext, acc: AccContext, core: CallCore, status: number): void {
    const { request } = context;
    const initial = request.method === 'INVITE' && request.to?.tag === undefined;
    if (request.method === 'INVITE' && status >= 300) this.missed(acc, core);
    const cdr = initial && acc.wantsCdr && status >= 200 && status < 300;
    if (cdr) {
      acc.core = core;
      acc.answeredAt = this.now;
      const dialog = this.#context.services.dialogs
        .ofCall(request.callId)
        .find((it) => accOfDialog(it) === acc);
      if (dialog !== undefined) {
        keepInDialog(dialog, acc);
        return;
      }
    }
    const report: Report = { core, time: acc.createdAt, acc };
    for (const backend of acc.wanted.keys()) {
      if (status >= 300 && !acc.wants(backend, 'failed')) continue;
      if (backend === 'log') this.#log('transaction answered', report);
      else if (backend === 'evi') this.#raise(status < 300 ? 'E_ACC_EVENT' : 'E_ACC_MISSED_EVENT', report);
      else this.#insert(acc.table ?? this.params.tableAcc, report, this.#times(acc, true));
    }
  }

  /** A call has failed: told once, until the script wants it again. */
  missed(acc: AccContext, core: CallCore): void {
    const report: Report = { core, time: acc.createdAt, acc };
    for (const [backend, flags] of acc.wanted) {
      if (!flags.delete('missed')) continue;
      if (backend === 'log') this.#log('call missed', report);
      else if (backend === 'evi') this.#raise('E_ACC_MISSED_EVENT', report);
      else this.#insert(this.params.tableMissed, report, this.#times(acc, false));
    }
  }

  #hear(dialog: Dialog, { kind }: DialogEvent): void {
    if (kind !== 'ended') return;
    const acc = accOfDialog(dialog);
    if (acc === undefined || acc.reported || acc.core === undefined || !acc.wantsCdr) return;
    acc.reported = true;
    const ended = acc.endedAt || this.now;
    const ms = Math.max(0, ended - acc.answeredAt);
    const duration = Math.ceil(ms / 1000);
    const setup = seconds(acc.answeredAt) - seconds(acc.createdAt);
    const report: Report = { core: acc.core, time: acc.answeredAt, acc };
    const times = { duration, ms_duration: ms, setuptime: setup, created: seconds(acc.createdAt) };
    for (const backend of acc.wanted.keys()) {
      if (backend === 'log') {
        this.#line(
          `ACC: call ended: created=${times.created};call_start_time=${seconds(acc.answeredAt)};duration=${duration};ms_duration=${ms};setuptime=${setup}${this.#pairs(report)}`,
          report,
        );
      } else if (backend === 'evi') this.#raise('E_ACC_CDR', report, times);
      else
        this.#insert(acc.table ?? this.params.tableAcc, report, {
          ...times,
          created: new Date(acc.createdAt),
        });
    }
  }

  #times(acc: AccContext, durations: boolean): Record<string, DbInput> {
    return {
      setuptime: seconds(this.now) - seconds(acc.createdAt),
      created: new Date(acc.createdAt),
      ...(durations && { duration: 0, ms_duration: 0 }),
    };
  }

  #log(what: string, report: Report): void {
    const { acc, time } = report;
    const times =
      acc === undefined
        ? ''
        : `;created=${seconds(acc.createdAt)};setuptime=${seconds(this.now) - seconds(acc.createdAt)}`;
    this.#line(`ACC: ${what}: timestamp=${seconds(time)}${times}${this.#pairs(report)}`, report);
  }

  #line(text: string, { core }: Report): void {
    this.#context.log(this.params.level, text, core.callId);
  }

  #pairs({ core, acc }: Report): string {
    const pairs: [string, string][] = [
      ['method', core.method],
      ['from_tag', core.fromTag],
      ['to_tag', core.toTag],
      ['call_id', core.callId],
      ['code', core.code],
      ['reason', core.reason],
    ];
    if (acc !== undefined) {
      for (const { name, tag } of this.#fields('extra', 'log')) pairs.push([name, acc.extra.get(tag) ?? '']);
      for (const leg of acc.legs) {
        for (const { name, tag } of this.#fields('legs', 'log')) pairs.push([name, leg.get(tag) ?? '']);
      }
    }
    return pairs.map(([name, value]) => `;${name}=${value}`).join('');
  }

  *#fields(kind: 'extra' | 'legs', backend: Backend): Generator<Field> {
    for (const field of this.params[kind]) if (field.backend === backend) yield field;
  }

  /** The values of each leg by their names; one set without any where there are no legs. */
  *#legSets(acc: AccContext | undefined, backend: Backend): Generator<Record<string, string | null>> {
    const fields = [...this.#fields('legs', backend)];
    const legs = fields.length === 0 || acc === undefined ? [] : acc.legs;
    if (legs.length === 0) yield {};
    for (const leg of legs)
      yield Object.fromEntries(fields.map(({ name, tag }) => [name, leg.get(tag) ?? null]));
  }

  #extraOf(acc: AccContext | undefined, backend: Backend): Record<string, string | null> {
    if (acc === undefined) return {};
    return Object.fromEntries(
      [...this.#fields('extra', backend)].map(({ name, tag }) => [name, acc.extra.get(tag) ?? null]),
    );
  }

  #raise(event: string, { core, time, acc }: Report, more: Record<string, Value> = {}): void {
    for (const leg of this.#legSets(acc, 'evi')) {
      this.#context.raise(event, {
        method: core.method,
        from_tag: core.fromTag,
        to_tag: core.toTag,
        callid: core.callId,
        sip_code: core.code,
        sip_reason: core.reason,
        time: seconds(time),
        ...this.#extraOf(acc, 'evi'),
        ...leg,
        ...more,
      });
    }
  }

  /** @returns false where it could not be begun; what fails later is told */
  #insert(table: string, { core, time, acc }: Report, more: Record<string, DbInput>): boolean {
    const database = this.#database;
    if (database === undefined) return false;
    const { columns } = this.params;
    const failed = (fault: unknown): boolean => {
      this.#context.log(
        'error',
        `acc: ${fault instanceof Error ? fault.message : String(fault)}`,
        core.callId,
      );
      return false;
    };
    try {
      for (const leg of this.#legSets(acc, 'db')) {
        const written = database.insert(table, {
          [columns.method]: core.method,
          [columns.fromTag]: core.fromTag,
          [columns.toTag]: core.toTag,
          [columns.callId]: core.callId,
          [columns.code]: core.code,
          [columns.reason]: core.reason,
          [columns.time]: new Date(time),
          ...this.#extraOf(acc, 'db'),
          ...leg,
          ...more,
        });
        if (written instanceof Promise) written.catch(failed);
      }
      return true;
    } catch (fault) {
      return failed(fault);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave();
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}

/** What is accounted of a request and its answer. @param upstream From and To change places */
export function coreOf(
  request: SipMessage,
  reply: SipMessage | undefined,
  status: number,
  upstream: boolean,
): CallCore {
  const from = request.from?.tag ?? '';
  const to = reply?.to?.tag ?? request.to?.tag ?? '';
  return {
    method: request.method,
    fromTag: upstream ? to : from,
    toTag: upstream ? from : to,
    callId: request.callId,
    code: String(status),
    reason: reply?.reason ?? reasonPhrase(status),
  };
}

/** As {@link coreOf}, for a comment as `404 Not Found`. */
export function coreOfComment(request: SipMessage, comment: string, upstream: boolean): CallCore {
  const match = /^([1-6]\d\d)(?:\s+(.*))?$/s.exec(comment.trim());
  const core = coreOf(request, undefined, match ? Number(match[1]) : 0, upstream);
  if (!match) return { ...core, code: '', reason: comment };
  return match[2] ? { ...core, reason: match[2] } : core;
}

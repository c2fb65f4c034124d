import { WheelTimer } from '../../base/timer-wheel.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { reasonPhrase } from '../../wire/sip/reason-phrase.ts';
import { warningValue } from '../front-door/warning.ts';
import { AnswerQueue } from './answer-queue.ts';
import { bestAnswer, type FinalAnswer, otherChallenges } from './best-response.ts';
import { Branch, type BranchUser } from './branch.ts';
import { earlyDialogEnded } from './early-dialog-ended.ts';
import type { ForkOptions, ForkOutcome } from './fork-options.ts';
import { answerBytes, answerEdit } from './forwarded-response.ts';
import { runHook } from './hook.ts';
import { lateOptions } from './late-options.ts';
import { PassingAnswer } from './passing-answer.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import { SIPS_NOT_ALLOWED } from './sips.ts';
import type { Target } from './target.ts';
import type { BranchSetting } from './written-request.ts';

/** Why the other branches are cancelled when one is answered (RFC 3326). */
export const COMPLETED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"';

const NO_GROUPS: readonly (readonly Target[])[] = Object.freeze([]);
const NO_BRANCHES: readonly Branch[] = Object.freeze([]);

/** Whoever forwards requests: told of how each fork ends. */
export interface ResponseContextUser {
  /** Called once: with the 2xx, or when nothing is left to try. `done` is what {@link ResponseContext} was given. */
  settled(context: ResponseContext, outcome: ForkOutcome, done: (outcome: ForkOutcome) => void): void;
  /** Called where an INVITE is answered with a 2xx although the outcome was negative. */
  answeredLate(context: ResponseContext): void;
}

/**
 * The branches of one request and what came back (RFC 3261 §16.7): targets are tried group by group, those of one group
 * together; a 2xx is passed on at once, provisional answers too, and the best of the rest when all have failed.
 */
export class ResponseContext implements BranchUser {
  readonly transaction: ServerTransaction;
  readonly #env: ProxyEnvironment;
  /** Until it is settled. */
  #setting: BranchSetting | undefined;
  /** When it is settled, those that late answers need. */
  #options: ForkOptions;
  readonly #user: ResponseContextUser;
  /** Given away when it is called, with all that it holds. */
  #done: ((outcome: ForkOutcome) => void) | undefined;
  /** Not changed, for they are mostly the caller's own. */
  #groups: readonly (readonly Target[])[];
  /** The next of them. */
  #nextGroup = 0;
  readonly #breadth: number;
  #branches: Branch[] | undefined = undefined;
  #answers: FinalAnswer[] | undefined = undefined;
  /** The branch of each answer that came, for it to be written by when it is passed on. */
  #branchOf: Map<SipMessage, Branch> | undefined;
  #queue: AnswerQueue | undefined;
  #groupTimer: WheelTimer | undefined;
  readonly #firstIndex: number;
  #pending = 0;
  /** Branches are being started or given up: nothing is settled between one and the next. */
  #holding = false;
  #settled = false;
  /** A 2xx has come, and may still be on its way through a hook. */
  #answered = false;
  #cancelled = false;
  #declined = false;
  /** How many targets may still be added. */
  #awaited: number;
  #timedOut = false;

  /**
   * @param firstIndex of its branches
   * @param breadth how many branches may run at once (RFC 5393 §5.3); larger groups are tried piece by piece
   * @param done passed on to {@link ResponseContextUser.settled}
   */
  constructor(
    setting: BranchSetting,
    groups: readonly (readonly Target[])[],
    breadth: number,
    firstIndex: number,
    env: ProxyEnvironment,
    user: ResponseContextUser,
    done: (outcome: ForkOutcome) => void,
  ) {
    this.transaction = setting.transaction;
    this.#setting = setting;
    this.#options = setting.options;
    this.#env = env;
    this.#user = user;
    this.#done = done;
    this.#breadth = breadth;
    this.#firstIndex = firstIndex;
    this.#awaited = setting.options.awaitTargets ?? 0;
    this.#groups = groups.some((group) => group.length > breadth)
      ? groups.flatMap((group) => pieces(group, breadth))
      : groups;
  }

  start(): void {
    this.#settleIfIdle();
  }

  /** The caller gave up: every branch is cancelled, and no other is begun (RFC 3261 §16.10). */
  cancel(reason?: string): void {
    this.#cancelled = true;
    this.#dropGroups();
    this.#cancelBranches(reason);
    this.#settleIfIdle();
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Begins another branch beside those that run. @returns false where the fork is over, or has too many */
  add(target: Target): boolean {
    const over = this.#settled || this.#answered || this.#cancelled || this.#declined;
    if (over || this.#begun >= this.#env.settings.maxBranches) return false;
    if (this.#awaited > 0) this.#awaited--;
    this.#branch(target, this.#breadth).start();
    return true;
  }

  provisional(branch: Branch, response: SipMessage): void {
    if (this.#options.restartTimeout && this.#groupTimer?.armed) this.#armGroupTimer();
    if (!this.#settled && !this.#answered) this.#pass(branch, response);
  }

  success(branch: Branch, response: SipMessage, late: boolean): void {
    if (!late) this.#pending--;
    const settled = this.#settled;
    // Every 2xx to an INVITE goes back, late ones too: the caller must end the dialogs it does not want.
    if ((settled || this.#answered) && this.transaction.request.method !== 'INVITE') return;
    this.#answered = true;
    this.#dropGroups();
    this.#stopTimer();
    this.#pass(branch, response);
    if (settled) this.#user.answeredLate(this);
    this.#cancelBranches(COMPLETED_ELSEWHERE);
  }

  failure(branch: Branch, answer: FinalAnswer): void {
    if (this.#tryOtherFlow(branch)) return;
    if (this.#answers === undefined) this.#answers = [answer];
    else this.#answers.push(answer);
    if (answer.response) {
      this.#branchOf ??= new Map();
      this.#branchOf.set(answer.response, branch);
    }
    this.#pending--;
    this.#tellFailure(branch, answer);
    if (answer.status >= 600 && !this.#declined) {
      // RFC 3261 §16.7 item 5: nobody else is to be asked.
      this.#declined = true;
      this.#dropGroups();
      this.#cancelBranches();
    }
    if (this.#pending > 0 || this.#hasGroup) earlyDialogEnded(branch, answer.status, this.transaction);
    this.#settleIfIdle();
  }

  /**
   * Passes a negative answer on.
   * @param extra headers to add
   */
  finish(response: SipMessage, extra: readonly HeaderEntry[]): void {
    this.#pass(this.#branchOf!.get(response)!, response, extra);
  }

  /** The branches that were begun, and the index of the next. */
  get branches(): readonly Branch[] {
    return this.#branches ?? NO_BRANCHES;
  }

  get nextIndex(): number {
    return this.#firstIndex + this.#begun;
  }

  #pass(branch: Branch, response: SipMessage, extra: readonly HeaderEntry[] = []): void {
    const { onReply, onReplyWritten } = this.#options;
    if (onReply === undefined && onReplyWritten === undefined) {
      const edit = answerEdit(response, branch, this.transaction);
      const reader = branch.legs?.inbound;
      const bytes = answerBytes(edit, reader, branch, this.transaction, this.#options, this.#env, extra);
      this.#send(bytes, response.status);
      return;
    }
    const { wheel, layer } = this.#env;
    this.#queue ??= new AnswerQueue(onReply, (answer) => this.#passed(answer), wheel, layer.counters);
    this.#queue.push(new PassingAnswer(response, branch, this.transaction, this.#env, extra));
  }

  #passed(answer: PassingAnswer): void {
    if (answer.dropped) return;
    const bytes = answer.toBuffer(this.#options);
    this.#options.onReplyWritten?.(bytes, answer);
    this.#send(bytes, answer.response.status);
  }

  #send(bytes: Buffer, status: number): void {
    this.transaction.forward(bytes, status);
    if (status >= 200 && status < 300) this.#settle({ kind: 'outcome', answered: true, status });
  }

  #tellFailure(branch: Branch, { status, response }: FinalAnswer): void {
    const { onFailure } = this.#options;
    if (onFailure) runHook(onFailure, { branch, status, response }, this.#env.layer.counters);
  }

  get #hasGroup(): boolean {
    return this.#nextGroup < this.#groups.length;
  }

  /** Nothing holds what is not tried any more: the fork lives on for late answers. */
  #dropGroups(): void {
    this.#groups = NO_GROUPS;
    this.#nextGroup = 0;
  }

  /** How many branches were begun. */
  get #begun(): number {
    return this.#branches === undefined ? 0 : this.#branches.length;
  }

  #tryGroup(): void {
    const group = this.#groups[this.#nextGroup++]!;
    if (!this.#hasGroup) this.#dropGroups();
    const first = this.#begun;
    const end = Math.min(first + group.length, this.#env.settings.maxBranches);
    // RFC 5393 §5.3.3: the branches of a fork share what the request may still fork into.
    const share = Math.floor(this.#breadth / Math.max(1, group.length));
    for (let i = first; i < end; i++) this.#branch(group[i - first]!, share);
    this.#armGroupTimer();
    this.#holding = true;
    for (let i = first; i < end; i++) {
      const branch = this.#branches![i]!;
      if (!this.#declined) branch.start();
      else branch.cancel();
    }
    this.#holding = false;
    this.#settleIfIdle();
  }

  #armGroupTimer(): void {
    const { frInvTimeout, timerC } = this.#env.settings;
    const timeout = this.#options.timeoutMs ?? frInvTimeout ?? (this.#awaited > 0 ? timerC : undefined);
    if (timeout === undefined) return;
    this.#groupTimer ??= new WheelTimer(() => this.#groupExpired());
    this.#env.wheel.arm(this.#groupTimer, timeout);
  }

  #branch(target: Target, maxBreadth: number): Branch {
    const branch = new Branch(this.nextIndex, target, this.#setting!, this, this.#env, maxBreadth);
    if (this.#branches === undefined) this.#branches = [branch];
    else this.#branches.push(branch);
    this.#pending++;
    return branch;
  }

  /** RFC 5626 §5.3: where nothing is heard on a flow, the next older one of the same instance takes its place. */
  #tryOtherFlow(failed: Branch): boolean {
    const [next, ...otherFlows] = failed.target.otherFlows ?? [];
    if (!next || !failed.unheard || failed.cancelled || this.#declined || this.#answered) return false;
    if (this.#begun >= this.#env.settings.maxBranches) return false;
    const branch = this.#branch({ ...next, otherFlows }, failed.maxBreadth);
    this.#pending--;
    branch.start();
    return true;
  }

  #groupExpired(): void {
    this.#timedOut = true;
    this.#awaited = 0;
    this.#holding = true;
    for (const branch of this.branches) branch.giveUp();
    this.#holding = false;
    this.#settleIfIdle();
  }

  #cancelBranches(reason?: string): void {
    for (const branch of this.branches) branch.cancel(reason);
  }

  #settleIfIdle(): void {
    if (this.#pending > 0 || this.#holding || this.#settled || this.#answered) return;
    if (this.transaction.state === 'terminated') this.#dropGroups();
    if (this.#hasGroup) {
      this.#stopTimer();
      this.#tryGroup();
      return;
    }
    if (this.#awaited > 0 && !this.#cancelled && !this.#declined) {
      if (!this.#groupTimer) this.#armGroupTimer();
      return;
    }
    this.#settle(this.#negative());
  }

  #negative(): ForkOutcome {
    const answers = this.#answers ?? [];
    const best = bestAnswer(answers) ?? { status: 480, response: undefined };
    const status = this.#cancelled ? 487 : this.#timedOut && !best.response ? 408 : best.status;
    const response = best.response?.status === status ? best.response : undefined;
    return {
      kind: 'outcome',
      answered: false,
      status,
      reason: response?.reason || reasonPhrase(status),
      cancelled: this.#cancelled,
      timedOut: this.#timedOut,
      response,
      headers: response ? otherChallenges(best, answers) : this.#warning(best, status),
    };
  }

  #warning(best: FinalAnswer, status: number): readonly HeaderEntry[] {
    if (!best.noSecureWay || status !== best.status) return [];
    const { code, text } = SIPS_NOT_ALLOWED;
    return [[H.Warning, warningValue(this.#env.advertise, this.transaction.flow, text, code)]];
  }

  #settle(outcome: ForkOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#setting = undefined;
    this.#options = lateOptions(this.#options);
    this.#stopTimer();
    const done = this.#done!;
    this.#done = undefined;
    this.#user.settled(this, outcome, done);
  }

  #stopTimer(): void {
    if (this.#groupTimer) this.#env.wheel.cancel(this.#groupTimer);
    this.#groupTimer = undefined;
  }
}

/** The latest fork of a transaction. */
export function latestFork({ forwarding }: ServerTransaction): ResponseContext | undefined {
  return forwarding instanceof ResponseContext ? forwarding : undefined;
}

function pieces(group: readonly Target[], size: number): (readonly Target[])[] {
  const out: (readonly Target[])[] = [];
  for (let at = 0; at < group.length; at += size) out.push(group.slice(at, at + size));
  return out;
}

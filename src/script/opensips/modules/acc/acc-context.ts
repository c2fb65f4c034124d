import type { Dialog } from '../../../../core/dialog/dialog.ts';
import { type ContextKey, contextKey } from '../../runtime/context-key.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { currentDialog, LOADED } from '../dialog/current.ts';
import type { AccFlag, Backend } from './fields.ts';

/** Sets of values of one call at the most. */
const MOST_LEGS = 64;

/** What is accounted at the end of a call. */
export interface CallCore {
  readonly method: string;
  readonly fromTag: string;
  readonly toTag: string;
  readonly callId: string;
  readonly code: string;
  readonly reason: string;
}

/** What is to be accounted of a request, or of a whole call. */
export class AccContext {
  /** In ms since 1970. */
  readonly createdAt: number;
  readonly wanted: Map<Backend, Set<AccFlag>> = new Map();
  table: string | undefined;
  readonly extra: Map<string, string> = new Map();
  readonly legs: Map<string, string>[] = [];
  /** Of a call that was answered. */
  core: CallCore | undefined;
  /** When the call was answered, and when its BYE came, in ms since 1970. */
  answeredAt = 0;
  endedAt = 0;
  /** Whether the end of the call was accounted. */
  reported = false;
  /** Whether it hears what becomes of its request. */
  watching = false;

  constructor(createdAt: number) {
    this.createdAt = createdAt;
  }

  wants(backend: Backend, flag?: AccFlag): boolean {
    const flags = this.wanted.get(backend);
    return flags !== undefined && (flag === undefined || flags.has(flag));
  }

  get wantsCdr(): boolean {
    for (const flags of this.wanted.values()) if (flags.has('cdr')) return true;
    return false;
  }

  want(backends: readonly Backend[], flags: readonly AccFlag[]): void {
    for (const backend of backends) {
      const known = this.wanted.get(backend) ?? new Set();
      this.wanted.set(backend, known);
      for (const flag of flags) known.add(flag);
    }
  }

  drop(backends: readonly Backend[], flags: readonly AccFlag[]): void {
    for (const backend of backends) {
      if (flags.length === 0) this.wanted.delete(backend);
      for (const flag of flags) this.wanted.get(backend)?.delete(flag);
    }
  }

  newLeg(): boolean {
    if (this.legs.length >= MOST_LEGS) return false;
    this.legs.push(new Map());
    return true;
  }

  /** For a dialog that outlives the process. */
  toText(): string {
    const { createdAt, table, core, answeredAt } = this;
    return JSON.stringify({
      ...{ createdAt, table, core, answeredAt },
      wanted: [...this.wanted].map(([backend, flags]) => [backend, [...flags]]),
      extra: [...this.extra],
      legs: this.legs.map((leg) => [...leg]),
    });
  }

  static parse(text: string): AccContext | undefined {
    try {
      const found = JSON.parse(text) as {
        createdAt: number;
        table?: string;
        core?: CallCore;
        answeredAt: number;
        wanted: [Backend, AccFlag[]][];
        extra: [string, string][];
        legs: [string, string][][];
      };
      const context = new AccContext(found.createdAt);
      context.table = found.table;
      context.core = found.core;
      context.answeredAt = found.answeredAt;
      for (const [backend, flags] of found.wanted) context.want([backend], flags);
      for (const [tag, value] of found.extra) context.extra.set(tag, value);
      for (const leg of found.legs) context.legs.push(new Map(leg));
      return context;
    } catch {
      return undefined;
    }
  }
}

/** Where it stands among the values of a dialog. */
const KEPT = '_acc';
const OF_DIALOG = new WeakMap<Dialog, AccContext>();
const OF_REQUEST: ContextKey<AccContext> = contextKey('acc');
export const OF_LOADED: ContextKey<AccContext | undefined> = contextKey('loaded acc');

/** What is accounted at the end of a dialog. */
export function accOfDialog(dialog: Dialog): AccContext | undefined {
  const known = OF_DIALOG.get(dialog);
  if (known !== undefined) return known;
  const text = dialog.value(KEPT);
  const read = text === undefined ? undefined : AccContext.parse(text);
  if (read !== undefined) OF_DIALOG.set(dialog, read);
  return read;
}

/** Has a context accounted at the end of a dialog. */
export function keepInDialog(dialog: Dialog, context: AccContext): void {
  OF_DIALOG.set(dialog, context);
  dialog.setValue(KEPT, context.toText());
}

/** The context of the request at hand: the loaded one, its own, or inside a dialog that is accounted that of the dialog. */
export function accOf(m: ScriptMessage): AccContext | undefined {
  const loaded = m.context.get(OF_LOADED) ?? m.context.get(OF_REQUEST);
  if (loaded !== undefined) return loaded;
  if (m.context.get(LOADED) !== undefined) return undefined;
  const dialog = currentDialog(m);
  return dialog && accOfDialog(dialog);
}

/** As {@link accOf}; made where there is none. @param own one that is this request's alone */
export function accFor(m: ScriptMessage, own: boolean): AccContext {
  const known = own ? m.context.get(OF_REQUEST) : accOf(m);
  if (known !== undefined) return known;
  const made = new AccContext(m.program.services.clock.wallNow());
  // What was set before for the whole call holds for a request inside it.
  for (const [tag, value] of accOf(m)?.extra ?? []) made.extra.set(tag, value);
  m.context.set(OF_REQUEST, made);
  return made;
}

import type { DialogOptions } from '../../../../core/dialog/dialog.ts';
import type { HeaderEntry } from '../../../../wire/sip/build.ts';
import { choice, int, optional, parsed, route, text } from '../../frame/argument.ts';
import type { FunctionSpec } from '../../frame/function.ts';
import { moduleParts } from '../../frame/module.ts';
import { ANY, type RouteKinds } from '../../frame/route-kind.ts';
import { type ContextKey, contextKey } from '../../runtime/context-key.ts';
import { headerLines, splitHeader } from '../../runtime/header-lines.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { ROUTE_PARAMS } from '../rr.ts';
import { currentDialog, LOADED, legOf, matchNow, noteMade, ownDialog } from './current.ts';
import { rackOf } from './prack.ts';
import type { ScriptDialogs } from './state.ts';
import { fixRoute, validate } from './validate.ts';
import { CREATE_FLAGS, createFlags, type DialogMoment, type PingMethod } from './wishes.ts';

const { fn } = moduleParts<ScriptDialogs>();

const ARMING: RouteKinds = ['request', 'failure', 'branch', 'onreply'];
export const IN_DIALOG: RouteKinds = [...ARMING, 'local'];

/** What the script has said of a dialog before it was made. */
export interface EarlyWishes {
  timeoutMs?: number;
  readonly pingMs: Partial<Record<PingMethod, number>>;
}

export const EARLY: ContextKey<EarlyWishes> = contextKey('dialog wishes');

function create(m: ScriptMessage, state: ScriptDialogs, flags: number): boolean {
  const { context } = m;
  const { transaction } = context;
  if (transaction === undefined) return false;
  const early = context.get(EARLY);
  const options: DialogOptions = {
    lifetimeMs: early?.timeoutMs ?? state.params.lifetimeMs,
    onExpiry: flags & CREATE_FLAGS['bye-on-timeout'] ? 'bye' : 'forget',
    keepSdp: (flags & (CREATE_FLAGS['reinvite-ping-caller'] | CREATE_FLAGS['reinvite-ping-callee'])) !== 0,
  };
  const known = ownDialog(context);
  const dialog = state.dialogs.create(transaction, known === undefined ? options : {});
  if (dialog === undefined) return false;
  if (known !== undefined && options.onExpiry === 'bye') dialog.onExpiry = 'bye';
  noteMade(context, dialog);
  state.want(dialog, flags);
  for (const method of ['OPTIONS', 'INVITE'] as const) {
    const everyMs = early?.pingMs[method];
    if (everyMs !== undefined) state.setPing(dialog, method, everyMs);
  }
  return true;
}

type MatchMode = 'DID_ONLY' | 'DID_FALLBACK' | 'DID_NONE';

function match(m: ScriptMessage, state: ScriptDialogs, mode: MatchMode | undefined): boolean {
  const byIdAlone = mode === undefined ? state.params.matchByIdAlone : mode === 'DID_ONLY';
  const { routeParam } = state.dialogs.settings;
  if (byIdAlone && !(m.context.get(ROUTE_PARAMS) ?? '').includes(`;${routeParam}=`)) return false;
  return matchNow(m.context) !== undefined;
}

function arming(moment: DialogMoment, when: string): FunctionSpec<ScriptDialogs> {
  return fn({
    args: [optional(route('route_name', 'request'))],
    routes: ARMING,
    describe: `Arms a route that runs when the dialog ${when}, with a message of its own; without a name none.`,
    run: (m, state, name) => {
      const dialog = currentDialog(m);
      if (dialog === undefined) return false;
      state.arm(dialog, moment, name);
      return true;
    },
  });
}

export const dialogFunctions: Readonly<Record<string, FunctionSpec<ScriptDialogs>>> = {
  create_dialog: fn({
    args: [optional(parsed('flags', createFlags, `\`${Object.keys(CREATE_FLAGS).join('`, `')}\``))],
    routes: ['request'],
    describe: 'Has the dialog known that the INVITE makes.',
    returns: '1: it is, now or before; -1: no INVITE that makes one, or no room.',
    run: (m, state, flags) => create(m, state, flags ?? 0),
  }),
  match_dialog: fn({
    args: [optional(choice('dlg_match_mode', ['DID_ONLY', 'DID_FALLBACK', 'DID_NONE']))],
    routes: ['request'],
    describe:
      'Finds the dialog of a request inside one, which loose_route does by itself. Call-ID and tags must be those of the dialog in every mode.',
    run: (m, state, mode) => match(m, state, mode),
  }),
  validate_dialog: fn({
    args: [],
    routes: ['request'],
    describe: 'Whether CSeq, target and route set of a request are those of its dialog.',
    returns: '1; -1: CSeq; -2: target; -3: route set; -4: there is no dialog.',
    run: (m) => {
      const found = matchNow(m.context);
      return found === undefined ? -4 : validate(m, found);
    },
  }),
  fix_route_dialog: fn({
    args: [],
    routes: ['request'],
    describe: 'Gives a request the target and the route set of its dialog.',
    run: (m) => {
      const found = matchNow(m.context);
      if (found === undefined) return false;
      fixRoute(m, found);
      return true;
    },
  }),
  load_dialog_ctx: fn({
    args: [text('dialog'), optional(choice('id_type', ['callid', 'did'])), optional(int('active_only'))],
    routes: ANY,
    describe: 'Has all that follows work on another dialog, until unload_dialog_ctx.',
    returns: '1; -1: there is none, or one is loaded.',
    run: (m, state, id, type, active) => {
      if (m.context.get(LOADED) !== undefined) return false;
      const dialog = state.find(id, type ?? 'callid');
      if (dialog === undefined || (active !== undefined && active !== 0 && dialog.ended)) return false;
      m.context.set(LOADED, dialog);
      return true;
    },
  }),
  unload_dialog_ctx: fn({
    args: [],
    routes: ANY,
    describe: 'Ends what load_dialog_ctx began.',
    run: (m) => {
      if (m.context.get(LOADED) === undefined) return false;
      m.context.set(LOADED, undefined);
      return true;
    },
  }),
  dlg_on_answer: arming('answer', 'is answered'),
  dlg_on_timeout: arming('timeout', 'has lasted too long, and may prolong it by $DLG_timeout'),
  dlg_on_hangup: arming('hangup', 'has ended'),
  dlg_send_sequential: fn({
    args: [
      text('method'),
      choice('leg', ['caller', 'callee']),
      optional(text('body')),
      optional(text('content_type')),
      optional(text('headers')),
    ],
    routes: ANY,
    describe:
      'Sends a request inside the dialog to one party, in the name of the other; the script goes on. A PRACK without RAck acknowledges the reply at hand.',
    run: (m, state, method, leg, body, type, headers) => {
      const dialog = currentDialog(m);
      const lines = headers === undefined ? [] : headerLines(headers);
      if (dialog === undefined || dialog.ended || lines === undefined || !/^[A-Za-z]+$/.test(method))
        return false;
      const written: HeaderEntry[] = lines.map(splitHeader);
      if (type !== undefined) written.push(['Content-Type', type]);
      const asked = written.some(([name]) => String(name).toLowerCase() === 'rack');
      if (method === 'PRACK' && !asked) {
        const rack = rackOf(m.message);
        if (rack === undefined) return false;
        written.push(['RAck', rack]);
      }
      const send = () =>
        void state.dialogs.send(dialog, leg, {
          method,
          headers: written,
          ...(body !== undefined && { body: Buffer.from(body, 'latin1') }),
        });
      if (legOf(dialog, leg) !== undefined) send();
      // Reply routes run before the dialog learns who has answered.
      else if (m.route === 'onreply') queueMicrotask(send);
      else return false;
      return true;
    },
  }),
  dlg_inc_cseq: fn({
    args: [optional(text('tag')), optional(int('inc'))],
    routes: IN_DIALOG,
    describe:
      'Raises the CSeq of what is sent to the party with that tag: the To tag of the request by default.',
    run: (m, _state, tag, inc) => {
      const dialog = currentDialog(m);
      const wanted = tag ?? m.message.to?.tag;
      if (dialog === undefined || wanted === undefined) return false;
      const leg = dialog.caller.tag === wanted ? dialog.caller : dialog.calleeOf(wanted);
      if (leg === undefined) return false;
      leg.cseq.sent = Math.max(0, Math.min(leg.cseq.sent + (inc ?? 1), 2 ** 31 - 1));
      return true;
    },
  }),
};

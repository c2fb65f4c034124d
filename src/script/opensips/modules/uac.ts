import type { SipMessage } from '../../../wire/sip/message.ts';
import { paramValue } from '../../../wire/sip/params.ts';
import { int, optional, parsed, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, parsedParameter, textParameter } from '../frame/parameter.ts';
import type { RouteKinds } from '../frame/route-kind.ts';
import { type ContextKey, contextKey } from '../runtime/context-key.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { algorithmList, type NamedAlgorithm } from './auth/algorithms.ts';
import { ownDialog } from './dialog/current.ts';
import { hearRoutes, isDownstream, ROUTE_PARAMS } from './rr.ts';
import { answerHeader, answerTo, findChallenge } from './uac/answer-challenge.ts';
import { type RestoreSettings, replace, restore, type Which } from './uac/replace.ts';
import { credentialFor, type UacAuthState, module as uacAuth } from './uac_auth.ts';

interface State {
  readonly restore: RestoreSettings;
  readonly auth: UacAuthState | undefined;
}

const { fn, define } = moduleParts<State>();
const REPLACING: RouteKinds = ['request', 'branch', 'failure'];

/** Tells in Record-Route how much the numbers of CSeq are raised. */
const CSEQ_PARAM = 'aci';

/** The answers to challenges that a request carries, by header and realm. */
const ANSWERS: ContextKey<Map<string, readonly [header: number, value: string]>> = contextKey('uac answers');

function replaceFunction(which: Which) {
  return fn({
    args: [optional(text('display')), optional(text('uri'))],
    routes: REPLACING,
    describe: `Puts another name or URI into ${which === 'from' ? 'From' : 'To'}; of one argument it is the URI.`,
    run: (m, state, first, second) => {
      // With one argument older scripts mean the URI.
      const [display, uri] =
        second === undefined && first?.includes(':') ? [undefined, first] : [first, second];
      return replace(m, state.restore, which, display, uri ?? '');
    },
  });
}

function restoreFunction(which: Which) {
  return fn({
    args: [],
    routes: ['request'],
    describe: `Puts ${which === 'from' ? 'From' : 'To'} back in a request inside a dialog, where restore_mode is manual.`,
    run: (m, state) => restore(m, state.restore, which, m.context.get(ROUTE_PARAMS) ?? ''),
  });
}

/** Answers the challenge that the branch has failed with. */
function authenticate(m: ScriptMessage, { auth }: State, wanted: readonly NamedAlgorithm[]): boolean {
  const { context } = m;
  const { reply, request } = context;
  const status = context.replyStatus;
  const refuse = (why: string): false => {
    m.program.log('debug', `uac_auth: ${why}`, request.callId);
    return false;
  };
  if (reply === undefined || (status !== 401 && status !== 407)) return refuse('there is no challenge');
  const challenge = findChallenge(reply, wanted);
  if (challenge === undefined) return refuse('no challenge has an algorithm that is wanted');
  const credential = auth && credentialFor(m, auth, challenge.realm);
  if (credential === undefined) return refuse(`there are no credentials for ${challenge.realm}`);
  const value = answerTo(challenge, credential, {
    method: request.method,
    uri: m.target.uri,
    body: m.changes.bodyOf(request) ?? Buffer.alloc(0),
    cnonce: m.program.services.ids.token(16),
  });
  keepAnswer(m, answerHeader(status), challenge.realm, value);
  raise(m, 1);
  return true;
}

/** Adds an answer to the request, in place of an earlier one for the same realm. */
function keepAnswer(m: ScriptMessage, header: number, realm: string, value: string): void {
  const { context } = m;
  let answers = context.get(ANSWERS);
  if (answers === undefined) {
    answers = new Map();
    context.set(ANSWERS, answers);
    const kept = answers;
    m.changes.add((edit) => {
      for (const [id, text] of kept.values()) edit.append(id, text);
    });
  }
  answers.set(`${header}:${realm}`, [header, value]);
}

/** Raises the number of CSeq, and sees that the rest of the dialog follows. */
function raise(m: ScriptMessage, by: number): void {
  const { context } = m;
  context.cseqRaise += by;
  const initial = context.request.to?.tag === undefined;
  if (!initial || ownDialog(context) !== undefined) return;
  const rest = context.recordRouteParams.replace(new RegExp(`;${CSEQ_PARAM}=\\d+`), '');
  context.recordRouteParams = `${rest};${CSEQ_PARAM}=${context.cseqRaise}`;
}

/** A request inside a dialog whose first one was sent with a higher number. */
function follow(m: ScriptMessage, settings: RestoreSettings, params: string): void {
  if (settings.mode === 'auto') {
    restore(m, settings, 'from', params);
    restore(m, settings, 'to', params);
  }
  const raised = Number(paramValue(params, CSEQ_PARAM) ?? 0);
  if (!Number.isInteger(raised) || raised <= 0 || raised > 100 || !isDownstream(m)) return;
  m.context.cseqRaise = raised;
  const { request } = m.context;
  const rack = raisedRack(request, raised);
  if (rack !== undefined) m.changes.add((edit) => void edit.replaceValue(rack.line, rack.value));
}

/** RFC 3262 §7.2: a PRACK names its INVITE by the number that the callee knows. */
function raisedRack(request: SipMessage, by: number): { line: number; value: string } | undefined {
  const line = request.method === 'PRACK' ? request.findNamed('RAck') : -1;
  if (line < 0) return undefined;
  const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s*$/.exec(request.valueAt(line));
  return match ? { line, value: `${match[1]} ${Number(match[2]) + by} ${match[3]}` } : undefined;
}

function start(settings: RestoreSettings, context: ModuleContext): State {
  const heard = hearRoutes(context, (m, params) => follow(m, settings, params));
  if (!heard && settings.mode !== 'none') {
    context.log('warn', 'uac: without the module rr nothing is restored in the rest of a dialog');
  }
  return { restore: settings, auth: context.stateOf<UacAuthState>(uacAuth) };
}

export const module: ScriptModule = define({
  name: 'uac',
  summary: 'Answers challenges for callers, and shows other identities in From and To.',
  needs: ['tm'],
  uses: ['uac_auth', 'rr'],
  params: {
    restore_mode: parsedParameter<RestoreSettings['mode']>(
      'auto',
      '`auto`: answers, and requests in the rest of the dialog, have From and To as their reader knows them; `manual`: answers have; `none`.',
      (given) =>
        given === 'none' || given === 'manual' || given === 'auto'
          ? { ok: true, value: given }
          : { ok: false, problem: `there is no mode ${given}`, hint: 'write "none", "manual" or "auto"' },
      'auto',
    ),
    restore_passwd: textParameter('', 'Hides what Record-Route keeps.'),
    rr_from_store_param: textParameter('vsf', 'The parameter of Record-Route for From.'),
    rr_to_store_param: textParameter('vst', 'The parameter of Record-Route for To.'),
    force_dialog: ignored('int', 'Makes a dialog to keep them in.', 'Record-Route keeps them'),
  },
  start: (params, context) => {
    const { restore_mode: mode, restore_passwd: secret } = params;
    const names = { from: params.rr_from_store_param, to: params.rr_to_store_param };
    return start({ mode, secret, params: names }, context);
  },
  functions: {
    uac_replace_from: replaceFunction('from'),
    uac_replace_to: replaceFunction('to'),
    uac_restore_from: restoreFunction('from'),
    uac_restore_to: restoreFunction('to'),
    uac_auth: fn({
      args: [
        optional(parsed('algorithms', algorithmList, 'several with commas between; any where left out')),
      ],
      routes: ['failure'],
      describe:
        'Answers the 401 or 407 that a branch has failed with, by the credentials of uac_auth; `t_relay()` sends the request again.',
      returns: '1; -1: there is no challenge, or there are no credentials for it.',
      run: (m, state, algorithms) => authenticate(m, state, algorithms ?? []),
    }),
    uac_inc_cseq: fn({
      args: [int('cseq', { least: 1, most: 100 })],
      routes: REPLACING,
      describe:
        'Raises the number of CSeq of the request that goes out; its answers have the one that it came with.',
      run: (m, _state, by) => {
        m.context.cseqRaise += by;
        return true;
      },
    }),
  },
  notes:
    'Where the request was recorded (`record_route`) or its dialog is kept (`create_dialog`), the numbers of CSeq of the whole dialog follow.',
});

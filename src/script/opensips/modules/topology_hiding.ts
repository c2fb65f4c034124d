import type { Dialog } from '../../../core/dialog/dialog.ts';
import { choice, letters, optional, text } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, listParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { currentDialog, matchNow, noteMade, ownDialog } from './dialog/current.ts';
import { leadTo } from './dialog/validate.ts';
import { hiddenCallId } from './topology_hiding/hidden-call-id.ts';
import { HiddenDialog, type HidingParameters, type HidingWishes } from './topology_hiding/hidden-dialog.ts';
import { DECODED, hideRequest, leadHidden } from './topology_hiding/hidden-request.ts';

interface State {
  readonly context: ModuleContext;
  readonly params: HidingParameters;
  /** Makes the Call-ID that a callee is shown. */
  readonly hideCallId: (callId: string) => string;
  readonly forceDialog: boolean;
  readonly loopProtection: boolean;
  /** Parameters of Contacts: the one that is written, and others that are read. */
  readonly encodeParam: string;
  readonly knownParams: readonly string[];
}

const { fn, variable, define } = moduleParts<State>();

/** Where the wishes of a call stand among the values of its dialog. */
const KEPT = '_th_flags';

const FLAGS = {
  U: 'the user of each Contact is passed on',
  C: 'the callee is shown another Call-ID (with a dialog)',
  D: 'the id of the dialog stands in the user of the Contact',
  a: 'the Contact that the caller was shown stays',
  A: 'the Contact that the callee was shown stays',
};

/** Dialogs that are hidden already, whatever script began it. */
const HIDDEN = new WeakSet<Dialog>();

function observe(
  { context, params }: Pick<State, 'context' | 'params'>,
  dialog: Dialog,
  wishes: HidingWishes,
): void {
  if (HIDDEN.has(dialog)) return;
  HIDDEN.add(dialog);
  const { advertise, dialogs } = context.services;
  const { routeParam } = dialogs.settings;
  dialog.observe(new HiddenDialog(advertise, routeParam, wishes, params));
  // Its id stands in Contacts, as it stands in Routes of other dialogs.
  dialog.printed = !wishes.flags.includes('D') && routeParam !== '';
}

/** `user`, `/caller`, `//callee`, `/caller/callee` */
function usersOf(given: string | undefined): readonly [caller?: string, callee?: string] {
  if (given === undefined || given === '') return [];
  if (!given.startsWith('/')) return [given, given];
  const [, caller = '', callee = ''] = given.split('/');
  return [caller || undefined, callee || undefined] as [string?, string?];
}

function hide(m: ScriptMessage, state: State, flags: string, given: string | undefined): boolean {
  const { context } = m;
  const { transaction } = context;
  if (!m.isRequest || context.request.to?.tag !== undefined) return false;
  const users = usersOf(given);
  let dialog = ownDialog(context);
  if (dialog === undefined && state.forceDialog && transaction !== undefined) {
    dialog = m.program.services.dialogs.create(transaction);
    if (dialog !== undefined) noteMade(context, dialog);
  }
  if (dialog === undefined) {
    const { passed, trusted } = state.params;
    hideRequest(
      m,
      { param: state.encodeParam, passed, trusted },
      flags.includes('U') && given === undefined ? 'pass' : users,
    );
    return true;
  }
  dialog.setValue(KEPT, flags);
  const { callerUser, calleeUser } = state.params;
  if (users[0] !== undefined) dialog.setValue(callerUser, users[0]);
  if (users[1] !== undefined) dialog.setValue(calleeUser, users[1]);
  observe(state, dialog, { flags });
  if (flags.includes('C') && dialog.calleeCallId === undefined) {
    m.program.services.dialogs.hideCallId(
      dialog,
      state.hideCallId(state.loopProtection ? `${dialog.callId}|${dialog.caller.tag}` : dialog.callId),
    );
  }
  return true;
}

function match(m: ScriptMessage, state: State, mode: string | undefined): boolean {
  const { context } = m;
  if (context.request.to?.tag === undefined) return false;
  const { routeParam } = m.program.services.dialogs.settings;
  const { uri } = context.request;
  const byId = uri?.param(routeParam) !== undefined || (uri?.user ?? '').includes('.');
  const found = mode === 'DID_ONLY' && !byId ? undefined : matchNow(context);
  if (found?.dialog.value(KEPT) !== undefined) {
    leadTo(m, found.receiver);
    return true;
  }
  if (!leadHidden(m, state.knownParams)) return false;
  const { passed, trusted } = state.params;
  hideRequest(m, { param: state.encodeParam, passed, trusted }, []);
  return true;
}

const semicolons = (given: string | undefined): readonly string[] =>
  (given ?? '')
    .split(';')
    .map((it) => it.trim())
    .filter((it) => it !== '');

const SEALED = 'what stands in Contacts is sealed with the key of the server';

export const module: ScriptModule = define({
  name: 'topology_hiding',
  summary:
    'Hides each party of a call from the other: Vias, Record-Routes and Contacts, with a dialog the Call-ID too.',
  needs: ['tm'],
  params: {
    force_dialog: intParameter(0, 'Whether a dialog is made for each INVITE that is hidden.', {
      least: 0,
      most: 1,
    }),
    th_passed_contact_uri_params: textParameter(
      undefined,
      'URI parameters of Contacts that are passed on, with `;` between.',
    ),
    th_passed_contact_params: textParameter(
      undefined,
      'Header parameters of Contacts that are passed on, with `;` between.',
    ),
    th_callid_passwd: parsedParameter(
      'OpenSIPS',
      'What Call-IDs are mixed with.',
      (given) =>
        given === '' ? { ok: false, problem: 'it must not be empty' } : { ok: true, value: String(given) },
      'OpenSIPS',
    ),
    th_callid_prefix: textParameter('DLGCH_', 'What such Call-IDs begin with.'),
    th_contact_encode_scheme: ignored('text', 'How Contacts are written.', SEALED),
    th_contact_encode_param_password: listParameter(
      `\`param[:password[:type]]\`: parameters of Contacts that hold the true one. Passwords and types have no effect: ${SEALED}.`,
    ),
    th_use_param: textParameter('thinfo', 'Which of them is written; all are read.'),
    th_contact_caller_username_var: textParameter(
      '_th_contact_caller_username_var_',
      'The value of a dialog that holds the user of the Contact that the caller sees.',
    ),
    th_contact_callee_username_var: textParameter(
      '_th_contact_callee_username_var_',
      'The value of a dialog that holds the user of the Contact that the callee sees.',
    ),
    th_callid_loop_protection: intParameter(0, '1: the From tag is mixed into such Call-IDs.', {
      least: 0,
      most: 1,
    }),
    th_internal_trusted_tag: textParameter(
      undefined,
      'Parties of the socket with that tag are shown everything.',
    ),
    th_external_socket_tag: ignored(
      'text',
      'The socket to use where that of another node is named.',
      'the socket is then chosen by the destination',
    ),
    th_auto_route_on_trusted_socket: ignored(
      'int',
      'A Record-Route for parties that are shown everything.',
      'write record_route()',
    ),
  },
  start: (params, context) => {
    const named = params.th_contact_encode_param_password.map((it) => it.split(':')[0]!);
    const trusted = params.th_internal_trusted_tag;
    const state: State = {
      context,
      params: {
        passed: {
          ofUri: semicolons(params.th_passed_contact_uri_params),
          ofHeader: semicolons(params.th_passed_contact_params),
        },
        callerUser: params.th_contact_caller_username_var,
        calleeUser: params.th_contact_callee_username_var,
        trusted: trusted === undefined ? undefined : (context.program.socket(trusted)?.name ?? trusted),
      },
      hideCallId: (callId) => hiddenCallId(callId, params.th_callid_prefix, params.th_callid_passwd),
      forceDialog: params.force_dialog === 1,
      loopProtection: params.th_callid_loop_protection === 1,
      encodeParam: params.th_use_param,
      knownParams: [...new Set([params.th_use_param, ...named])],
    };
    // Those that the module dialog has taken up from its table.
    for (const dialog of context.services.dialogs.all()) {
      const flags = dialog.value(KEPT);
      if (flags !== undefined) observe(state, dialog, { flags });
    }
    return state;
  },
  functions: {
    topology_hiding: fn({
      args: [
        optional(letters('flags', FLAGS)),
        optional(text('params', '`user`, `/caller`, `//callee` or `/caller/callee`')),
      ],
      routes: ['request'],
      describe:
        'Hides the two sides of a request outside a dialog, and of all that comes of it, from each other.',
      run: (m, state, flags, users) => hide(m, state, flags ?? '', users),
    }),
    topology_hiding_match: fn({
      args: [optional(choice('dlg_match_mode', ['DID_ONLY', 'DID_FALLBACK', 'DID_NONE']))],
      routes: ['request'],
      describe: 'Leads a request inside a hidden dialog to the true party.',
      returns: '1; -1: it is none.',
      run: (m, state, mode) => match(m, state, mode),
    }),
  },
  variables: {
    TH_callee_callid: variable({
      describe: 'The Call-ID that the callee is shown; NULL where it is the same.',
      read: (m) => currentDialog(m)?.calleeCallId ?? null,
    }),
    TH_decoded_contact: variable({
      describe:
        'The true Contact that stood in the Request-URI, after topology_hiding_match without a dialog.',
      read: (m) => m.context.get(DECODED)?.contact ?? null,
    }),
    TH_decoded_routes: variable({
      describe: 'A Route that stood there with it.',
      indexed: true,
      read: (m, _state, _inner, index) => {
        const routes = m.context.get(DECODED)?.routes ?? [];
        if (index === '*') return routes.join(', ') || null;
        return routes.at(typeof index === 'number' ? index : 0) ?? null;
      },
    }),
    TH_decoded_routes_count: variable({
      describe: 'How many Routes stood there.',
      read: (m) => m.context.get(DECODED)?.routes.length ?? null,
    }),
  },
  notes:
    '`$ci` is the Call-ID of the message at hand: in requests of a callee that is shown another one, that one. The Contact that a party sees is the address of this server as it is printed to them.',
});

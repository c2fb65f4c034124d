import type { Dialog } from '../../../../core/dialog/dialog.ts';
import type { HeaderEntry } from '../../../../wire/sip/build.ts';
import { CommandError, type CommandParams, type CommandSpec, type Json } from '../../frame/command.ts';
import { headerLines, splitHeader } from '../../runtime/header-lines.ts';
import { listed } from './listing.ts';
import type { ScriptDialogs } from './state.ts';
import { setProfile, setValue, unsetProfile } from './value-functions.ts';

type Command = CommandSpec<ScriptDialogs>;

/** @throws CommandError */
function dialogNamed(state: ScriptDialogs, id: unknown): Dialog {
  const dialog = state.find(String(id));
  if (dialog === undefined || dialog.ended) throw new CommandError(404, 'Requested Dialog not found');
  return dialog;
}

/** @throws CommandError */
function profileNamed(state: ScriptDialogs, name: unknown): string {
  if (!state.params.profiles.has(String(name))) throw new CommandError(404, 'Profile not found');
  return String(name);
}

function textParam(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** @throws CommandError where they are none */
function headersOf(text: Json | undefined): HeaderEntry[] {
  const lines = text === undefined ? [] : headerLines(String(text).replaceAll('\\r\\n', '\r\n'));
  if (lines === undefined) throw new CommandError(400, 'Bad headers');
  return lines.map(splitHeader);
}

function list(state: ScriptDialogs, params: CommandParams, context: boolean): Json {
  const { callid, from_tag, index, counter } = params;
  if (callid !== undefined) {
    const dialog = state.dialogs
      .ofCall(String(callid))
      .findLast((it) => from_tag === undefined || it.caller.tag === from_tag);
    if (dialog === undefined) throw new CommandError(404, 'No such dialog');
    return { Dialog: listed(state, dialog, context) };
  }
  const all = [...state.dialogs.all()];
  if (index === undefined) return { Dialogs: all.map((it) => listed(state, it, context)) };
  const [from, count] = [Number(index), Number(counter ?? 0)];
  if (!(from >= 0 && count >= 0)) throw new CommandError(400, 'Bad parameter');
  return {
    count: all.length,
    Dialogs: all.slice(from, from + count).map((it) => listed(state, it, context)),
  };
}

async function endAll(
  state: ScriptDialogs,
  dialogs: readonly Dialog[],
  headers: HeaderEntry[],
): Promise<void> {
  const own = state.params.extraHeaders === undefined ? [] : (headerLines(state.params.extraHeaders) ?? []);
  const all = [...own.map(splitHeader), ...headers];
  for (const dialog of dialogs) void state.dialogs.end(dialog, 'MI Termination', all);
}

/** What `body` of `dialog:send_sequential` means. @throws CommandError */
function bodyOf(
  dialog: Dialog,
  side: 'caller' | 'callee',
  wanted: string,
): { readonly type: string; readonly body: Buffer } | undefined {
  if (wanted === 'none') return undefined;
  if (wanted === 'inbound' || wanted === 'outbound') {
    const leg = side === 'caller' ? dialog.caller : dialog.callee;
    if (leg?.shownSdp === undefined) throw new CommandError(406, 'Not Acceptable');
    return { type: 'application/sdp', body: leg.shownSdp };
  }
  const custom = /^custom:([^:]+):([\s\S]*)$/.exec(wanted);
  if (!custom) throw new CommandError(400, 'Invalid body mode');
  return { type: custom[1]!, body: Buffer.from(custom[2]!, 'latin1') };
}

/** Sends a request to one party; in the modes `challenge…` what that answers is sent on to the other. */
async function sendSequential(state: ScriptDialogs, params: CommandParams): Promise<Json> {
  const { callid, method = 'INVITE', mode = 'caller', body = 'none', headers } = params;
  const found = /^(?:(challenge)-?)?(caller|callee)?$/.exec(String(mode));
  if (!found) throw new CommandError(400, 'Invalid mode');
  const side = (found[2] ?? 'caller') as 'caller' | 'callee';
  const dialog = state.find(String(callid));
  if (dialog === undefined || !dialog.established) throw new CommandError(404, 'Dialog Not Found');
  const content = bodyOf(dialog, side, String(body));
  const first = await state.dialogs.send(dialog, side, {
    method: String(method),
    headers: [...headersOf(headers), ...(content ? [['Content-Type', content.type] as const] : [])],
    ...(content && { body: content.body }),
  });
  let last = first;
  const answered = first.response;
  if (found[1] !== undefined && first.status < 300 && answered !== undefined) {
    const type = answered.header('Content-Type');
    last = await state.dialogs.send(dialog, side === 'caller' ? 'callee' : 'caller', {
      method: String(method),
      ...(type !== undefined && { headers: [['Content-Type', type]], body: Buffer.from(answered.body) }),
    });
  }
  const reason = last.response?.reason ?? 'no answer';
  if (last.status >= 300) throw new CommandError(last.status, reason);
  return { Code: last.status, Reason: reason };
}

const NAMED = ['callid?', 'from_tag?', 'index?', 'counter?'];

export const dialogCommands: Readonly<Record<string, Command>> = {
  'dialog:list': {
    describe: 'Lists the dialogs: all, one, or `counter` from `index` on.',
    params: NAMED,
    aliases: ['dlg_list'],
    run: (state, params) => list(state, params, false),
  },
  'dialog:list_ctx': {
    describe: 'As `dialog:list`, with their values and profiles.',
    params: NAMED,
    aliases: ['dlg_list_ctx'],
    run: (state, params) => list(state, params, true),
  },
  'dialog:end_dlg': {
    describe: 'Ends a dialog by its id or Call-ID: with a BYE to both parties, or by cancelling what rings.',
    params: ['dialog_id', 'extra_hdrs?'],
    aliases: ['dlg_end_dlg'],
    run: async (state, { dialog_id, extra_hdrs }) => {
      await endAll(state, [dialogNamed(state, dialog_id)], headersOf(extra_hdrs));
      return 'OK';
    },
  },
  'dialog:profile_get_size': {
    describe: 'How many dialogs are in a profile.',
    params: ['profile', 'value?'],
    aliases: ['profile_get_size'],
    run: (state, { profile, value }) => {
      const name = profileNamed(state, profile);
      const count = state.kept.profiles.size(name, textParam(value));
      return { Profile: { name, value: value ?? null, count, shared: 'no', replicated: 'no' } };
    },
  },
  'dialog:profile_list_dlgs': {
    describe: 'Lists the dialogs of a profile.',
    params: ['profile', 'value?'],
    aliases: ['profile_list_dlgs'],
    run: (state, { profile, value }) => {
      const dialogs = state.kept.profiles.dialogs(profileNamed(state, profile), textParam(value));
      return { Dialogs: [...dialogs].map((it) => listed(state, it, false)) };
    },
  },
  'dialog:profile_get_values': {
    describe: 'Lists the values of a profile, each with the number of its dialogs.',
    params: ['profile'],
    aliases: ['profile_get_values'],
    run: (state, { profile }) => {
      const name = profileNamed(state, profile);
      const { profiles } = state.kept;
      if (state.params.profiles.get(name) !== true)
        return { Profile: [{ value: null, count: profiles.size(name) }] };
      return { Profile: [...profiles.values(name)].map(([value, count]) => ({ value, count })) };
    },
  },
  'dialog:profile_end_dlgs': {
    describe: 'Ends the dialogs of a profile.',
    params: ['profile', 'value?'],
    aliases: ['profile_end_dlgs'],
    run: async (state, { profile, value }) => {
      const dialogs = [...state.kept.profiles.dialogs(profileNamed(state, profile), textParam(value))];
      await endAll(state, dialogs, []);
      return 'OK';
    },
  },
  'dialog:list_all_profiles': {
    describe: 'Lists the profiles, each with whether it has values.',
    aliases: ['list_all_profiles'],
    run: ({ params }) => ({
      Profiles: [...params.profiles].map(([name, valued]) => ({ name, 'has value': valued })),
    }),
  },
  'dialog:push_var': {
    describe: 'Sets a value of one or several dialogs.',
    params: ['dlg_val_name', 'dlg_val_value', 'DID'],
    aliases: ['dlg_push_var'],
    run: (state, { dlg_val_name, dlg_val_value, DID }) => {
      for (const id of Array.isArray(DID) ? DID : [DID]) {
        const dialog = dialogNamed(state, id);
        setValue(state, dialog, String(dlg_val_name), String(dlg_val_value));
      }
      return 'OK';
    },
  },
  'dialog:send_sequential': {
    describe: 'Sends a request inside a dialog, and tells what it was answered.',
    params: ['callid', 'method?', 'body?', 'mode?', 'headers?'],
    aliases: ['dlg_send_sequential'],
    run: sendSequential,
  },
  'dialog:set_profile': {
    describe: 'Puts a dialog into a profile.',
    params: ['dlg_id', 'profile', 'value?', 'clear_values?'],
    aliases: ['dlg_set_profile', 'set_dlg_profile'],
    run: (state, { dlg_id, profile, value, clear_values }) => {
      const dialog = dialogNamed(state, dlg_id);
      const name = profileNamed(state, profile);
      if (!setProfile(state, dialog, name, textParam(value), Number(clear_values ?? 0) !== 0)) {
        throw new CommandError(500, 'Failed to set profile');
      }
      return 'OK';
    },
  },
  'dialog:unset_profile': {
    describe: 'Takes a dialog out of a profile.',
    params: ['dlg_id', 'profile', 'value?'],
    aliases: ['dlg_unset_profile', 'unset_dlg_profile'],
    run: (state, { dlg_id, profile, value }) => {
      const dialog = dialogNamed(state, dlg_id);
      if (!unsetProfile(state, dialog, profileNamed(state, profile), textParam(value))) {
        throw new CommandError(500, 'Failed to unset profile');
      }
      return 'OK';
    },
  },
  'dialog:db_sync': {
    describe: 'Takes up dialogs of the table that are not known.',
    aliases: ['dlg_db_sync'],
    run: async (state) => {
      if (state.store === undefined) throw new CommandError(400, 'Cannot sync in no-db mode');
      await state.store.load();
      return 'OK';
    },
  },
  'dialog:restore_db': {
    describe: 'Writes the table anew.',
    aliases: ['dlg_restore_db'],
    run: async (state) => {
      if (state.store === undefined) throw new CommandError(400, 'Cannot restore db in no-db mode');
      await state.store.rewrite();
      return 'OK';
    },
  },
};

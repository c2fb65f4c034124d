import type { Dialog } from '../../../../core/dialog/dialog.ts';
import { input, int, optional, output, staticText, text } from '../../frame/argument.ts';
import type { FunctionSpec } from '../../frame/function.ts';
import { moduleParts } from '../../frame/module.ts';
import { ANY, type RouteKinds } from '../../frame/route-kind.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { textOf, type Value } from '../../value.ts';
import { currentDialog } from './current.ts';
import { IN_DIALOG } from './functions.ts';
import { listed } from './listing.ts';
import type { ScriptDialogs } from './state.ts';

const { fn } = moduleParts<ScriptDialogs>();

const PROFILING: RouteKinds = ['request', 'failure', 'branch', 'onreply'];

/** A value of a dialog as a script sees it; NULL where there is none of that name. */
export function keptValue({ kept }: ScriptDialogs, dialog: Dialog | undefined, name: string): Value {
  const text = dialog?.value(name);
  if (dialog === undefined || text === undefined) return null;
  return kept.wishesOf(dialog).numbers.has(name) ? Number(text) : text;
}

/** @param value NULL takes it away */
export function setValue(state: ScriptDialogs, dialog: Dialog, name: string, value: Value): boolean {
  const { numbers } = state.kept.wishesOf(dialog);
  const set = dialog.setValue(name, textOf(value));
  if (set && typeof value === 'number') numbers.add(name);
  else numbers.delete(name);
  state.changed(dialog);
  return set || value === null;
}

function flagFunction(
  describe: string,
  run: (dialog: Dialog, bit: number, state: ScriptDialogs) => boolean,
): FunctionSpec<ScriptDialogs> {
  return fn({
    args: [staticText('flag')],
    routes: IN_DIALOG,
    describe,
    run: (m, state, name) => {
      const dialog = currentDialog(m);
      const bit = state.kept.flag(name, true);
      return dialog !== undefined && bit !== 0 && run(dialog, bit, state);
    },
  });
}

function setFlag(state: ScriptDialogs, dialog: Dialog, bit: number, on: boolean): boolean {
  dialog.flags = on ? dialog.flags | bit : dialog.flags & ~bit;
  state.changed(dialog);
  return true;
}

/** The value of a profile as it is kept: '' where it has none; undefined where there is no such profile. */
export function profileValue(
  state: ScriptDialogs,
  profile: string,
  value: string | undefined,
): string | undefined {
  const withValue = state.params.profiles.get(profile);
  if (withValue === undefined) return undefined;
  return withValue ? (value ?? '') : '';
}

export function setProfile(
  state: ScriptDialogs,
  dialog: Dialog,
  profile: string,
  value: string | undefined,
  clear: boolean,
): boolean {
  const kept = profileValue(state, profile, value);
  if (kept === undefined || (state.params.profiles.get(profile) === true && value === undefined))
    return false;
  if (clear) unsetProfile(state, dialog, profile, undefined);
  const added = state.kept.profiles.add(dialog, profile, kept);
  state.changed(dialog);
  return added;
}

/** @param value undefined takes the dialog out of all values */
export function unsetProfile(
  state: ScriptDialogs,
  dialog: Dialog,
  profile: string,
  value: string | undefined,
): boolean {
  const { profiles } = state.kept;
  const withValue = state.params.profiles.get(profile);
  if (withValue === undefined) return false;
  const meant = dialog.profiles.filter(
    ([name, its]) => name === profile && (!withValue || value === undefined || its === value),
  );
  for (const [, its] of meant) profiles.remove(dialog, profile, its);
  state.changed(dialog);
  return meant.length > 0;
}

/** Those that have not ended, and whose value is that. */
function* withValue(state: ScriptDialogs, name: string, value: Value): Generator<Dialog> {
  const wanted = textOf(value);
  if (wanted === undefined) return;
  for (const dialog of state.dialogs.all()) {
    if (!dialog.ended && dialog.value(name) === wanted) yield dialog;
  }
}

/** Gives the descriptions of dialogs. */
function describeAll(
  m: ScriptMessage,
  state: ScriptDialogs,
  dialogs: Iterable<Dialog>,
  out: { set(m: ScriptMessage, value: Value): boolean },
  count: { set(m: ScriptMessage, value: Value): boolean },
): boolean {
  const found = [...dialogs];
  for (const dialog of found) out.set(m, JSON.stringify(listed(state, dialog, true)));
  count.set(m, found.length);
  return found.length > 0;
}

export const valueFunctions: Readonly<Record<string, FunctionSpec<ScriptDialogs>>> = {
  set_dlg_flag: flagFunction('Sets a flag of the dialog.', (dialog, bit, state) =>
    setFlag(state, dialog, bit, true),
  ),
  reset_dlg_flag: flagFunction('Takes a flag of the dialog away.', (dialog, bit, state) =>
    setFlag(state, dialog, bit, false),
  ),
  is_dlg_flag_set: flagFunction('Whether the dialog has a flag.', ({ flags }, bit) => (flags & bit) !== 0),
  test_and_set_dlg_flag: fn({
    args: [staticText('flag'), int('value', { least: 0, most: 1 })],
    routes: IN_DIALOG,
    describe: 'Turns a flag round where it is as `value` says.',
    run: (m, state, name, value) => {
      const dialog = currentDialog(m);
      const bit = state.kept.flag(name, true);
      if (dialog === undefined || bit === 0 || ((dialog.flags & bit) !== 0) !== (value === 1)) return false;
      return setFlag(state, dialog, bit, value === 0);
    },
  }),
  store_dlg_value: fn({
    args: [text('name'), input('val')],
    routes: IN_DIALOG,
    describe: 'Keeps the value of a variable with the dialog, as $dlg_val(name) does.',
    run: (m, state, name, value) => {
      const dialog = currentDialog(m);
      return dialog !== undefined && setValue(state, dialog, name, value.get(m));
    },
  }),
  fetch_dlg_value: fn({
    args: [text('name'), output('val')],
    routes: IN_DIALOG,
    describe: 'Gives a value that was kept with the dialog.',
    returns: '1; -1: no dialog; -2: no such value.',
    run: (m, state, name, result) => {
      const dialog = currentDialog(m);
      if (dialog === undefined) return -1;
      const value = keptValue(state, dialog, name);
      return value === null ? -2 : result.set(m, value);
    },
  }),
  set_dlg_profile: fn({
    args: [text('profile'), optional(text('value')), optional(int('clear_values'))],
    routes: PROFILING,
    describe:
      'Puts the dialog into a profile, in place of the values that it has there where the last argument says so.',
    run: (m, state, profile, value, clear) => {
      const dialog = currentDialog(m);
      return dialog !== undefined && setProfile(state, dialog, profile, value, (clear ?? 0) !== 0);
    },
  }),
  unset_dlg_profile: fn({
    args: [text('profile'), optional(text('value'))],
    routes: PROFILING,
    describe: 'Takes the dialog out of a profile: of one value, or of all.',
    run: (m, state, profile, value) => {
      const dialog = currentDialog(m);
      return dialog !== undefined && unsetProfile(state, dialog, profile, value);
    },
  }),
  is_in_profile: fn({
    args: [text('profile'), optional(text('value'))],
    routes: PROFILING,
    describe: 'Whether the dialog is in a profile, with that value where one is given.',
    run: (m, state, profile, value) => {
      const dialog = currentDialog(m);
      const valued = state.params.profiles.get(profile);
      if (dialog === undefined || valued === undefined) return false;
      return state.kept.profiles.has(dialog, profile, valued ? value : undefined);
    },
  }),
  get_profile_size: fn({
    args: [text('profile'), optional(text('value')), output('size')],
    routes: ANY,
    describe: 'How many dialogs are in a profile, with that value where one is given.',
    run: (m, state, profile, value, size) => {
      const valued = state.params.profiles.get(profile);
      if (valued === undefined) return false;
      return size.set(m, state.kept.profiles.size(profile, valued ? value : undefined));
    },
  }),
  get_dialog_info: fn({
    args: [text('attr'), output('avp', undefined, ['avp']), text('key'), input('key_val'), output('no_dlgs')],
    routes: ANY,
    describe: 'Gives one value of each dialog in which another value is as given.',
    returns: '1: there are such dialogs; -1: there are none.',
    run: (m, state, attr, result, key, value, count) => {
      let found = 0;
      for (const dialog of withValue(state, key, value.get(m))) {
        found++;
        const its = keptValue(state, dialog, attr);
        if (its !== null) result.set(m, its);
      }
      count.set(m, found);
      return found > 0;
    },
  }),
  get_dialog_vals: fn({
    args: [output('names', undefined, ['avp']), output('vals', undefined, ['avp']), text('callid')],
    routes: ANY,
    describe: 'Gives all values of the dialog with that Call-ID, as two lists.',
    run: (m, state, names, values, callId) => {
      const dialog = state.find(callId, 'callid');
      if (dialog === undefined) return false;
      for (const name of dialog.values.keys()) {
        names.set(m, name);
        values.set(m, keptValue(state, dialog, name));
      }
      return true;
    },
  }),
  get_dialogs_by_val: fn({
    args: [text('name'), input('value'), output('out_avp', undefined, ['avp']), output('dlg_no')],
    routes: ANY,
    describe: 'Describes, in JSON, each dialog that has such a value.',
    run: (m, state, name, value, out, count) =>
      describeAll(m, state, withValue(state, name, value.get(m)), out, count),
  }),
  get_dialogs_by_profile: fn({
    args: [text('name'), optional(text('value')), output('out_avp', undefined, ['avp']), output('dlg_no')],
    routes: ANY,
    describe: 'Describes, in JSON, each dialog of a profile.',
    run: (m, state, name, value, out, count) => {
      const valued = state.params.profiles.get(name);
      if (valued === undefined) return false;
      return describeAll(m, state, state.kept.profiles.dialogs(name, valued ? value : undefined), out, count);
    },
  }),
};

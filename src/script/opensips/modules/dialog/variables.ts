import type { Dialog } from '../../../../core/dialog/dialog.ts';
import type { VariableSpec } from '../../frame/variable.ts';
import type { RequestContext } from '../../runtime/request-context.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { numberOf, type Value } from '../../value.ts';
import { currentDialog, directionOf, isEnding } from './current.ts';
import { EARLY, type EarlyWishes } from './functions.ts';
import { listed } from './listing.ts';
import type { ScriptDialogs } from './state.ts';
import { keptValue, setValue } from './value-functions.ts';
import type { PingMethod } from './wishes.ts';

type Variables = Readonly<Record<string, VariableSpec<ScriptDialogs>>>;

/** What is read of the dialog at hand; NULL where there is none. */
function ofDialog(
  describe: string,
  read: (dialog: Dialog, state: ScriptDialogs, m: ScriptMessage) => Value,
): VariableSpec<ScriptDialogs> {
  return {
    describe,
    read: (m, state) => {
      const dialog = currentDialog(m);
      return dialog === undefined ? null : read(dialog, state, m);
    },
  };
}

function earlyWishes(context: RequestContext): EarlyWishes {
  const known = context.get(EARLY) ?? { pingMs: {} };
  context.set(EARLY, known);
  return known;
}

/** A whole number above 0. */
function seconds(value: Value): number | undefined {
  const number = value === null ? undefined : numberOf(value);
  return number !== undefined && number > 0 ? number : undefined;
}

function pingInterval(method: PingMethod, describe: string): VariableSpec<ScriptDialogs> {
  return {
    ...ofDialog(describe, (dialog, state) => {
      const every = state.pingEvery(dialog, method);
      return every === undefined ? null : Math.round(every / 1000);
    }),
    write: (m, state, value) => {
      const wanted = seconds(value);
      if (wanted === undefined) return false;
      const dialog = currentDialog(m);
      if (dialog !== undefined) return state.setPing(dialog, method, wanted * 1000);
      earlyWishes(m.context).pingMs[method] = wanted * 1000;
      return true;
    },
  };
}

export const dialogVariables: Variables = {
  DLG_count: {
    describe: 'How many dialogs there are that have not ended.',
    read: (_m, state) => state.active,
  },
  DLG_status: ofDialog(
    '1: unconfirmed, 2: early, 3: answered, 4: confirmed by ACK, 5: ended; NULL without a dialog.',
    (dialog, _state, m) => (isEnding(m.context, dialog) ? 5 : dialog.state),
  ),
  DLG_lifetime: ofDialog('Seconds since the dialog was answered.', ({ confirmedAt }, { clock }) =>
    confirmedAt === 0 ? 0 : Math.floor((clock.wallNow() - confirmedAt) / 1000),
  ),
  DLG_flags: {
    ...ofDialog('Names of the flags that are set, with blanks between.', (dialog, { kept }) =>
      kept.flagNames(dialog),
    ),
    write: (m, state, value) => {
      const dialog = currentDialog(m);
      if (dialog === undefined || typeof value !== 'string') return false;
      const names = value.split(/[\s,|]+/).filter((it) => it !== '');
      dialog.flags = names.reduce((bits, it) => bits | state.kept.flag(it, true), 0);
      state.changed(dialog);
      return true;
    },
  },
  DLG_dir: ofDialog(
    '`downstream`: the request goes from the caller to the callee; `upstream`: back.',
    (_dialog, _state, m) => directionOf(m.context),
  ),
  DLG_did: ofDialog('The id of the dialog, as it stands in Record-Route.', ({ did }) => did),
  DLG_end_reason: ofDialog(
    'Why the dialog has ended: `Upstream BYE`, `Downstream BYE`, `Lifetime Timeout`, `MI Termination`, `Ping Timeout` …',
    (dialog, _state, m) => {
      if (!isEnding(m.context, dialog)) return dialog.end?.reason ?? null;
      return directionOf(m.context) === 'downstream' ? 'Downstream BYE' : 'Upstream BYE';
    },
  ),
  DLG_timeout: {
    ...ofDialog('Seconds that the dialog may still last.', (dialog, { dialogs }) =>
      Math.ceil(dialogs.timeLeft(dialog) / 1000),
    ),
    write: (m, state, value) => {
      const wanted = seconds(value);
      if (wanted === undefined) return false;
      const dialog = currentDialog(m);
      if (dialog === undefined) earlyWishes(m.context).timeoutMs = wanted * 1000;
      else {
        state.dialogs.extend(dialog, wanted * 1000);
        state.changed(dialog);
      }
      return true;
    },
  },
  DLG_del_delay: {
    ...ofDialog('Seconds that the dialog is still known after its end.', (dialog, { dialogs }) =>
      Math.round((dialog.lingerMs ?? dialogs.settings.lingerMs) / 1000),
    ),
    write: (m, _state, value) => {
      const wanted = seconds(value);
      const dialog = currentDialog(m);
      if (dialog === undefined || wanted === undefined) return false;
      dialog.lingerMs = wanted * 1000;
      return true;
    },
  },
  DLG_options_ping_interval: pingInterval(
    'OPTIONS',
    'Seconds between two OPTIONS to a party that is asked so.',
  ),
  DLG_reinvite_ping_interval: pingInterval(
    'INVITE',
    'Seconds between two re-INVITEs to a party that is asked so.',
  ),
  DLG_json: ofDialog('The dialog as `dialog:list` has it, in JSON.', (dialog, state) =>
    JSON.stringify(listed(state, dialog, false)),
  ),
  DLG_ctx_json: ofDialog('The dialog as `dialog:list_ctx` has it, in JSON.', (dialog, state) =>
    JSON.stringify(listed(state, dialog, true)),
  ),
  dlg_val: {
    describe: 'A value of any name that is kept with the dialog.',
    inner: 'name',
    read: (m, state, name) => keptValue(state, currentDialog(m), name),
    write: (m, state, value, name) => {
      const dialog = currentDialog(m);
      return dialog !== undefined && setValue(state, dialog, name, value);
    },
  },
};

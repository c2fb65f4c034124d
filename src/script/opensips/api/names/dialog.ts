// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';
import type { Argument } from '../message.ts';

/** Calls from their INVITE to their end: what scripts keep of them, their lifetime, limits by profiles, and requests inside them. */
export interface DialogNames {
  /** Has the dialog known that the INVITE makes. */
  create_dialog(flags?: Argument): boolean;
  /** Finds the dialog of a request inside one, which loose_route does by itself. Call-ID and tags must be those of the dialog in every mode. */
  match_dialog(dlg_match_mode?: Argument): boolean;
  /** Whether CSeq, target and route set of a request are those of its dialog. */
  validate_dialog(): boolean;
  /** Gives a request the target and the route set of its dialog. */
  fix_route_dialog(): boolean;
  /** Has all that follows work on another dialog, until unload_dialog_ctx. */
  load_dialog_ctx(dialog: Argument, id_type?: Argument, active_only?: Argument): boolean;
  /** Ends what load_dialog_ctx began. */
  unload_dialog_ctx(): boolean;
  /** Arms a route that runs when the dialog is answered, with a message of its own; without a name none. */
  dlg_on_answer(route_name?: Argument): boolean;
  /** Arms a route that runs when the dialog has lasted too long, and may prolong it by $DLG_timeout, with a message of its own; without a name none. */
  dlg_on_timeout(route_name?: Argument): boolean;
  /** Arms a route that runs when the dialog has ended, with a message of its own; without a name none. */
  dlg_on_hangup(route_name?: Argument): boolean;
  /** Sends a request inside the dialog to one party, in the name of the other; the script goes on. A PRACK without RAck acknowledges the reply at hand. */
  dlg_send_sequential(method: Argument, leg: 'caller' | 'callee' | Argument, body?: Argument, content_type?: Argument, headers?: Argument): boolean;
  /** Raises the CSeq of what is sent to the party with that tag: the To tag of the request by default. */
  dlg_inc_cseq(tag?: Argument, inc?: Argument): boolean;
  /** Sets a flag of the dialog. */
  set_dlg_flag(flag: Argument): boolean;
  /** Takes a flag of the dialog away. */
  reset_dlg_flag(flag: Argument): boolean;
  /** Whether the dialog has a flag. */
  is_dlg_flag_set(flag: Argument): boolean;
  /** Turns a flag round where it is as `value` says. */
  test_and_set_dlg_flag(flag: Argument, value: Argument): boolean;
  /** Keeps the value of a variable with the dialog, as $dlg_val(name) does. */
  store_dlg_value(name: Argument, val: string): boolean;
  /** Gives a value that was kept with the dialog. */
  fetch_dlg_value(name: Argument, val: string): boolean;
  /** Puts the dialog into a profile, in place of the values that it has there where the last argument says so. */
  set_dlg_profile(profile: Argument, value?: Argument, clear_values?: Argument): boolean;
  /** Takes the dialog out of a profile: of one value, or of all. */
  unset_dlg_profile(profile: Argument, value?: Argument): boolean;
  /** Whether the dialog is in a profile, with that value where one is given. */
  is_in_profile(profile: Argument, value?: Argument): boolean;
  /** How many dialogs are in a profile, with that value where one is given. */
  get_profile_size(profile: Argument, value: Argument, size: string): boolean;
  /** Gives one value of each dialog in which another value is as given. */
  get_dialog_info(attr: Argument, avp: string, key: Argument, key_val: string, no_dlgs: string): boolean;
  /** Gives all values of the dialog with that Call-ID, as two lists. */
  get_dialog_vals(names: string, vals: string, callid: Argument): boolean;
  /** Describes, in JSON, each dialog that has such a value. */
  get_dialogs_by_val(name: Argument, value: string, out_avp: string, dlg_no: string): boolean;
  /** Describes, in JSON, each dialog of a profile. */
  get_dialogs_by_profile(name: Argument, value: Argument, out_avp: string, dlg_no: string): boolean;
  /** How many dialogs there are that have not ended. */
  readonly $DLG_count: Value;
  /** 1: unconfirmed, 2: early, 3: answered, 4: confirmed by ACK, 5: ended; NULL without a dialog. */
  readonly $DLG_status: Value;
  /** Seconds since the dialog was answered. */
  readonly $DLG_lifetime: Value;
  /** Names of the flags that are set, with blanks between. */
  get $DLG_flags(): Value;
  set $DLG_flags(value: Argument);
  /** `downstream`: the request goes from the caller to the callee; `upstream`: back. */
  readonly $DLG_dir: Value;
  /** The id of the dialog, as it stands in Record-Route. */
  readonly $DLG_did: Value;
  /** Why the dialog has ended: `Upstream BYE`, `Downstream BYE`, `Lifetime Timeout`, `MI Termination`, `Ping Timeout` … */
  readonly $DLG_end_reason: Value;
  /** Seconds that the dialog may still last. */
  get $DLG_timeout(): Value;
  set $DLG_timeout(value: Argument);
  /** Seconds that the dialog is still known after its end. */
  get $DLG_del_delay(): Value;
  set $DLG_del_delay(value: Argument);
  /** Seconds between two OPTIONS to a party that is asked so. */
  get $DLG_options_ping_interval(): Value;
  set $DLG_options_ping_interval(value: Argument);
  /** Seconds between two re-INVITEs to a party that is asked so. */
  get $DLG_reinvite_ping_interval(): Value;
  set $DLG_reinvite_ping_interval(value: Argument);
  /** The dialog as `dialog:list` has it, in JSON. */
  readonly $DLG_json: Value;
  /** The dialog as `dialog:list_ctx` has it, in JSON. */
  readonly $DLG_ctx_json: Value;
  /** A value of any name that is kept with the dialog. */
  $dlg_val(name: string): Value;
}

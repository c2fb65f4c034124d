import type { Dialog } from '../../../../core/dialog/dialog.ts';
import type { DialogLeg } from '../../../../core/dialog/dialog-leg.ts';
import { NameAddr } from '../../../../wire/sip/name-addr.ts';
import type { Json } from '../../frame/command.ts';
import { databaseId, type ScriptDialogs } from './state.ts';

/** A dialog as `dialog:list` has it. @param context whether its values and profiles are told */
export function listed(state: ScriptDialogs, dialog: Dialog, context: boolean): { [key: string]: Json } {
  const { clock, dialogs, kept } = state;
  const { caller, callees, confirmedAt } = dialog;
  const start = Math.floor(confirmedAt / 1000);
  const end = dialog.established ? Math.floor((clock.wallNow() + dialogs.timeLeft(dialog)) / 1000) : 0;
  return {
    ID: dialog.did,
    db_id: databaseId(dialog),
    state: dialog.state,
    user_flags: kept.flagNames(dialog),
    timestart: start,
    ...(start > 0 && { datestart: dateText(start) }),
    timeout: end,
    ...(end > 0 && { dateout: dateText(end) }),
    callid: dialog.callId,
    from_uri: uriOf(caller.local),
    to_uri: uriOf(caller.remote),
    caller_tag: caller.tag,
    caller_contact: caller.target,
    callee_cseq: String(caller.cseq.received),
    caller_route_set: caller.routes.join(','),
    caller_bind_addr: caller.listener,
    ...(caller.shownSdp && { caller_sent_sdp: caller.shownSdp.toString('latin1') }),
    CALLEES: callees.map(calleeOf),
    ...(context && { context: contextOf(dialog, kept.wishesOf(dialog).numbers) }),
  };
}

function calleeOf(leg: DialogLeg): Json {
  return {
    callee_tag: leg.tag,
    callee_contact: leg.target,
    caller_cseq: String(leg.cseq.received),
    callee_route_set: leg.routes.join(','),
    callee_bind_addr: leg.listener,
    ...(leg.shownSdp && { callee_sent_sdp: leg.shownSdp.toString('latin1') }),
  };
}

function contextOf({ values, profiles }: Dialog, numbers: ReadonlySet<string>): Json {
  return {
    ...(values.size > 0 && {
      values: [...values].map(([name, value]) => ({
        [name]: numbers.has(name) ? Number(value) : shown(value),
      })),
    }),
    ...(profiles.length > 0 && { profiles: profiles.map(([name, value]) => ({ [name]: value })) }),
  };
}

/** Bytes that cannot be printed are told in hexadecimal. */
function shown(value: string): string {
  return value.replaceAll(
    /[\0-\x1f\x7f-\xff]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function uriOf(value: string): string {
  return NameAddr.parse(value)?.uriText ?? value;
}

/** `2026-01-31 12:00:00`, in the time of the machine. */
function dateText(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

import type { WheelTimer } from '../../base/timer-wheel.ts';
import type { AddressParts } from '../../net/listener.ts';
import type { Source } from '../registrar/location-store.ts';
import { CSeqShift, type CSeqSnapshot } from './cseq-shift.ts';
import { Dialog, type DialogId, type DialogState } from './dialog.ts';
import { DialogLeg, type DialogSide } from './dialog-leg.ts';

/** One party of a dialog as plain data; connections do not outlive the process. */
export interface LegSnapshot {
  readonly side: DialogSide;
  readonly tag: string;
  readonly local: string;
  readonly remote: string;
  readonly routes: readonly string[];
  readonly target: string;
  readonly source: Source | null;
  readonly listener: string;
  readonly override: AddressParts | null;
  readonly shownContact: string | null;
  /** A byte string. */
  readonly shownSdp: string | null;
  readonly cseq: CSeqSnapshot;
}

/** A dialog that stands, as plain data for a store. */
export interface DialogSnapshot {
  readonly id: DialogId;
  readonly callId: string;
  readonly calleeCallId?: string;
  readonly state: DialogState;
  /** In ms since 1970. */
  readonly createdAt: number;
  readonly confirmedAt: number;
  readonly expiresAt: number;
  readonly onExpiry: 'bye' | 'forget';
  readonly keepSdp: boolean;
  readonly printed: boolean;
  readonly flags: number;
  readonly values: readonly (readonly [name: string, value: string])[];
  readonly profiles: readonly (readonly [name: string, value: string])[];
  readonly caller: LegSnapshot;
  readonly callee: LegSnapshot;
}

/**
 * @param expiresAt when its lifetime is over, in ms since 1970
 * @returns undefined for a dialog that does not stand
 */
export function snapshotOf(dialog: Dialog, expiresAt: number): DialogSnapshot | undefined {
  const { id, callId, state, createdAt, confirmedAt, onExpiry, keepSdp, printed, flags } = dialog;
  const { caller, callee } = dialog;
  if (!dialog.established || !callee) return undefined;
  return {
    ...{ id, callId, state, createdAt, confirmedAt, expiresAt, onExpiry, keepSdp, printed, flags },
    ...(dialog.calleeCallId !== undefined && { calleeCallId: dialog.calleeCallId }),
    values: [...dialog.values],
    profiles: [...dialog.profiles],
    caller: snapshotOfLeg(caller),
    callee: snapshotOfLeg(callee),
  };
}

/** The dialog of a snapshot. @param wallNow in ms since 1970 */
export function restoredDialog(snapshot: DialogSnapshot, timer: WheelTimer, wallNow: number): Dialog {
  const { id, callId, createdAt, expiresAt, onExpiry, keepSdp } = snapshot;
  const lifetimeMs = Math.max(0, expiresAt - wallNow);
  const caller = restoredLeg(snapshot.caller);
  const wishes = { lifetimeMs, onExpiry, keepSdp };
  const dialog = new Dialog(id, callId, caller, undefined, timer, createdAt, wishes);
  dialog.calleeCallId = snapshot.calleeCallId;
  dialog.addCallee(restoredLeg(snapshot.callee));
  dialog.state = snapshot.state;
  dialog.confirmedAt = snapshot.confirmedAt;
  dialog.printed = snapshot.printed;
  dialog.flags = snapshot.flags;
  dialog.profiles.push(...snapshot.profiles);
  for (const [name, value] of snapshot.values) dialog.setValue(name, value);
  return dialog;
}

function snapshotOfLeg(leg: DialogLeg): LegSnapshot {
  const { side, tag, local, remote, routes, target, listener } = leg;
  return {
    ...{ side, tag, local, remote, routes, target, listener },
    source: leg.source ?? null,
    override: leg.override ?? null,
    shownContact: leg.shownContact ?? null,
    shownSdp: leg.shownSdp?.toString('latin1') ?? null,
    cseq: leg.cseq.snapshot(),
  };
}

function restoredLeg(snapshot: LegSnapshot): DialogLeg {
  const { source, override, shownContact, shownSdp, cseq } = snapshot;
  const leg = new DialogLeg(
    { ...snapshot, source: source ?? undefined, override: override ?? undefined, connectionId: 0 },
    CSeqShift.restored(cseq),
  );
  leg.shownContact = shownContact ?? undefined;
  leg.shownSdp = shownSdp === null ? undefined : Buffer.from(shownSdp, 'latin1');
  return leg;
}

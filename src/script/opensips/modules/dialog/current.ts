import type { Dialog } from '../../../../core/dialog/dialog.ts';
import type { DialogLeg } from '../../../../core/dialog/dialog-leg.ts';
import type { DialogDirection } from '../../../../core/dialog/dialog-observer.ts';
import type { DialogMatch } from '../../../../core/dialog/dialog-table.ts';
import { type ContextKey, contextKey } from '../../runtime/context-key.ts';
import type { RequestContext } from '../../runtime/request-context.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { ROUTE_PARAMS } from '../rr.ts';

/** The dialog that `load_dialog_ctx` has put in place of the request's own, or that a route of a dialog runs for. */
export const LOADED: ContextKey<Dialog | undefined> = contextKey('loaded dialog');
const MADE: ContextKey<Dialog> = contextKey('dialog');
const MATCHED: ContextKey<DialogMatch> = contextKey('matched dialog');

/** Notes the dialog that an INVITE makes. */
export function noteMade(context: RequestContext, dialog: Dialog): void {
  context.set(MADE, dialog);
}

/** The dialog that a route works on: the loaded one, that of the INVITE, or the one that `loose_route` has found. */
export function currentDialog(m: ScriptMessage): Dialog | undefined {
  return m.context.get(LOADED) ?? ownDialog(m.context);
}

/** The dialog of the request itself. */
export function ownDialog(context: RequestContext): Dialog | undefined {
  const known = context.get(MADE) ?? matchOf(context)?.dialog;
  if (known !== undefined) return known;
  const { program, transaction, invite, request } = context;
  const { dialogs } = program.services;
  const making = transaction ?? invite;
  if (making === undefined || dialogs.size === 0 || request.to?.tag !== undefined) return undefined;
  const found = dialogs.of(making);
  if (found !== undefined) context.set(MADE, found);
  return found;
}

/** What `loose_route` or `match_dialog` has found. */
export function matchOf(context: RequestContext): DialogMatch | undefined {
  const known = context.get(MATCHED);
  if (known !== undefined) return known;
  return context.get(ROUTE_PARAMS) === undefined ? undefined : matchNow(context);
}

/** Looks for the dialog of a request inside one, by its Route, its Call-ID and its tags. */
export function matchNow(context: RequestContext): DialogMatch | undefined {
  const { program, request } = context;
  if (!request.isRequest || request.to?.tag === undefined) return undefined;
  const match = program.services.dialogs.match(request);
  if (match !== undefined) context.set(MATCHED, match);
  return match;
}

/** The way of the request, and of what answers it. */
export function directionOf(context: RequestContext): DialogDirection {
  return matchOf(context)?.direction ?? 'downstream';
}

/** The party at one end. */
export function legOf(dialog: Dialog, side: 'caller' | 'callee'): DialogLeg | undefined {
  return side === 'caller' ? dialog.caller : dialog.callee;
}

/** Whether the request is the BYE that ends its dialog, which OpenSIPS says before it is forwarded. */
export function isEnding(context: RequestContext, dialog: Dialog): boolean {
  return context.request.method === 'BYE' && dialog.established && matchOf(context)?.dialog === dialog;
}

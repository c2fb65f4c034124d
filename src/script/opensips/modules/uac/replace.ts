import { H, type HeaderId } from '../../../../wire/sip/header-name.ts';
import type { NameAddr } from '../../../../wire/sip/name-addr.ts';
import { paramValue, quote } from '../../../../wire/sip/params.ts';
import { isToken } from '../../../../wire/sip/text.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import { type ContextKey, contextKey } from '../../runtime/context-key.ts';
import type { RequestContext } from '../../runtime/request-context.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { isDownstream } from '../rr.ts';
import { keep, other } from './kept-uri.ts';

export type Which = 'from' | 'to';

/** How identities are restored, and where they are kept. */
export interface RestoreSettings {
  readonly mode: 'none' | 'manual' | 'auto';
  readonly secret: string;
  /** Names of parameters of Record-Route. */
  readonly params: Readonly<Record<Which, string>>;
}

/** That answers have their headers put back. */
const RESTORING: ContextKey<true> = contextKey<true>('uac restores');

function headerOf({ request }: RequestContext, which: Which): NameAddr | undefined {
  return which === 'from' ? request.from : request.to;
}

function idOf(which: Which): HeaderId {
  return which === 'from' ? H.From : H.To;
}

/**
 * Puts another identity into From or To of what goes out.
 * @param display undefined leaves it, '' takes it away
 * @param uriText '' leaves the URI
 */
export function replace(
  m: ScriptMessage,
  settings: RestoreSettings,
  which: Which,
  display: string | undefined,
  uriText: string,
): boolean {
  const { context } = m;
  const header = headerOf(context, which);
  if (header === undefined || /[\r\n\0]/.test(display ?? '')) return false;
  if (uriText !== '' && (Uri.parse(uriText) === undefined || /[<>]/.test(uriText))) return false;
  // Inside a dialog the identities are put back, not changed once more.
  if (settings.mode === 'auto' && uriText !== '' && context.request.to?.tag !== undefined) return false;
  const name = display === undefined ? header.displayName : displayText(display);
  const uri = uriText === '' ? header.uriText : uriText;
  const value = `${name === '' ? '' : `${name} `}<${uri}>${header.params}`;
  m.changes.add((edit) => void edit.set(idOf(which), value));
  if (settings.mode === 'none') return true;
  restoreReplies(context);
  if (uriText !== '' && uriText !== header.uriText) {
    const kept = keep(header.uriText, uriText, settings.secret);
    context.recordRouteParams += `;${settings.params[which]}=${kept}`;
  }
  return true;
}

/** As a display name may stand: in quotes, or words. */
function displayText(text: string): string {
  if (text === '' || /^"(?:[^"\\]|\\.)*"$/.test(text)) return text;
  return text.split(' ').every((word) => isToken(word)) ? text : quote(text);
}

/** Has answers carry From and To as the request came with them. */
function restoreReplies(context: RequestContext): void {
  if (context.get(RESTORING) === true) return;
  context.set(RESTORING, true);
  const { request } = context;
  const [from, to] = [request.get(H.From), request.get(H.To)];
  context.watch({
    replied: (reply) => {
      const { message, changes } = reply;
      if (from !== undefined && message.get(H.From) !== from)
        changes.add((edit) => void edit.set(H.From, from));
      if (to === undefined || message.to?.uriText === request.to?.uriText) return;
      const tag = request.to?.tag === undefined ? message.to?.tag : undefined;
      const value = tag === undefined ? to : `${to};tag=${tag}`;
      changes.add((edit) => void edit.set(H.To, value));
    },
  });
}

/**
 * Puts the identity back that the reader of a request inside a dialog knows, by what Record-Route has kept.
 * @param params of the own Route
 * @returns whether something was kept
 */
export function restore(m: ScriptMessage, settings: RestoreSettings, which: Which, params: string): boolean {
  const kept = paramValue(params, settings.params[which]);
  if (kept === undefined || kept === '') return false;
  // The caller's own identity is in From of its requests, and in To of those of the callee.
  const end: Which = isDownstream(m) === (which === 'from') ? 'from' : 'to';
  const header = headerOf(m.context, end);
  const uri = header && other(kept, header.uriText, settings.secret);
  if (header === undefined || uri === undefined) return false;
  // A display name that belongs to the other identity is nobody's business here.
  m.changes.add((edit) => void edit.set(idOf(end), `<${uri}>${header.params}`));
  restoreReplies(m.context);
  return true;
}

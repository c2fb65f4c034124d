import type { Side } from '../../../../core/proxy/record-route.ts';
import { H } from '../../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../../wire/sip/message.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import { type ContextKey, contextKey } from '../../runtime/context-key.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { contactFor, contactIn, hideWay, type PassedParams, restoreRoutes } from './contact.ts';

/** How requests without a dialog are hidden. */
export interface RequestHiding {
  /** The parameter of the Contact that holds the true one. */
  readonly param: string;
  readonly passed: PassedParams;
  readonly trusted: string | undefined;
}

/** What stands sealed in a Contact: the way to who it stands for. */
type Way = readonly [target: string, socket: string, ...routes: string[]];

/** What is found in a Contact of a request inside a dialog. */
export interface DecodedWay {
  readonly contact: string;
  readonly routes: readonly string[];
}

export const DECODED: ContextKey<DecodedWay> = contextKey('hidden way');

/** Who has so many Routes does not get them hidden. */
const MOST_ROUTES = 16;

/** Hides in one request, and in what answers it, who stands behind this server; the Contact holds the way back. */
export function hideRequest(
  m: ScriptMessage,
  hiding: RequestHiding,
  user: 'pass' | readonly [string?, string?],
): void {
  const { context } = m;
  const { request, program } = context;
  const { advertise } = program.services;
  const written = (
    message: SipMessage,
    reader: Side,
    socket: string,
    routes: readonly string[],
    wanted: string | undefined,
  ) => {
    const contact = contactIn(message);
    const way: Way = [contact?.uriText ?? '', socket, ...routes.slice(0, MOST_ROUTES)];
    const params = `;${hiding.param}=${advertise.tags.seal(JSON.stringify(way))}`;
    const name = user === 'pass' ? contact?.uri?.user : wanted;
    return contactFor(reader, advertise, { user: name, params, tagged: false }, contact, hiding.passed);
  };
  const trusts = ({ listener }: Side) => hiding.trusted !== undefined && listener.name === hiding.trusted;
  m.changes.add((edit, reader) => {
    if (reader === undefined || trusts(reader)) return;
    hideWay(edit);
    if (!request.has(H.Contact)) return;
    const routes = request.elements(H.RecordRoute).map(({ text }) => text);
    const name = user === 'pass' ? undefined : user[1];
    edit.set(H.Contact, written(request, reader, context.flow.listener.name, routes, name));
  });
  context.watch({
    relaying: (it) => {
      it.recordRoute = undefined;
    },
    replied: ({ message, changes, replyView }) => {
      if (replyView === undefined || trusts(replyView.reader)) return;
      changes.add((edit) => {
        restoreRoutes(edit, request);
        if (message.status >= 300 || !message.has(H.Contact)) return;
        const routes = message.elements(H.RecordRoute).map(({ text }) => text);
        const name = user === 'pass' ? undefined : user[0];
        edit.set(
          H.Contact,
          written(message, replyView.reader, replyView.sender.listener.name, routes.reverse(), name),
        );
      });
    },
  });
}

/** Leads a request whose Request-URI is such a Contact. @returns false where it is none of ours */
export function leadHidden(m: ScriptMessage, params: readonly string[]): boolean {
  const { context } = m;
  const { advertise } = m.program.services;
  const token = params.map((name) => context.request.uri?.param(name)).find((it) => it !== undefined);
  const way = token === undefined ? undefined : readWay(advertise.tags.unseal(token));
  if (way === undefined) return false;
  const [target, socket, ...routes] = way;
  m.target.uri = target;
  m.target.path = routes.length === 0 ? null : routes.join(',');
  m.target.du = null;
  m.target.socket = m.program.services.environment.network.listeners.find(({ name }) => name === socket);
  context.routedTo = null;
  context.set(DECODED, { contact: target, routes });
  return true;
}

function readWay(text: string | undefined): Way | undefined {
  if (text === undefined) return undefined;
  // It was sealed here, or by a node with the same key.
  const way = JSON.parse(text) as Way;
  return Uri.parse(way[0]) === undefined ? undefined : way;
}

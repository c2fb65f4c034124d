import { isReliable } from '../../net/transport-name.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import { type HeaderEntry, viaLines } from '../../wire/sip/build.ts';
import { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { watchFlow } from '../flow/flow-timer.ts';
import { asksForFlow, isFirstHop } from '../flow/route-flow.ts';
import { answersFromBehindNat, fixForwardedContacts } from '../nat/forwarded-contact.ts';
import type { Source } from '../registrar/location-store.ts';
import { hideContacts } from '../topology/border.ts';
import type { Branch } from './branch.ts';
import type { ForkOptions } from './fork-options.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import { isSameRoute, restoreRecordRoute, type Side } from './record-route.ts';

const FLOW_TIMER = 'Flow-Timer';

/** The branch that an answer came by, as it was then: its next hop may have changed since. */
export type AnsweredBranch = Pick<Branch, 'target' | 'hop' | 'legs' | 'recordRoute' | 'direct'>;

/** Begins to write an answer of a branch as the caller is to read it (RFC 3261 §16.7 items 3 and 8). */
export function answerEdit(
  response: SipMessage,
  { recordRoute }: AnsweredBranch,
  { request, topVia }: ServerTransaction,
): MessageEdit {
  const edit = new MessageEdit(response);
  // What is left below our own Via is what the request came with: taken from there, nobody can have changed or lost it.
  edit.removeAll(H.Via).insert(response.headersStart, viaLines(request, topVia));
  if (recordRoute) restoreRecordRoute(edit, response, recordRoute, request);
  return edit;
}

/**
 * Finishes the answer (RFC 3261 §16.7 item 9).
 * @param reader what the caller is told of this server
 */
export function answerBytes(
  edit: MessageEdit,
  reader: Side | undefined,
  branch: AnsweredBranch,
  transaction: ServerTransaction,
  options: ForkOptions,
  env: ProxyEnvironment,
  extra: readonly HeaderEntry[] = [],
): Buffer {
  const { message: response } = edit;
  const seen = behindNat(response, branch, env);
  if (reader && branch.legs?.outbound.hidden) {
    const { transport } = reader.listener;
    hideContacts(edit, response, env.advertise, { address: reader.printed, transport }, seen);
  } else if (seen) {
    fixForwardedContacts(edit, seen);
  }
  if (options.path) tellFlowTimer(edit, transaction, env);
  for (const [header, value] of extra) edit.append(header, value);
  if (isReliable(transaction.flow.transport)) edit.ensureContentLength();
  return edit.toBuffer();
}

/** Where an answer has come from whose Contact does not lead there; undefined where it does, or is not to be fixed. */
function behindNat(response: SipMessage, branch: AnsweredBranch, env: ProxyEnvironment): Source | undefined {
  const { hop, target } = branch;
  if (!hop || hop.looped || !env.settings.fixContact || !isFromUserAgent(response, branch)) return undefined;
  const { address, port } = hop.destination;
  const seen = { transport: hop.listener.transport, address, port };
  return answersFromBehindNat(response, seen, target.source !== undefined) ? seen : undefined;
}

/** Whether the answer has a Contact, and nobody stands between this server and who wrote it. */
function isFromUserAgent(response: SipMessage, branch: AnsweredBranch): boolean {
  if (response.status >= 300 || !branch.direct || !response.has(H.Contact)) return false;
  const ours = branch.recordRoute?.forCallee[0];
  if (ours !== undefined && response.beginsWith(H.RecordRoute, ours)) return true;
  const top = response.topElement(H.RecordRoute);
  return top === undefined || (ours !== undefined && isSameRoute(top.text, ours));
}

/** Whoever asked for a flow, and got it from the registrar, is told how this edge proxy keeps it (RFC 5626 §5.4). */
function tellFlowTimer(edit: MessageEdit, { request, flow }: ServerTransaction, env: ProxyEnvironment): void {
  const { status } = edit.message;
  if (status < 200 || status > 299 || edit.message.header(FLOW_TIMER) !== undefined) return;
  if (!isFirstHop(request) || !asksForFlow(request)) return;
  const seconds = watchFlow(flow, env.settings.flowTimer);
  if (seconds !== undefined) edit.append(FLOW_TIMER, seconds);
}

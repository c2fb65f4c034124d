import type { Flow } from '../../net/flow.ts';
import { isReliable } from '../../net/transport-name.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import type { MessageEdit } from '../../wire/sip/edit.ts';
import { viaText } from '../../wire/sip/via.ts';
import { type BranchDraft, transactionOverride } from './branch-draft.ts';
import type { ForkOptions, StatelessOptions } from './fork-options.ts';
import { forwardedRequest } from './forwarded-request.ts';
import { dressContacts, type Legs, printLegs } from './legs.ts';
import type { LooseRoute } from './loose-route.ts';
import type { Hop } from './next-hop.ts';
import type { OutgoingRoute } from './outgoing-route.ts';
import { dialogRoute, registerPath } from './own-routes.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import type { RecordRoute } from './record-route.ts';
import { viaParams } from './via-params.ts';

const NOTHING: readonly string[] = Object.freeze([]);

/** What all branches of one request share. */
export interface BranchSetting {
  readonly transaction: ServerTransaction;
  readonly route: LooseRoute;
  readonly options: ForkOptions;
  readonly loopHash: string;
  readonly recordRoute: boolean;
}

/** A request as it goes to one hop, and what it says of this server. */
export interface WrittenRequest {
  readonly bytes: Buffer;
  readonly legs: Legs;
  readonly recordRoute: RecordRoute | undefined;
}

/**
 * Writes the request of a branch for one hop (RFC 3261 §16.6).
 * @param flow the one that the callee must be reached by again; undefined where any will do
 * @throws ServerError SIP_BAD_FIELD where a part would break out of its field
 */
export function writeRequest(
  { transaction, route, options }: BranchSetting,
  draft: BranchDraft,
  outgoing: OutgoingRoute,
  hop: Hop,
  out: Flow,
  flow: Flow | undefined,
  viaBranch: string,
  maxBreadth: number,
  env: ProxyEnvironment,
): WrittenRequest {
  const { request } = transaction;
  const { secure } = outgoing;
  const { listener } = hop;
  const overrides = {
    inbound: transactionOverride(options) ?? route.overrides.inbound,
    outbound: draft.advertise,
  };
  const legs = printLegs(transaction.flow, hop, overrides, env);
  const recordRoute = draft.recordRoute
    ? (presetRoute(options) ??
      dialogRoute(transaction, legs, flow, { params: options.recordRouteParams, secure }, env))
    : undefined;
  const edit = forwardedRequest({
    request,
    via: viaText(listener.transport, legs.via.printed, viaBranch, viaParams(out)),
    topVia: transaction.topVia,
    hideVias: legs.inbound.hidden,
    recordRoute: recordRoute?.forCallee ?? NOTHING,
    path: options.path
      ? registerPath(
          transaction,
          legs,
          hop,
          overrides,
          secure,
          options.path === true ? {} : options.path,
          env,
        )
      : NOTHING,
    route: outgoing,
    maxBreadth,
    stream: isReliable(listener.transport),
  });
  return {
    bytes: finishRequest(edit, draft, options, transaction.flow, hop, legs, viaBranch, env),
    legs,
    recordRoute,
  };
}

/** Adds what was asked for, and makes the Contacts mean something to the next hop. Throws as {@link writeRequest} does. */
export function finishRequest(
  edit: MessageEdit,
  draft: BranchDraft,
  options: StatelessOptions,
  received: Flow,
  { destination }: Hop,
  legs: Legs,
  viaBranch: string,
  env: ProxyEnvironment,
): Buffer {
  if (options.headers) appendAll(edit, options.headers);
  if (draft.added) appendAll(edit, draft.added);
  dressContacts(edit, received, legs, env);
  const { edit: change, onRequestWritten } = options;
  if (!change && !draft.edits && !onRequestWritten) return edit.toBuffer();
  const to = { reader: legs.outbound, sender: legs.inbound, destination, viaBranch };
  change?.(edit, to);
  if (draft.edits) for (const add of draft.edits) add(edit, to);
  const bytes = edit.toBuffer();
  onRequestWritten?.(bytes, to, draft.index);
  return bytes;
}

function appendAll(edit: MessageEdit, headers: readonly HeaderEntry[]): void {
  for (const [header, value] of headers) edit.append(header, value);
}

function presetRoute({ recordRoutePreset }: ForkOptions): RecordRoute | undefined {
  return recordRoutePreset && { forCallee: recordRoutePreset, forCaller: recordRoutePreset };
}

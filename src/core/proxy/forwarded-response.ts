import { isReliable } from '../../net/transport-name.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import { type HeaderEntry, viaLines } from '../../wire/sip/build.ts';
import { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { fixNatedContacts } from '../nat/contact-fix.ts';
import { isBehindNat } from '../nat/nat-test.ts';
import { hideContacts } from '../topology/border.ts';
import type { Branch } from './branch.ts';
import type { ForkOptions } from './fork-options.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import { restoreRecordRoute } from './record-route.ts';

/** Writes an answer of a branch as the caller is to read it (RFC 3261 §16.7 items 3, 8, 9). */
export function forwardedResponse(
  response: SipMessage,
  branch: Branch,
  transaction: ServerTransaction,
  options: ForkOptions,
  env: ProxyEnvironment,
  extra: readonly HeaderEntry[] = [],
): Buffer {
  const edit = new MessageEdit(response);
  const { inbound, outbound, hop, recordRoute } = branch;
  if (inbound?.hidden) {
    edit.removeAll(H.Via);
    edit.insert(response.headersStart, viaLines(transaction.request, transaction.topVia));
  } else {
    edit.removeTopElements(H.Via, 1);
  }
  if (recordRoute && response.status < 300) restoreRecordRoute(edit, response, recordRoute);
  if (inbound && outbound?.hidden) {
    hideContacts(edit, response, env.advertise, {
      address: inbound.printed,
      transport: inbound.listener.transport,
    });
  } else if (hop && env.settings.fixContact && response.status < 300 && response.has(H.Contact)) {
    const from = {
      transport: hop.listener.transport,
      remoteAddress: hop.destination.address,
      remotePort: hop.destination.port,
    };
    if (isBehindNat(response, from)) fixNatedContacts(edit, response, from);
  }
  for (const [header, value] of extra) edit.append(header, value);
  if (isReliable(transaction.flow.transport)) edit.ensureContentLength();
  options.onReply?.({ response, edit });
  return edit.toBuffer();
}

import { canonicalHost, formatHostPort } from '../../base/ip.ts';
import type { TransportName } from '../../net/transport-name.ts';
import { transportName } from '../../net/transport-name.ts';
import type { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import { parseHostPort } from '../../wire/sip/host-port.ts';
import { NameAddr } from '../../wire/sip/name-addr.ts';
import { checkField } from '../../wire/sip/text.ts';
import { Uri } from '../../wire/sip/uri.ts';

/** The URI parameter that keeps the host and port which a fixed Contact had. */
export const ORIGINAL_PARAM = 'org';

export interface ContactFixOptions {
  /** URI parameters to add, from their `;` on. */
  readonly params?: string;
  /** Keeps the original host and port in `;org=`, so that {@link restoreRequestUri} finds them. */
  readonly preserve?: boolean;
}

/** An IP address and port, as the sender of a message is seen. */
export interface SeenAt {
  readonly address: string;
  readonly port: number;
}

/**
 * Gives every `sip:` and `sips:` Contact the address that the message came from (OpenSIPS `fix_nated_contact`). Once
 * for one edit: a second one would edit the same bytes again.
 * @returns how many Contacts were changed; 0 for `*` and none
 * @throws ServerError SIP_BAD_FIELD for parameters that would break out of the field
 */
export function fixContacts(edit: MessageEdit, seen: SeenAt, options: ContactFixOptions = {}): number {
  let fixed = 0;
  for (const element of edit.message.elements(H.Contact)) {
    const contact = NameAddr.parse(element.text);
    if (contact?.uri?.kind !== 'sip') continue;
    const uri = fixedContactUri(contact.uri, seen, options);
    edit.replace(
      element.start,
      element.end,
      new NameAddr(contact.displayName, uri.toString(), contact.params).toString(),
    );
    fixed++;
  }
  return fixed;
}

/** The URI with host and port of the source, without maddr; everything else as it was. */
export function fixedContactUri(uri: Uri, seen: SeenAt, options: ContactFixOptions = {}): Uri {
  const original = formatHostPort(uri.host, uri.port);
  let fixed = uri.withoutParam('maddr').withoutParam(ORIGINAL_PARAM);
  fixed = fixed.with({ host: canonicalHost(seen.address), port: seen.port });
  if (options.params !== undefined) {
    fixed = fixed.with({ params: fixed.params + checkField('Contact parameters', options.params) });
  }
  if (options.preserve !== true) return fixed;
  return fixed.withParam(ORIGINAL_PARAM, Buffer.from(original, 'latin1').toString('base64url'));
}

/** A Request-URI as it was before its Contact was fixed, and where it is sent. */
export interface RestoredUri {
  readonly uri: string;
  readonly destination: {
    readonly host: string;
    readonly port: number | undefined;
    readonly transport: TransportName | undefined;
  };
}

/**
 * Undoes {@link fixContacts} with `preserve` (OpenSIPS `restore_nated_ruri`).
 * @returns undefined where the URI carries nothing to restore, or what is no host and port
 */
export function restoreRequestUri(text: string): RestoredUri | undefined {
  const uri = Uri.parse(text);
  return uri && restoredUri(uri);
}

/** As {@link restoreRequestUri}, for one that was read. */
export function restoredUri(uri: Uri): RestoredUri | undefined {
  const kept = uri.kind === 'sip' ? uri.param(ORIGINAL_PARAM) : undefined;
  if (kept === undefined || kept === '') return undefined;
  const original = parseHostPort(Buffer.from(kept, 'base64url').toString('latin1'));
  if (original === undefined) return undefined;
  const { host, port } = original;
  return {
    uri: uri.withoutParam(ORIGINAL_PARAM).with({ host, port }).toString(),
    destination: {
      host: uri.host,
      port: uri.port,
      transport: transportName(uri.param('transport') ?? ''),
    },
  };
}

import type { Uri } from '../../wire/sip/uri.ts';
import type { Services } from './services.ts';

/** A URI of a call, as scripts read it: who is meant, and whether that is kept here. */
export interface Address {
  /** The URI as text: `sip:alice@example.com`. */
  readonly uri: string;
  /** With escapes undone; undefined where the URI has none. For `tel:` the number. */
  readonly user: string | undefined;
  /** As written, IPv6 without brackets; '' for schemes without a host. */
  readonly host: string;
  readonly port: number | undefined;
  /** Whether this server keeps addresses of that domain: a configured one, or anything it is bound to or prints. */
  readonly isLocal: boolean;
  /** What the location service files it under; undefined for what is no address-of-record of a local domain. */
  readonly aor: string | undefined;
  /** The display name without quotes; '' where there is none. */
  readonly displayName: string;
  /** The URI taken apart; undefined where it could not be read. */
  readonly parsed: Uri | undefined;
  /** @internal */
  readonly services: Services;
}

import { undoEscapes } from '../wire/sip/escape.ts';
import type { NameAddr } from '../wire/sip/name-addr.ts';
import { fromByteString } from '../wire/sip/text.ts';
import type { Uri } from '../wire/sip/uri.ts';
import type { Address } from './api/address.ts';
import type { Services } from './api/services.ts';

/** A URI that a request names. */
export class RequestAddress implements Address {
  readonly uri: string;
  readonly parsed: Uri | undefined;
  readonly displayName: string;
  readonly services: Services;

  constructor(services: Services, text: string, parsed: Uri | undefined, displayName = '') {
    this.services = services;
    this.uri = fromByteString(text);
    this.parsed = parsed;
    this.displayName = displayName;
  }

  /** The address of a From or To. */
  static of(services: Services, value: NameAddr | undefined): RequestAddress {
    return new RequestAddress(services, value?.uriText ?? '', value?.uri, fromByteString(value?.name ?? ''));
  }

  get user(): string | undefined {
    const user = this.parsed?.user;
    return user === undefined ? undefined : fromByteString(undoEscapes(user));
  }

  get host(): string {
    return this.parsed?.host ?? '';
  }

  get port(): number | undefined {
    return this.parsed?.port;
  }

  get isLocal(): boolean {
    return this.parsed !== undefined && this.services.isLocal(this.parsed);
  }

  get aor(): string | undefined {
    return this.parsed && this.services.addressOfRecord(this.parsed);
  }
}

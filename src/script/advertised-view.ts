import { formatHostPort } from '../base/ip.ts';
import type { AddressParts } from '../net/listener.ts';
import { addressParts } from './request-call.ts';

/** The printed address of what is about to be sent, as scripts read and write it: `host`, `host:port`, `:port`. */
export abstract class AdvertisedView {
  readonly #sent: { advertise: AddressParts | undefined };

  constructor(sent: { advertise: AddressParts | undefined }) {
    this.#sent = sent;
  }

  get advertise(): string | undefined {
    const parts = this.#sent.advertise;
    return parts && formatHostPort(parts.host ?? '', parts.port);
  }

  set advertise(hostPort: string | undefined) {
    this.#sent.advertise = hostPort === undefined ? undefined : addressParts(hostPort);
  }
}

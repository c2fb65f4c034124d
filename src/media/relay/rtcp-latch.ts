import { sameEndpoint } from './endpoint.ts';
import type { Latch } from './latch.ts';
import type { Endpoint } from './packet-path.ts';

/**
 * Where a party's RTCP comes from and goes to. It follows the latch of its RTP: only the address that is believed there,
 * or signalled while none is, and one port of it; the first one, unless the signalled one comes.
 */
export class RtcpLatch {
  readonly #rtp: Latch;
  #source: Endpoint | undefined;
  #expected: Endpoint | undefined;
  #neighbour: Endpoint | undefined;

  constructor(rtp: Latch) {
    this.#rtp = rtp;
  }

  /** Where RTCP for the party goes; undefined on hold. */
  get remote(): Endpoint | undefined {
    if (this.#rtp.held) return undefined;
    if (!this.#rtp.asymmetric && this.#source && this.#source.address === this.#believed())
      return this.#source;
    const remote = this.#rtp.remote;
    // The port next to RTP's (RFC 3550 §11).
    if (remote !== this.#neighbour) {
      this.#neighbour = remote;
      this.#expected = remote && { address: remote.address, port: remote.port + 1 };
    }
    return this.#expected;
  }

  /** A command named another address: the port is learned anew. */
  reopen(): void {
    this.#source = undefined;
  }

  /** @returns whether it is the party's */
  accepts(source: Endpoint): boolean {
    const address = this.#believed();
    if (address === undefined || source.address !== address) return false;
    if (this.#source && this.#source.address === address) {
      if (sameEndpoint(this.#source, source)) return true;
      if (!this.#isSignalled(source)) return false;
    }
    this.#source = { address, port: source.port };
    return true;
  }

  #believed(): string | undefined {
    return (this.#rtp.source ?? this.#rtp.signalled)?.address;
  }

  #isSignalled(source: Endpoint): boolean {
    const signalled = this.#rtp.signalled;
    return (
      signalled !== undefined && source.port === signalled.port + 1 && source.address === signalled.address
    );
  }
}

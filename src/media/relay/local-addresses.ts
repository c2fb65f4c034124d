import { canonicalHost, type IpFamily, ipFamily } from '../../base/ip.ts';
import { RtpproxyError, type RtpproxyErrorCode } from '../../wire/rtpproxy/error-code.ts';
import type { UpdateModifiers } from '../../wire/rtpproxy/modifiers.ts';
import type { Endpoint } from './packet-path.ts';
import type { MediaAddress } from './relay-settings.ts';
import { addressTowards } from './route.ts';

/** Addresses for the two sides of a new medium. */
export interface AddressPair {
  /** Of the side whose port is answered. */
  readonly answered: MediaAddress;
  /** Of the side that faces the command's own party. */
  readonly facing: MediaAddress;
}

/** The relay's own addresses, and which of them a side gets. */
export class LocalAddresses {
  readonly #all: readonly MediaAddress[];
  readonly #internal: MediaAddress | undefined;
  readonly #external: MediaAddress | undefined;

  constructor(all: readonly MediaAddress[]) {
    this.#all = all;
    this.#internal = all.find(({ role }) => role === 'internal');
    this.#external = all.find(({ role }) => role === 'external');
  }

  /**
   * The one that a command names by `l` or `r`, be it one of the relay's or another of this machine.
   * @returns the error of modifiers that ask for what is not there
   */
  async named(modifiers: UpdateModifiers): Promise<MediaAddress | RtpproxyErrorCode | undefined> {
    const { localAddress, remoteAddress, interfaces, ipv6 } = modifiers;
    if (interfaces.length > 0 && !(this.#internal && this.#external)) {
      return interfaces[0] === 'external' ? RtpproxyError.ExternalInterface : RtpproxyError.InternalInterface;
    }
    if (localAddress && 'label' in localAddress) {
      return this.#all.find(({ label }) => label === localAddress.label) ?? RtpproxyError.LocalAddress;
    }
    if (localAddress) return this.#byAddress(localAddress.address);
    if (remoteAddress === undefined) {
      const isThere = interfaces.length > 0 || this.#preferred(ipv6 ? 6 : 4);
      return isThere ? undefined : RtpproxyError.NoAddressOfFamily;
    }
    const towards = await addressTowards(remoteAddress);
    return towards === undefined ? RtpproxyError.RemoteAddress : this.#byAddress(towards);
  }

  /**
   * @param named what {@link named} said
   * @param remote where the command's party receives
   */
  choose(
    modifiers: UpdateModifiers,
    named: MediaAddress | undefined,
    remote: Endpoint | undefined,
  ): AddressPair | RtpproxyErrorCode {
    const { interfaces, ipv6 } = modifiers;
    const family = (remote && ipFamily(remote.address)) || (ipv6 ? 6 : 4);
    if (interfaces.length > 0) {
      // The first letter is the side that the message comes from, the second the one it goes to.
      const [from, to = this.#internal!] = interfaces.map((side) => this.#ofRole(side));
      return { answered: named ?? to, facing: named ?? from! };
    }
    const preferred = named ?? this.#preferred(ipv6 ? 6 : 4);
    if (!preferred) return RtpproxyError.NoAddressOfFamily;
    const facing = ipFamily(preferred.address) === family ? preferred : this.#preferred(family);
    return facing ? { answered: preferred, facing } : RtpproxyError.NoAddressOfFamily;
  }

  /** What two letters of a bridge say of the side that is answered; undefined where they say nothing. */
  answeredBy({ interfaces }: UpdateModifiers): MediaAddress | undefined {
    if (interfaces.length < 2) return undefined;
    return this.#ofRole(interfaces[1]!);
  }

  /** Both roles are there wherever {@link named} lets letters pass. */
  #ofRole(role: 'internal' | 'external'): MediaAddress {
    return role === 'external' ? this.#external! : this.#internal!;
  }

  #preferred(family: IpFamily): MediaAddress | undefined {
    return this.#all.find(({ address }) => ipFamily(address) === family);
  }

  #byAddress(text: string): MediaAddress {
    const address = canonicalHost(text);
    return this.#all.find((own) => canonicalHost(own.address) === address) ?? { address };
  }
}

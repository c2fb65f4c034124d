import { ServerError } from '../../base/errors.ts';
import { canonicalHost, ipFamily } from '../../base/ip.ts';
import { milliseconds } from '../api/duration.ts';
import type { AnchorOptions } from '../api/media.ts';
import type { AnchorSettings } from './anchor-settings.ts';
import type { CallMediaHandle } from './call-media-handle.ts';
import type { MediaCalls } from './media-calls.ts';
import type { AnchorPolicy } from './needs-relay.ts';
import type { RelaySets } from './relay-sets.ts';

/** What `call.anchorMedia()` stands on. */
export class Anchoring {
  readonly calls: MediaCalls;
  readonly relays: RelaySets;
  /** What holds where a script says nothing. */
  policy: AnchorPolicy;

  constructor(calls: MediaCalls, relays: RelaySets, policy: AnchorPolicy) {
    this.calls = calls;
    this.relays = relays;
    this.policy = policy;
  }

  /**
   * A script's wishes, checked.
   * @param guard runs a script's callback, so that what it throws harms nobody
   * @returns undefined where the media are to go their own way
   * @throws ServerError MEDIA_NO_RELAY for a relay that is not configured, SIP_BAD_FIELD for what is no address
   */
  settings(
    options: AnchorOptions,
    handle: CallMediaHandle,
    guard: (callback: () => void) => void,
  ): AnchorSettings | undefined {
    const policy = options.when ?? this.policy;
    if (policy === 'never') return undefined;
    const relay = this.relays.find(options.relay);
    if (!relay) {
      // A server without relays runs the same routes as one that has some.
      if (options.relay === undefined && options.when === undefined) return undefined;
      throw this.#noRelay(options.relay);
    }
    if (options.pin !== undefined && !this.relays.rows().some(({ node }) => node === options.pin)) {
      throw this.#noRelay(options.pin);
    }
    const { address, onKey, onTimeout, packetTime, asymmetric, trustAddress, force, ice, directions } =
      options;
    if (address !== undefined && ipFamily(address) === 0) {
      throw new ServerError('SIP_BAD_FIELD', `anchorMedia: ${JSON.stringify(address)} is no IP address`);
    }
    return {
      relay,
      policy,
      pin: options.pin,
      address: address === undefined ? undefined : canonicalHost(address),
      flags: {
        ...(asymmetric !== undefined && { asymmetric }),
        ...(trustAddress !== undefined && { trustAddress }),
        ...(force !== undefined && { force }),
        ...(ice !== undefined && { ice }),
        ...(directions !== undefined && { directions }),
        ...(packetTime !== undefined && { packetTime: milliseconds(packetTime) }),
        ...(onKey !== undefined && { keys: true }),
      },
      without: options.unavailable ?? 'refuse',
      record: options.record ?? false,
      onKey: onKey && ((key) => guard(() => onKey(key, handle))),
      onTimeout: onTimeout && (() => guard(() => onTimeout(handle))),
    };
  }

  #noRelay(name: string | undefined): ServerError {
    const names = [...this.relays.names, ...this.relays.rows().map(({ node }) => node)];
    const what = name === undefined ? 'there is no relay' : `there is no relay ${JSON.stringify(name)}`;
    return new ServerError('MEDIA_NO_RELAY', `anchorMedia: ${what}`, {
      hint: names.length > 0 ? `one of ${names.join(', ')}` : 'configure one under "media"',
    });
  }
}

import { ServerError } from '../../base/errors.ts';
import { canonicalHost, ipFamily } from '../../base/ip.ts';
import { milliseconds } from '../api/duration.ts';
import type { AnchorOptions, MediaOutcome } from '../api/media.ts';
import type { AnchorSettings } from './anchor-settings.ts';
import type { AnchoredCall } from './anchored-call.ts';
import type { CallMediaHandle, MediaMover } from './call-media-handle.ts';
import type { MediaCalls } from './media-calls.ts';
import type { AnchorPolicy } from './needs-relay.ts';
import type { RelaySet, RelaySets } from './relay-sets.ts';

/** What `call.anchorMedia()` stands on. */
export class Anchoring implements MediaMover {
  readonly calls: MediaCalls;
  /** For calls that begin from now on. */
  relays: RelaySets;
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
    // A server without relays runs the same routes as one that has some.
    const wanted = options.relay ?? options.pin ?? options.when;
    if (wanted === undefined && this.relays.names.length === 0) return undefined;
    const relay = this.relay(options.relay, options.pin);
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
        ...(onKey !== undefined && { keys: true, ...(options.tones && { tones: true }) }),
      },
      without: options.unavailable ?? 'refuse',
      record: options.record ?? false,
      onKey: onKey && ((key) => guard(() => onKey(key, handle))),
      onTimeout: onTimeout && (() => guard(() => onTimeout(handle))),
    };
  }

  /** @throws ServerError MEDIA_NO_RELAY where there is no such set, or it has no such relay */
  relay(name: string | undefined, pin: string | undefined): RelaySet {
    const relay = this.relays.find(name);
    if (!relay) throw this.#noRelay(name);
    const rows = this.relays.rows().filter((row) => row.name === relay.name);
    if (pin !== undefined && !rows.some(({ node }) => node === pin)) throw this.#noRelay(pin);
    return relay;
  }

  /** Throws as {@link relay} does. */
  async move(call: AnchoredCall, name: string, pin: string | undefined): Promise<MediaOutcome> {
    return this.calls.move(call, this.relay(name, pin), pin);
  }

  #noRelay(name: string | undefined): ServerError {
    const names = [...this.relays.names, ...this.relays.rows().map(({ node }) => node)];
    const what = name === undefined ? 'there is no relay' : `there is no relay ${JSON.stringify(name)}`;
    return new ServerError('MEDIA_NO_RELAY', what, {
      hint: names.length > 0 ? `one of ${names.join(', ')}` : 'configure one under "media"',
    });
  }
}

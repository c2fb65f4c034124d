import { ipFamily } from '../base/ip.ts';
import type { NodeSetSpec } from '../media/control/node-spec.ts';
import type { RtpengineSettings } from '../media/control/rtpengine-settings.ts';
import type { RtpproxySettings } from '../media/control/rtpproxy-settings.ts';
import { DEFAULT_RECORDER_SETTINGS } from '../media/recorder/recorder.ts';
import { DEFAULT_RELAY_SETTINGS, type MediaAddress } from '../media/relay/relay-settings.ts';
import { DEFAULT_TRAFFIC_CLASS, type RelayProgram } from '../media/server/relay-program.ts';
import type { Listener } from '../net/listener.ts';
import { parseNotifySocket } from '../wire/rtpproxy/notification.ts';
import type { MediaConfig, MediaRelayConfig, RelaySetConfig, RelaysConfig } from './config/server-config.ts';

/** The media of the configuration, in the words of the floor below. */

/** The one relay of the set that is this server's own. */
const EMBEDDED: NodeSetSpec = {
  id: 0,
  nodes: [{ name: 'embedded', address: { transport: 'embedded' }, advertised: undefined, weight: 1 }],
};

/** How the relay in this server is commanded: each party is served at the address from which it is reached. */
export const EMBEDDED_SETTINGS: RtpproxySettings = { sets: [EMBEDDED], autobridge: true };

/** @param listeners whose addresses it has where it has none of its own */
export function relayProgram(relay: MediaRelayConfig, listeners: readonly Listener[]): RelayProgram {
  return {
    relay: {
      ...DEFAULT_RELAY_SETTINGS,
      addresses: relayAddresses(relay, listeners),
      ports: relay.ports,
      ttlMs: relay.timeout,
      setupTtlMs: relay.setupTimeout,
      heldTtlMs: relay.heldTimeout,
      maxSessions: relay.sessions,
      learn: { ...DEFAULT_RELAY_SETTINGS.learn, windowMs: relay.learning },
    },
    path: relay.path,
    trafficClass: DEFAULT_TRAFFIC_CLASS,
    notifySockets: [],
    recordsAll: false,
    sound: {
      recordings: {
        ...DEFAULT_RECORDER_SETTINGS,
        folders: { directory: relay.recordings },
        capture: relay.capture,
        wav: relay.wav,
      },
      prompts: { directory: relay.prompts },
    },
  };
}

/** In order of preference. What is printed for them outside is not the relay's business: each reader is told his own. */
export function relayAddresses(relay: MediaRelayConfig, listeners: readonly Listener[]): MediaAddress[] {
  if (relay.addresses) {
    return relay.addresses.map(({ address, name }) => ({
      address,
      ...(name !== undefined && { label: name }),
    }));
  }
  const addresses = [...new Set(listeners.map(({ address }) => address))];
  // One of a link needs a scope, which descriptions have no room for.
  const usable = addresses.filter((address) => !address.toLowerCase().startsWith('fe80:'));
  return usable.sort((a, b) => Number(isLoopback(a)) - Number(isLoopback(b))).map((address) => ({ address }));
}

/** What is printed outside for an address of the relay, where the configuration says so. */
export function advertisedFor(
  { addresses, advertise }: MediaRelayConfig,
  address: string,
): string | undefined {
  const named = addresses?.find((it) => it.address === address)?.advertised;
  return named ?? advertise.find((it) => ipFamily(it) === ipFamily(address));
}

export function rtpproxySettings({ rtpproxy }: MediaConfig): RtpproxySettings {
  const { autobridge, notify, notifyOn } = rtpproxy;
  const listen = parseNotifySocket(notifyOn ?? notify ?? '');
  return {
    ...rtpengineSettings(rtpproxy),
    autobridge,
    ...(notify !== undefined && { notify: { listen, printed: notify } }),
  };
}

export function rtpengineSettings({ sets, timeout, retries, retryAfter }: RelaysConfig): RtpengineSettings {
  return { sets: nodeSets(sets), timeoutMs: timeout, tries: retries + 1, disableMs: retryAfter };
}

/** Sets have numbers where they are commanded: those of their order, from 1 on. */
export function nodeSets(sets: readonly RelaySetConfig[]): NodeSetSpec[] {
  return sets.map(({ nodes }, index) => ({ id: index + 1, nodes }));
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

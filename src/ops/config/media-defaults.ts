import { join, resolve } from 'node:path';
import { DEFAULT_DISABLE_MS, DEFAULT_PATIENCE } from '../../media/control/fleet-settings.ts';
import { DEFAULT_RELAY_SETTINGS } from '../../media/relay/relay-settings.ts';
import type { ParsedMedia } from './parsed-config.ts';
import type { MediaConfig, MediaRelayConfig, RelaysConfig } from './server-config.ts';

/**
 * Fills in what a file leaves out of `media`.
 * @param base what paths in the file are relative to
 * @param data the data directory, where recordings and prompts are by default
 */
export function mediaConfig(parsed: ParsedMedia, base: string, data: string): MediaConfig {
  return {
    // Addresses tell where phones are, not whether they reach each other; with a relay they need not.
    anchor: parsed.anchor ?? 'always',
    relay: parsed.relay === 'off' ? undefined : relayConfig(parsed.relay ?? {}, base, data),
    use: parsed.use,
    rtpproxy: {
      ...relays(parsed.rtpproxy ?? {}),
      autobridge: parsed.rtpproxy?.autobridge ?? false,
      notify: parsed.rtpproxy?.notify,
      notifyOn: parsed.rtpproxy?.notifyOn,
    },
    rtpengine: relays(parsed.rtpengine ?? {}),
  };
}

function relays(given: NonNullable<ParsedMedia['rtpengine']>): RelaysConfig {
  const { timeoutMs, tries } = DEFAULT_PATIENCE;
  return {
    sets: Object.entries(given.sets ?? {}).map(([name, nodes]) => ({ name, nodes })),
    timeout: given.timeout ?? timeoutMs,
    retries: given.retries ?? tries - 1,
    retryAfter: given.retryAfter ?? DEFAULT_DISABLE_MS,
  };
}

function relayConfig(
  given: Exclude<NonNullable<ParsedMedia['relay']>, 'off'>,
  base: string,
  data: string,
): MediaRelayConfig {
  const { ports, ttlMs, setupTtlMs, heldTtlMs, maxSessions, learn } = DEFAULT_RELAY_SETTINGS;
  return {
    addresses: given.addresses,
    advertise: given.advertise ?? [],
    ports: given.ports ?? ports,
    path: given.path ?? 'auto',
    timeout: given.timeout ?? ttlMs,
    setupTimeout: given.setupTimeout ?? setupTtlMs,
    heldTimeout: given.heldTimeout ?? heldTtlMs,
    sessions: given.sessions ?? maxSessions,
    learning: given.learning ?? learn.windowMs,
    recordings: given.recordings === undefined ? join(data, 'recordings') : resolve(base, given.recordings),
    prompts: given.prompts === undefined ? join(data, 'prompts') : resolve(base, given.prompts),
    capture: given.capture ?? 'pcap',
    wav: given.wav ?? true,
  };
}

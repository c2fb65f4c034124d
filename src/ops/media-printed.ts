import type { Advertise } from '../advertise/advertise.ts';
import { ipFamily } from '../base/ip.ts';
import type { Listener } from '../net/listener.ts';
import { printedMediaAddress } from '../script/media/printed-address.ts';
import type { MediaRelayConfig } from './config/server-config.ts';
import { advertisedFor, relayAddresses } from './media-settings.ts';

/** An address of the server's own relay, and what stands for it in session descriptions. */
export interface PrintedMedia {
  readonly address: string;
  /** Undefined where no listener of its family tells anybody of it. */
  readonly printed: string | undefined;
}

/** What stands in session descriptions for each address of the relay whose family is that of the reader. @param to IP address of the reader */
export function printedMedia(
  relay: MediaRelayConfig,
  advertise: Advertise,
  listeners: readonly Listener[],
  to: string,
): PrintedMedia[] {
  const family = ipFamily(to) || 4;
  return relayAddresses(relay, listeners)
    .filter(({ address }) => ipFamily(address) === family)
    .map(({ address }) => {
      const listener =
        listeners.find((it) => it.address === address) ?? listeners.find((it) => it.family === family);
      const own = { address, family, advertised: advertisedFor(relay, address), local: true };
      const reader = listener && { listener, destination: to, override: undefined };
      return { address, printed: reader && printedMediaAddress(own, reader, advertise) };
    });
}

/** The same in words, a line for each address; '' without a relay of its own. */
export function printedMediaText(
  relay: MediaRelayConfig | undefined,
  advertise: Advertise,
  listeners: readonly Listener[],
  to: string,
): string {
  if (!relay) return '';
  return printedMedia(relay, advertise, listeners, to)
    .map(({ address, printed }) => `media at ${address} are printed as ${printed ?? 'nothing'} to ${to}`)
    .join('\n');
}

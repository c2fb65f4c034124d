import type { OptionsSender } from '../nat/keepalive.ts';
import type { Binding } from '../registrar/location-store.ts';
import type { UserAgentClient } from './user-agent-client.ts';

/** Keeps a NAT open, and learns whether anybody is there, by OPTIONS from the listener that the contact registered on. */
export class OptionsPing implements OptionsSender {
  readonly #client: UserAgentClient;
  readonly #bootId: string;

  /** @param bootId of this run: connections of another one are gone */
  constructor(client: UserAgentClient, bootId: string) {
    this.#client = client;
    this.#bootId = bootId;
  }

  async sendOptions(binding: Binding): Promise<boolean> {
    const outcome = await this.#client.request({
      method: 'OPTIONS',
      requestUri: binding.contact,
      route: binding.path,
      ...(binding.natted || binding.regId > 0 ? { source: binding.received } : {}),
      connectionId: binding.bootId === this.#bootId ? binding.connectionId : 0,
      listener: binding.listener,
    });
    // Any answer of the phone's own shows that it is there.
    return outcome.response !== undefined;
  }
}

import type { Clock, TimerHandle } from '../../base/clock.ts';
import { formatHostPort } from '../../base/ip.ts';
import type { Destination } from '../../net/network.ts';
import type { Quarantine, Quarantined } from '../../net/quarantine.ts';
import type { UserAgentClient } from './user-agent-client.ts';

const LOOK_EVERY_MS = 2000;
const MOST_PENDING = 16;

/** Lets addresses out of quarantine: asks each by OPTIONS when its time is over, and any answer but 503 will do. */
export class QuarantineProbe implements AsyncDisposable {
  readonly #quarantine: Quarantine;
  readonly #client: Pick<UserAgentClient, 'request'>;
  readonly #clock: Clock;
  readonly #isMine: (destination: Destination) => boolean;
  readonly #pending = new Set<string>();
  #timer: TimerHandle | undefined;
  #closed = false;
  readonly counters = { sent: 0, answered: 0 };

  /** @param isMine which addresses are asked from here; all unless given */
  constructor(
    quarantine: Quarantine,
    client: Pick<UserAgentClient, 'request'>,
    clock: Clock,
    isMine: (destination: Destination) => boolean = () => true,
  ) {
    this.#isMine = isMine;
    this.#quarantine = quarantine;
    this.#client = client;
    this.#clock = clock;
    this.#arm();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #arm(): void {
    if (this.#closed) return;
    this.#timer = this.#clock.setTimer(LOOK_EVERY_MS, () => {
      for (const entry of this.#quarantine.size > 0 ? this.#quarantine.due() : []) {
        if (this.#isMine(entry.destination)) this.#probe(entry);
      }
      this.#arm();
    });
  }

  #probe({ destination }: Quarantined): void {
    const { transport, address, port } = destination;
    const requestUri = `sip:${formatHostPort(address, port)};transport=${transport}`;
    if (this.#pending.has(requestUri) || this.#pending.size >= MOST_PENDING) return;
    this.#pending.add(requestUri);
    this.counters.sent++;
    this.#client
      .request({ method: 'OPTIONS', requestUri, source: destination })
      .then(
        ({ response, status }) => response !== undefined && status !== 503,
        () => false,
      )
      .then((answered) => {
        this.#pending.delete(requestUri);
        if (this.#closed) return;
        if (!answered) this.#quarantine.failed(destination, 'no answer to a probe');
        else {
          this.counters.answered++;
          this.#quarantine.heard(destination);
        }
      });
  }
}

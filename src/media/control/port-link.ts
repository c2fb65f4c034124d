import type { MessagePort } from 'node:worker_threads';
import { type TimerWheel, WheelTimer } from '../../base/timer-wheel.ts';
import type { PortCommand, PortMessage } from '../server/port-message.ts';
import { type ControlLink, type LinkAnswer, type LinkPatience, linkFailure } from './control-link.ts';

/** Opens a port to the embedded relay, or rejects where there is none. */
export type OpenRelayPort = () => Promise<MessagePort>;

export interface PortLinkOptions extends LinkPatience {
  readonly open: OpenRelayPort;
  readonly wheel: TimerWheel;
  /** A line as it would come to a notify socket. */
  notified(line: string): void;
}

const WINDOW = 256;

/** Commands to the embedded relay over a port. A port that closes says that the relay is gone; the next command asks for another. */
export class PortLink implements ControlLink {
  readonly window: number = WINDOW;
  strays = 0;
  readonly #options: PortLinkOptions;
  readonly #asked = new Map<number, Asked>();
  #port: Promise<MessagePort | undefined> | undefined;
  #lastId = 0;
  #closed = false;

  constructor(options: PortLinkOptions) {
    this.#options = options;
  }

  async ask(text: string): Promise<LinkAnswer> {
    if (this.#closed) return linkFailure('closed', 'the link is closed');
    this.#port ??= this.#open();
    const port = await this.#port;
    if (!port) {
      this.#port = undefined;
      return linkFailure('unreachable', 'the embedded relay is not running');
    }
    const { wheel, timeoutMs, tries } = this.#options;
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const reason = `no answer in ${timeoutMs * tries} ms`;
      const timer = new WheelTimer(() => this.#settle(id, linkFailure('timeout', reason)));
      this.#asked.set(id, { resolve, timer });
      wheel.arm(timer, timeoutMs * tries);
      port.postMessage({ id, command: text } satisfies PortCommand);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#settleAll(linkFailure('closed', 'the link was closed'));
    (await this.#port)?.close();
  }

  async #open(): Promise<MessagePort | undefined> {
    try {
      const port = await this.#options.open();
      port.on('message', (message: PortMessage) => this.#received(message));
      port.on('close', () => {
        this.#port = undefined;
        this.#settleAll(linkFailure('unreachable', 'the embedded relay is gone'));
      });
      return port;
    } catch {
      return undefined;
    }
  }

  #received(message: PortMessage): void {
    if ('notification' in message) this.#options.notified(message.notification);
    else if (!this.#settle(message.id, { ok: true, text: message.answer })) this.strays++;
  }

  #settleAll(answer: LinkAnswer): void {
    for (const id of this.#asked.keys()) this.#settle(id, answer);
  }

  #settle(id: number, answer: LinkAnswer): boolean {
    const asked = this.#asked.get(id);
    if (!asked) return false;
    this.#asked.delete(id);
    this.#options.wheel.cancel(asked.timer);
    asked.resolve(answer);
    return true;
  }
}

interface Asked {
  readonly resolve: (answer: LinkAnswer) => void;
  readonly timer: WheelTimer;
}

import type { MessagePort } from 'node:worker_threads';
import type { PeerSubscriber, WorkerPeers } from '../worker-place.ts';

interface Envelope {
  readonly topic: string;
  readonly message: unknown;
}

/** {@link WorkerPeers} over one message port to each other worker. */
export class PortPeers implements WorkerPeers, AsyncDisposable {
  readonly #ports = new Map<number, MessagePort>();
  readonly #subscribers = new Map<string, PeerSubscriber>();

  /** That worker is at the other end of the port, in place of any before it. The port does not keep the thread alive. */
  attach(index: number, port: MessagePort): void {
    this.detach(index);
    this.#ports.set(index, port);
    port.on('message', ({ topic, message }: Envelope) => {
      if (this.#ports.get(index) === port) this.#subscribers.get(topic)?.message(index, message);
    });
    port.unref();
    for (const subscriber of this.#subscribers.values()) subscriber.attached?.(index);
  }

  /** That worker has ended. Nothing happens where it was not there. */
  detach(index: number): void {
    const port = this.#ports.get(index);
    if (!port) return;
    this.#ports.delete(index);
    port.close();
    for (const subscriber of this.#subscribers.values()) subscriber.detached?.(index);
  }

  post(index: number, topic: string, message: unknown, transfer: ArrayBuffer[] = []): boolean {
    const port = this.#ports.get(index);
    if (!port) return false;
    const envelope: Envelope = { topic, message };
    port.postMessage(envelope, transfer);
    return true;
  }

  subscribe(topic: string, subscriber: PeerSubscriber): void {
    this.#subscribers.set(topic, subscriber);
    for (const index of this.#ports.keys()) subscriber.attached?.(index);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const port of this.#ports.values()) port.close();
    this.#ports.clear();
    this.#subscribers.clear();
  }
}

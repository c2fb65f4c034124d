import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { PeerSubscriber } from '../worker-place.ts';
import { PortPeers } from './port-peers.ts';

class Ear implements PeerSubscriber {
  readonly heard: string[] = [];
  #wake = (): void => {};

  message(from: number, message: unknown): void {
    this.#note(`${from} says ${String(message)}`);
  }

  attached(index: number): void {
    this.#note(`${index} is there`);
  }

  detached(index: number): void {
    this.#note(`${index} has ended`);
  }

  async until(count: number): Promise<readonly string[]> {
    while (this.heard.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.heard;
  }

  #note(what: string): void {
    this.heard.push(what);
    this.#wake();
  }
}

function pair() {
  const { port1, port2 } = new MessageChannel();
  const zero = new PortPeers();
  const one = new PortPeers();
  zero.attach(1, port1);
  one.attach(0, port2);
  return { zero, one, port1, port2 };
}

describe('workers that post to each other', () => {
  it('hear what is posted on the topics that they listen to, in order', async () => {
    await using ends = new AsyncDisposableStack();
    const { zero, one } = pair();
    ends.use(zero);
    ends.use(one);
    const [ear, deaf] = [new Ear(), new Ear()];
    one.subscribe('a', ear);
    one.subscribe('b', deaf);
    for (const word of ['1', '2', '3']) expect(zero.post(1, 'a', word)).toBe(true);
    expect(await ear.until(4)).toEqual(['0 is there', '0 says 1', '0 says 2', '0 says 3']);
    expect(deaf.heard).toEqual(['0 is there']);
  });

  it('hear when one ends, and of the one that comes in its place', async () => {
    await using ends = new AsyncDisposableStack();
    const { zero, one, port2 } = pair();
    ends.use(zero);
    ends.use(one);
    const ear = new Ear();
    one.subscribe('a', ear);
    one.detach(0);
    await once(port2, 'close');
    expect(one.post(0, 'a', 'gone')).toBe(false);
    const { port1: left, port2: right } = new MessageChannel();
    zero.attach(1, left);
    one.attach(0, right);
    zero.post(1, 'a', 'back');
    expect(await ear.until(4)).toEqual(['0 is there', '0 has ended', '0 is there', '0 says back']);
  });

  it('give away buffers that they transfer', async () => {
    await using ends = new AsyncDisposableStack();
    const { zero, one } = pair();
    ends.use(zero);
    ends.use(one);
    const ear = new Ear();
    one.subscribe('a', ear);
    const bytes = new Uint8Array([1, 2, 3]);
    zero.post(1, 'a', bytes, [bytes.buffer]);
    expect(bytes.length).toBe(0);
    expect(await ear.until(2)).toContain('0 says 1,2,3');
  });
});

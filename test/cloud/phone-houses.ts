// Scripted phones in all places, and the calls between them.
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Order, Report } from './phone-house.ts';
import type { Place } from './phones.ts';
import { stop } from './sandbox.ts';
import type { HeardMessage } from './scripted-phone.ts';
import type { Topology } from './topology.ts';

const HOUSE = fileURLToPath(new URL('phone-house.ts', import.meta.url));

/** How one side of a call went. */
export interface Ended {
  readonly trouble: string;
  readonly heard: readonly HeardMessage[];
}

interface Played {
  readonly registered: Promise<void>; // resolves when it ends, too
  readonly ended: Promise<Ended>;
}

interface Waiting {
  registered(): void;
  ended(how: Ended): void;
}

/** A process on a machine of the test network that plays its phones. */
export class PhoneHouse implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  constructor(net: Topology, place: Place) {
    const command = [process.execPath, HOUSE];
    this.#child = net.spawn(place, command, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout! }).on('line', (line) =>
      this.#hear(JSON.parse(line) as Report),
    );
  }

  play(order: Omit<Order, 'id'>): Played {
    const id = ++this.#count;
    const registered = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<Ended>();
    this.#waiting.set(id, { registered: registered.resolve, ended: ended.resolve });
    this.#child.stdin?.write(`${JSON.stringify({ id, ...order })}\n`);
    return { registered: registered.promise, ended: ended.promise };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return stop(this.#child);
  }

  #hear(report: Report): void {
    const waiting = this.#waiting.get(report.id);
    waiting?.registered();
    if (report.kind === 'registered') return;
    this.#waiting.delete(report.id);
    waiting?.ended(report);
  }
}

// A worker thread that takes its share of datagrams, for tests: it says what it got, and answers on demand.
import { parentPort, workerData } from 'node:worker_threads';
import type { DatagramIo, DatagramOptions } from '../datagram-io.ts';
import { sharedDatagrams } from '../datagram-path.ts';
import type { WorkerPlace } from '../worker-place.ts';

export type DatagramOrder =
  /** Open one more socket; the answer is its port. */
  | { readonly open: DatagramOptions }
  /** Answer with the texts of all that came, as soon as they are so many. */
  | { readonly until: number }
  | { readonly close: number };

export interface DatagramReport {
  readonly port?: number;
  readonly texts?: readonly string[];
  readonly overrun?: number;
  readonly code?: string | undefined;
  readonly closed?: boolean;
}

const { place, echo = false } = workerData as { place: WorkerPlace; echo?: boolean };
const shared = sharedDatagrams();
const sockets = new Map<number, DatagramIo>();
const texts: string[] = [];
let overrun = 0;
let until = Number.POSITIVE_INFINITY;

function report(it: DatagramReport): void {
  parentPort!.postMessage(it);
}

function tellIfDone(): void {
  if (texts.length < until) return;
  until = Number.POSITIVE_INFINITY;
  report({ texts, overrun });
}

async function open(options: DatagramOptions): Promise<void> {
  const sink = {
    datagram(bytes: Buffer, address: string, port: number): void {
      const text = bytes.toString('latin1');
      texts.push(text);
      if (echo) io.send(Buffer.from(`${place.index}: ${text}`, 'latin1'), address, port);
      tellIfDone();
    },
    sendFailed(): void {},
    overrun(count: number): void {
      overrun += count;
    },
  };
  const io = await shared!.openAs(place)(options, sink);
  sockets.set(io.port, io);
  report({ port: io.port });
}

parentPort!.on('message', (order: DatagramOrder) => {
  if ('open' in order) {
    open(order.open).catch((error: NodeJS.ErrnoException) => report({ code: error.code }));
  } else if ('until' in order) {
    until = order.until;
    tellIfDone();
  } else {
    const io = sockets.get(order.close);
    sockets.delete(order.close);
    io?.close().then(() => report({ closed: true }));
  }
});

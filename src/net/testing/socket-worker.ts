// A worker thread with sockets of its own, for tests: it answers each message on its flow with its index and the text.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { SystemClock } from '../../base/clock.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import type { Flow } from '../flow.ts';
import type { Listener } from '../listener.ts';
import { Sockets } from '../sockets.ts';
import type { WorkerPlace } from '../worker-place.ts';
import { PortPeers } from '../workers/port-peers.ts';

export type SocketOrder =
  | { readonly attach: number; readonly port: MessagePort }
  | { readonly detach: number }
  | { readonly open: Listener }
  /** Say which peers have their connections here. */
  | { readonly list: true };

export type SocketReport =
  | { readonly port: number }
  | { readonly closed: number }
  | { readonly peers: readonly number[] };

const { place } = workerData as { place: WorkerPlace };
const peers = new PortPeers();
const clock = new SystemClock();
let sockets: Sockets | undefined;

function report(it: SocketReport): void {
  parentPort!.postMessage(it);
}

async function open(listener: Listener): Promise<void> {
  const sink = {
    message(bytes: Buffer, flow: Flow): void {
      flow.send(Buffer.from(`${place.index} ${bytes.toString('latin1')}`, 'latin1'));
    },
    flowFailed(): void {},
    flowClosed(flow: Flow): void {
      report({ closed: flow.remotePort });
    },
  };
  const wheel = new TimerWheel(clock);
  sockets = await Sockets.open([listener], { clock, wheel, workers: { place, peers } }, sink);
  report({ port: sockets.listeners[0]!.port });
}

parentPort!.on('message', (order: SocketOrder) => {
  if ('attach' in order) peers.attach(order.attach, order.port);
  else if ('detach' in order) peers.detach(order.detach);
  else if ('open' in order) void open(order.open);
  else report({ peers: sockets!.connections().map((it) => it.remotePort) });
});

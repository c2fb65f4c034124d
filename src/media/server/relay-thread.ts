import { parentPort, workerData } from 'node:worker_threads';
import { channels } from '../../base/channels.ts';
import { SystemClock } from '../../base/clock.ts';
import { ServerError } from '../../base/errors.ts';
import { passable } from '../../base/passable.ts';
import { openPortDoor } from './port-door.ts';
import { type RelayProgram, startRelay } from './relay-program.ts';
import type { ThreadOrder, ThreadReport } from './thread-message.ts';

/** The thread of an embedded relay: see {@link EmbeddedRelay}. */
const parent = parentPort!;
const report = (it: ThreadReport) => parent.postMessage(it);

channels.log.subscribe((line) => report({ kind: 'log', line: passable(line as object) }));
channels.recording.subscribe((event) => report({ kind: 'recording', event: event as object }));

try {
  const server = startRelay(workerData as RelayProgram, new SystemClock());
  parent.on('message', (order: ThreadOrder) => {
    if (order.kind === 'connect') openPortDoor(order.port, (text, source) => server.execute(text, source));
    else void server[Symbol.asyncDispose]().then(() => process.exit());
  });
  report({ kind: 'started' });
} catch (error) {
  if (!(error instanceof ServerError)) throw error;
  report({ kind: 'refused', code: error.code, message: error.message, hint: error.hint });
}

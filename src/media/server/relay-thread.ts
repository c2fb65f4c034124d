import { parentPort, workerData } from 'node:worker_threads';
import { channels } from '../../base/channels.ts';
import { SystemClock } from '../../base/clock.ts';
import { ServerError } from '../../base/errors.ts';
import { openPortDoor } from './port-door.ts';
import { startRelay } from './relay-program.ts';
import type { ThreadOrder, ThreadReport, ThreadStart } from './thread-message.ts';

/** The thread of an embedded relay: see {@link EmbeddedRelay}. */
const parent = parentPort!;
const { program, detailed } = workerData as ThreadStart;
const report = (it: ThreadReport) => parent.postMessage(it);

channels.log.subscribe((message) => {
  const line = message as { readonly level: string; readonly error?: unknown };
  if (line.level === 'debug' && !detailed) return;
  // Errors keep their stack on the way, other objects might not get through.
  report({ kind: 'log', line: line.error === undefined ? line : { ...line, error: String(line.error) } });
});

channels.recording.subscribe((event) => report({ kind: 'recording', event: event as object }));

try {
  const server = startRelay(program, new SystemClock());
  parent.on('message', (order: ThreadOrder) => {
    if (order.kind === 'connect') openPortDoor(order.port, (text, source) => server.execute(text, source));
    else void server[Symbol.asyncDispose]().then(() => process.exit());
  });
  report({ kind: 'started' });
} catch (error) {
  if (!(error instanceof ServerError)) throw error;
  report({ kind: 'refused', code: error.code, message: error.message, hint: error.hint });
}

import { parentPort } from 'node:worker_threads';
import { openPortDoor } from '../port-door.ts';
import type { ThreadOrder, ThreadReport } from '../thread-message.ts';

/** A relay's thread that breaks where it is commanded to. */
const parent = parentPort!;
parent.on('message', (order: ThreadOrder) => {
  if (order.kind === 'stop') process.exit();
  else
    openPortDoor(order.port, (text) => {
      if (text === 'break') throw new Error('broken');
      return text;
    });
});
parent.postMessage({ kind: 'started' } satisfies ThreadReport);

// One worker behind the thread that receives for several: what handing on costs by itself.
//   behind-thread.ts -c FILE --routes FILE
import { parseArgs } from 'node:util';
import { configOf } from '../../src/cli/config-options.ts';
import { Supervisor } from '../../src/server/workers/supervisor.ts';

const { values: options } = parseArgs({
  options: { config: { type: 'string', short: 'c' }, routes: { type: 'string' } },
});
const reread = () => configOf(options);
await using server = await Supervisor.start({ config: await reread(), reread }, 1);
process.on('SIGTERM', () => server.stop());
await server.stopped;

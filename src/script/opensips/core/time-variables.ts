import type { VariableSpec } from '../frame/variable.ts';
import { formatTime } from './format-time.ts';

type Variables = Readonly<Record<string, VariableSpec<undefined>>>;

/** The time. */
export const timeVariables: Variables = {
  Ts: {
    describe: 'Seconds since 1970.',
    read: (m) => Math.floor(m.program.services.clock.wallNow() / 1000) | 0,
  },
  Tsm: {
    describe: 'Microseconds of the second.',
    read: (m) => Math.floor(m.program.services.clock.wallNow() % 1000) * 1000,
  },
  TS: {
    describe: 'When the script was started, in seconds since 1970.',
    read: (m) => Math.floor(m.program.startedAt / 1000) | 0,
  },
  Tf: {
    describe: 'The time as text.',
    read: (m) => formatTime(new Date(m.program.services.clock.wallNow()), '%a %b %e %H:%M:%S %Y'),
  },
  time: {
    describe: 'The time by a format as `date` has it.',
    inner: 'name',
    read: (m, _s, format) => formatTime(new Date(m.program.services.clock.wallNow()), format),
  },
  pp: { describe: 'Process id.', read: () => process.pid },
  mi: { describe: 'Number of the message.', read: (m) => m.context.number },
};

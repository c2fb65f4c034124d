import { H } from '../../../wire/sip/header-name.ts';
import { int } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { intParameter } from '../frame/parameter.ts';

interface State {
  /** The most that Max-Forwards may say when the request goes out. */
  readonly limit: number;
}

const { fn, define } = moduleParts<State>();

const MOST = 256;
const limit = int('max_value', { least: 1, most: MOST, describe: 'written where the request has none' });

export const module: ScriptModule = define({
  name: 'maxfwd',
  summary: 'Max-Forwards: counts it down, adds it where it is missing, and compares it.',
  params: {
    max_limit: intParameter(MOST, 'The most that Max-Forwards may say in what is forwarded.', {
      least: 1,
      most: MOST,
    }),
  },
  start: ({ max_limit }) => ({ limit: max_limit }),
  functions: {
    mf_process_maxfwd_header: fn({
      args: [limit],
      routes: ['request'],
      describe: 'Counts Max-Forwards down, or adds it where the request has none.',
      returns: '2: it was added; 1: it was counted down; -1: it was 0 already; -2: it is no number.',
      run: (m, state, most) => {
        const hops = m.message.maxForwards;
        if (hops === undefined) {
          m.changes.add((edit) => edit.set(H.MaxForwards, String(most)));
          return 2;
        }
        if (Number.isNaN(hops)) return -2;
        if (hops === 0) return -1;
        if (hops - 1 > state.limit) m.changes.add((edit) => edit.set(H.MaxForwards, String(state.limit)));
        return 1;
      },
    }),
    is_maxfwd_lt: fn({
      args: [limit],
      routes: ['request', 'failure', 'branch'],
      describe: 'Whether Max-Forwards is below a number.',
      returns: '1: it is; -1: it is not; -2: it is missing or no number.',
      run: (m, _state, most) => {
        const hops = m.message.maxForwards;
        if (hops === undefined || Number.isNaN(hops)) return -2;
        return hops < most;
      },
    }),
  },
});

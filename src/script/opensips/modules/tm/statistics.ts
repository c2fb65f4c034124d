import type { StatisticSpec } from '../../frame/module.ts';
import type { TmState } from './state.ts';

function finished(statusClass: number): StatisticSpec<TmState> {
  return {
    describe: `Transactions that ended with a ${statusClass}xx.`,
    read: ({ counters }) => counters.finished[statusClass]!,
  };
}

export const tmStatistics: Readonly<Record<string, StatisticSpec<TmState>>> = {
  received_replies: { describe: 'Replies that came.', read: ({ counters }) => counters.receivedReplies },
  relayed_replies: {
    describe: 'Replies that were passed on.',
    read: ({ counters }) => counters.relayedReplies,
  },
  local_replies: { describe: 'Replies of the server itself.', read: ({ counters }) => counters.localReplies },
  UAS_transactions: {
    describe: 'Transactions of requests that came.',
    read: ({ counters }) => counters.uasTransactions,
  },
  UAC_transactions: {
    describe: 'Transactions of requests that were sent.',
    read: ({ counters }) => counters.uacTransactions,
  },
  '2xx_transactions': finished(2),
  '3xx_transactions': finished(3),
  '4xx_transactions': finished(4),
  '5xx_transactions': finished(5),
  '6xx_transactions': finished(6),
  inuse_transactions: { describe: 'Transactions that are kept now.', read: ({ counters }) => counters.inUse },
};

import type { StatisticSpec } from '../frame/module.ts';
import type { CoreState } from './core-state.ts';

/** The statistics of OpenSIPS's core that are counted here too. */
export const coreStatistics: Readonly<Record<string, StatisticSpec<CoreState>>> = {
  rcv_requests: {
    describe: 'Requests that came.',
    read: ({ context }) => context.services.layer.counters.receivedRequests,
  },
  rcv_replies: {
    describe: 'Replies that came.',
    read: ({ context }) => context.services.layer.counters.receivedReplies,
  },
  fwd_replies: {
    describe: 'Replies that were passed on.',
    read: ({ context }) => context.services.layer.counters.relayedReplies,
  },
  drop_requests: {
    describe: 'Requests that were refused because there was no room for their transaction.',
    read: ({ context }) => context.services.layer.counters.dropped,
  },
  bad_msg_hdr: {
    describe: 'What came and was no message, or a broken one.',
    read: ({ context }) => context.services.layer.counters.malformed,
  },
  timestamp: {
    describe: 'Seconds since the start.',
    read: ({ context }) => secondsSince(context.program.startedAt, context.services.clock.wallNow()),
  },
};

/** Whole seconds between two times in ms. */
export function secondsSince(start: number, now: number): number {
  return Math.floor((now - start) / 1000);
}

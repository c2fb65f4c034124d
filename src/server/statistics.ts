import type { OverloadControl } from '../core/front-door/overload.ts';
import type { Sockets } from '../net/sockets.ts';
import { daysLeft } from '../net/tls-contexts.ts';
import type { TransactionCounters } from '../transaction/transaction-counters.ts';

export type CounterGroup = Readonly<Record<string, number>>;

/** The numbers of an object that counts, by name; everything else in it is left out. */
export function numbersOf(counters: object): CounterGroup {
  return Object.fromEntries(
    Object.entries(counters).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

/** As {@link numbersOf}, with what is open, and the days until the first certificate ends where there is one. */
export function networkNumbers(network: Sockets, wallNow: number): CounterGroup {
  const days = network.certificates.map((certificate) => daysLeft(certificate, wallNow));
  return {
    ...numbersOf(network.counters),
    openConnections: network.openConnections,
    ...(days.length > 0 && { certificateDaysLeft: Math.min(...days) }),
  };
}

/** What was refused because there was more to do than could be done, and how busy the server was last; shares in percent. */
export function overloadNumbers(overload: OverloadControl): CounterGroup {
  const { active, share, load } = overload;
  return {
    ...numbersOf(overload.counters),
    active: Number(active),
    letIn: Math.round(share * 100),
    busy: Math.round(load.busy * 100),
    delayMs: Math.round(load.waitedMs),
  };
}

/** As {@link numbersOf}, with the final answers by class: `finished2xx` … */
export function transactionNumbers(counters: TransactionCounters): CounterGroup {
  const classes = counters.finished.map((count, index) => [`finished${index}xx`, count] as const).slice(2);
  return { ...numbersOf(counters), ...Object.fromEntries(classes) };
}

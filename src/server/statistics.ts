import type { TransactionCounters } from '../transaction/transaction-counters.ts';

export type CounterGroup = Readonly<Record<string, number>>;

/** The numbers of an object that counts, by name; everything else in it is left out. */
export function numbersOf(counters: object): CounterGroup {
  return Object.fromEntries(
    Object.entries(counters).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

/** As {@link numbersOf}, with the final answers by class: `finished2xx` … */
export function transactionNumbers(counters: TransactionCounters): CounterGroup {
  const classes = counters.finished.map((count, index) => [`finished${index}xx`, count] as const).slice(2);
  return { ...numbersOf(counters), ...Object.fromEntries(classes) };
}

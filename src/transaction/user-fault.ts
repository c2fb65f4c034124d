import { logLine } from '../base/channels.ts';
import type { TransactionCounters } from './transaction-counters.ts';

/** Notes an exception of the element above: it must reach neither a socket's callback nor the timer wheel. */
export function userFault(counters: TransactionCounters, fault: unknown): void {
  counters.userFaults++;
  const text = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault);
  logLine('error', 'transaction', `a handler threw: ${text}`);
}

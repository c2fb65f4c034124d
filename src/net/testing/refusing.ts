import { Refusals } from '../refusals.ts';

/** Refuses every INVITE from 127.0.0.1, with `away` for a To tag. */
export function refusing(): Refusals {
  const refusals = new Refusals();
  refusals.answerWith('away');
  refusals.allow('127.0.0.1', Infinity);
  refusals.refuse(0);
  return refusals;
}

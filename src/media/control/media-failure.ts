import { ServerError } from '../../base/errors.ts';
import type { MediaFailure, MediaFault } from './media-control.ts';

export function failure(fault: MediaFault, reason: string, error?: number): MediaFailure {
  return error === undefined ? { ok: false, fault, reason } : { ok: false, fault, reason, error };
}

/**
 * Prints a command.
 * @returns a failure for values that cannot stand in it
 * @throws what is no fault of a value
 */
export function printed(print: () => string): string | MediaFailure {
  try {
    return print();
  } catch (error) {
    if (error instanceof ServerError && error.code === 'SIP_BAD_FIELD') {
      return failure('bad-value', error.message);
    }
    throw error;
  }
}

import { ServerError } from '../../base/errors.ts';
import type { MediaFailure, MediaFault } from './media-control.ts';
import type { NodeAnswer } from './relay-node.ts';

export function failure(fault: MediaFault, reason: string, error?: number): MediaFailure {
  return error === undefined ? { ok: false, fault, reason } : { ok: false, fault, reason, error };
}

/** Something is meant for a party that there is not yet. */
export function noAnswerer(): MediaFailure {
  return failure('bad-value', 'nobody has answered yet: the tag of the answerer is missing');
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

/** What it means for a call that a relay did not answer. */
export function linkFailed(answer: NodeAnswer & { readonly ok: false }): MediaFailure {
  switch (answer.fault) {
    case 'unreachable':
      return failure('no-relay', answer.reason);
    case 'too-long':
      return failure('bad-value', answer.reason);
    default:
      return failure(answer.fault, answer.reason);
  }
}

/** Whether the relay was not there for the call: another one may be. */
export function wasAway({ fault }: MediaFailure): boolean {
  return fault === 'timeout' || fault === 'no-relay' || fault === 'overload' || fault === 'closed';
}

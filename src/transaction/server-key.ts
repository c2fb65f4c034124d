import type { SipMessage } from '../wire/sip/message.ts';
import { MAGIC_COOKIE, type Via } from '../wire/sip/via.ts';

const NO_PORT = -1;

/**
 * What identifies a server transaction (RFC 3261 §17.2.3): method, sent-by and branch; without the magic cookie the
 * fields by which RFC 2543 matched stand in place of the branch, and no host, which no sent-by lacks. The parts are
 * never put together: a text of them would be made, hashed and kept for each request.
 */
export class ServerKey {
  readonly method: string;
  readonly host: string;
  readonly port: number;
  readonly branch: string;
  /** The index's own, where it has made one: as it is asked for several times. */
  hash: number | undefined = undefined;

  /**
   * @param message undefined where the branch has the magic cookie, and more
   * @param method that of the transaction: INVITE for an ACK, and for a CANCEL where the INVITE is looked for
   */
  constructor(message: SipMessage | undefined, via: Via, method: string) {
    this.method = method;
    if (message === undefined || hasUniqueBranch(via)) {
      this.host = via.host.toLowerCase();
      this.port = via.port ?? NO_PORT;
      this.branch = via.branch;
    } else {
      const { requestUri, cseq, from, callId } = message;
      this.host = '';
      this.port = NO_PORT;
      this.branch = `${requestUri} ${cseq?.number ?? ''} ${from?.tag ?? ''} ${callId} ${via.toString()}`;
    }
  }

  equals(other: ServerKey): boolean {
    return (
      this.port === other.port &&
      this.branch === other.branch &&
      this.host === other.host &&
      this.method === other.method
    );
  }
}

/** Whether the branch says by itself which transaction is meant (RFC 3261 §17.2.3). */
export function hasUniqueBranch({ branch }: Via): boolean {
  return branch.length > MAGIC_COOKIE.length && branch.startsWith(MAGIC_COOKIE);
}

import type { AddressParts } from '../../net/listener.ts';
import type { ServerTransaction } from '../../transaction/server-transaction.ts';
import type { HeaderEntry } from '../../wire/sip/build.ts';
import type { MessageEdit } from '../../wire/sip/edit.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { Branch } from './branch.ts';
import type { BranchRef, ForkOptions, ReplyView } from './fork-options.ts';
import { type AnsweredBranch, answerBytes, answerEdit } from './forwarded-response.ts';
import type { Legs } from './legs.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import type { Side } from './record-route.ts';

/** An answer on its way back, in the hands of a hook. */
export class PassingAnswer implements ReplyView {
  readonly response: SipMessage;
  readonly edit: MessageEdit;
  readonly branch: BranchRef;
  advertise: AddressParts | undefined = undefined;
  dropped = false;
  readonly #answered: AnsweredBranch;
  readonly #legs: Legs;
  readonly #transaction: ServerTransaction;
  readonly #env: ProxyEnvironment;
  readonly #extra: readonly HeaderEntry[];

  /** @param extra headers to add when the hook is done */
  constructor(
    response: SipMessage,
    branch: Branch,
    transaction: ServerTransaction,
    env: ProxyEnvironment,
    extra: readonly HeaderEntry[],
  ) {
    const { target, hop, legs, recordRoute, direct } = branch;
    this.response = response;
    this.branch = branch;
    this.#answered = { target, hop, legs, recordRoute, direct };
    // Who has answered was sent something.
    this.#legs = legs!;
    this.#transaction = transaction;
    this.#env = env;
    this.#extra = extra;
    this.edit = answerEdit(response, this.#answered, transaction);
  }

  get reader(): Side {
    const { inbound } = this.#legs;
    const override = this.advertise;
    if (override === undefined) return inbound;
    const { listener, destination } = inbound;
    const printed = this.#env.advertise.printed({ listener, destination, override, place: 'contact' });
    return { ...inbound, override, printed };
  }

  get sender(): Side {
    return this.#legs.outbound;
  }

  drop(): void {
    if (this.response.status < 200) this.dropped = true;
  }

  toBuffer(options: ForkOptions): Buffer {
    const { reader, edit } = this;
    return answerBytes(edit, reader, this.#answered, this.#transaction, options, this.#env, this.#extra);
  }
}

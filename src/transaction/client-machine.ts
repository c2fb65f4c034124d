import type { Flow } from '../net/flow.ts';
import { isReliable } from '../net/transport-name.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import type { ClientState, ClientTransaction, ClientTransactionUser } from './client-transaction.ts';
import { type MachineContext, TimedMachine } from './machine.ts';
import { userFault } from './user-fault.ts';

/** Keeps a client machine while it lives. */
export interface ClientOwner {
  /** The request is out: the machine wants to know when its connection breaks. */
  sent(machine: ClientMachine, flow: Flow): void;
  /** It is answered, and waits for nothing but what comes late. */
  answered(machine: ClientMachine): void;
  released(machine: ClientMachine): void;
}

/** What both client machines have in common. */
export abstract class ClientMachine extends TimedMachine implements ClientTransaction {
  readonly branch: string;
  readonly method: string;
  /** The place in the owner's table; -1 for the CANCEL of an INVITE, which has none of its own. */
  readonly index: number;
  state: ClientState = 'unsent';
  flow: Flow | undefined = undefined;
  protected user: ClientTransactionUser;
  /** Kept as long as it may be sent again, or something is derived from it. */
  protected request: Buffer | undefined = undefined;
  protected reliable = false;
  protected interval = 0;
  readonly #owner: ClientOwner;
  #failed = false;

  constructor(
    context: MachineContext,
    owner: ClientOwner,
    index: number,
    branch: string,
    method: string,
    user: ClientTransactionUser,
  ) {
    super(context);
    this.#owner = owner;
    this.index = index;
    this.branch = branch;
    this.method = method;
    this.user = user;
  }

  send(bytes: Buffer, flow: Flow): void {
    if (this.state !== 'unsent') return;
    const { timers, counters } = this.context;
    this.state = this.method === 'INVITE' ? 'calling' : 'trying';
    this.request = bytes;
    this.flow = flow;
    this.reliable = isReliable(flow.transport);
    if (!flow.send(bytes)) {
      // Told from the wheel: the user is not called back while it calls.
      counters.sendFailures++;
      this.#failed = true;
      this.armWait(0);
      return;
    }
    this.#owner.sent(this, flow);
    if (!this.reliable) {
      this.interval = timers.t1;
      this.armRetransmit(timers.t1);
    }
    this.armWait(timers.frTimeout);
  }

  abstract receive(response: SipMessage): void;
  abstract cancel(reason?: string): void;

  /** The waits B and F end with a failure, all others with silence. */
  waitOver(): void {
    if (this.#failed) this.fail('the request could not be sent');
    else if (this.unanswered) this.#timeout();
    else this.end();
  }

  connectionLost(reason: string): void {
    if (this.unanswered) this.fail(reason);
  }

  terminate(): void {
    this.end();
  }

  /** Whether no final answer has come. */
  protected get unanswered(): boolean {
    return this.state === 'calling' || this.state === 'trying' || this.state === 'proceeding';
  }

  /** Sends the request once more. One that cannot be sent is as good as lost on the way: the next may arrive. */
  protected sendAgain(next: number): void {
    this.context.counters.retransmissionsSent++;
    if (!this.flow!.send(this.request!)) this.context.counters.sendFailures++;
    this.interval = next;
    this.armRetransmit(next);
  }

  protected fail(reason: string): void {
    this.end();
    try {
      this.user.transportError(this, reason);
    } catch (fault) {
      userFault(this.context.counters, fault);
    }
  }

  /** Waits for what comes late, for 64 T1. */
  protected linger(): void {
    this.armWait(64 * this.context.timers.t1);
    this.#owner.answered(this);
  }

  protected end(): void {
    if (this.state === 'terminated') return;
    this.stopTimers();
    this.state = 'terminated';
    this.request = undefined;
    this.#owner.released(this);
  }

  #timeout(): void {
    this.context.counters.timeouts++;
    this.end();
    try {
      this.user.timeout(this);
    } catch (fault) {
      userFault(this.context.counters, fault);
    }
  }
}

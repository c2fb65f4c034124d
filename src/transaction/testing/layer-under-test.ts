import { FakeClock } from '../../base/fake-clock.ts';
import { SequentialIds } from '../../base/ids.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import type { Flow } from '../../net/flow.ts';
import type { TransportName } from '../../net/transport-name.ts';
import type { WorkerPlace } from '../../net/worker-place.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { parseMessage } from '../../wire/sip/parse.ts';
import type { ClientTransaction, ClientTransactionUser } from '../client-transaction.ts';
import type { ServerTransaction } from '../server-transaction.ts';
import { DEFAULT_TIMERS, type TransactionTimers } from '../timers.ts';
import { TransactionLayer } from '../transaction-layer.ts';
import type { TransactionUser } from '../transaction-user.ts';
import { type FakeFlow, FakeNetwork } from './fake-network.ts';

/** A layer on a fake network and a fake clock, whose user writes down what it is told. */
export class LayerUnderTest implements TransactionUser, ClientTransactionUser {
  readonly clock: FakeClock = new FakeClock();
  readonly network: FakeNetwork;
  readonly layer: TransactionLayer;
  /** The peer at 192.0.2.7:5060 that requests come from. */
  readonly near: FakeFlow;
  /** The peer at 198.51.100.9:5060 that requests go to. */
  readonly far: FakeFlow;
  /** What the user was told, in order: `response 180`, `timeout`, `request INVITE` … */
  readonly told: string[] = [];
  /** What the latest call of `request` or `cancel` brought. */
  readonly requests: SipMessage[] = [];
  /** The INVITE that the latest CANCEL named. */
  named: ServerTransaction | undefined = undefined;
  forced = false;

  constructor(
    transport: TransportName,
    options: { limit?: number; timers?: Partial<TransactionTimers>; place?: WorkerPlace } = {},
  ) {
    this.network = new FakeNetwork(transport);
    this.near = this.network.peer('192.0.2.7', 5060);
    this.far = this.network.peer('198.51.100.9', 5060);
    const limit = options.limit ?? 100;
    this.layer = new TransactionLayer({
      network: () => this.network,
      clock: this.clock,
      wheel: new TimerWheel(this.clock),
      ids: new SequentialIds(),
      timers: { ...DEFAULT_TIMERS, ...options.timers },
      user: this,
      limits: { serverTransactions: limit, clientTransactions: limit },
      place: options.place,
      forceRport: () => this.forced,
    });
  }

  request(message: SipMessage): void {
    this.requests.push(message);
    this.told.push(`request ${message.method}`);
  }

  ack(message: SipMessage): void {
    this.requests.push(message);
    this.told.push('ack');
  }

  cancel(message: SipMessage, _flow: Flow, invite: ServerTransaction | undefined): void {
    this.requests.push(message);
    this.named = invite;
    this.told.push(invite ? 'cancel of an INVITE' : 'cancel of nothing');
  }

  strayResponse(message: SipMessage): void {
    this.told.push(`stray ${message.status}`);
  }

  malformed(reason: string): void {
    this.told.push(`malformed: ${reason}`);
  }

  connectionClosed(): void {
    this.told.push('connection closed');
  }

  response(_transaction: ClientTransaction, response: SipMessage): void {
    this.told.push(`response ${response.status}`);
  }

  timeout(): void {
    this.told.push('timeout');
  }

  transportError(_transaction: ClientTransaction, reason: string): void {
    this.told.push(`transport error: ${reason}`);
  }

  /** Delivers a message. */
  receive(text: string, flow: FakeFlow = this.near): void {
    this.layer.message(Buffer.from(text, 'latin1'), flow);
  }

  /** Delivers a request and accepts it. */
  accept(text: string, flow: FakeFlow = this.near): ServerTransaction {
    this.receive(text, flow);
    return this.layer.accept(this.requests.at(-1)!, flow)!;
  }

  /** Makes a client transaction and sends a request of its method to {@link far}. */
  sendRequest(method: string, more = ''): ClientTransaction {
    const client = this.layer.createClient(method, this)!;
    client.send(Buffer.from(outgoing(method, client.branch, more), 'latin1'), this.far);
    return client;
  }

  /** Delivers an answer to a client transaction. */
  answer(client: ClientTransaction, status: number, method: string = client.method): void {
    this.receive(responseTo(client.branch, method, status), this.far);
  }

  /** What was told since the last call. */
  heard(): string[] {
    return this.told.splice(0);
  }
}

/** A request as a peer at 192.0.2.7 would send it; `via` are the parameters of its Via. */
export function incoming(method: string, via = ';branch=z9hG4bKcall1', toTag = ''): string {
  return (
    `${method} sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060${via}\r\n` +
    `From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>${toTag}\r\nCall-ID: call1@192.0.2.7\r\n` +
    `CSeq: 1 ${method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n`
  );
}

/** A request as this server would send it on. */
export function outgoing(method: string, branch: string, more = ''): string {
  return (
    `${method} sip:bob@198.51.100.9 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.34;branch=${branch}\r\n` +
    `Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKcall1\r\n${more}From: <sip:alice@example.com>;tag=a1\r\n` +
    `To: <sip:bob@example.com>\r\nCall-ID: call1@192.0.2.7\r\nCSeq: 7 ${method}\r\nContent-Length: 0\r\n\r\n`
  );
}

export function responseTo(branch: string, method: string, status: number): string {
  return (
    `SIP/2.0 ${status} Reason\r\nVia: SIP/2.0/UDP 10.0.0.34;branch=${branch}\r\n` +
    `From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>;tag=b2\r\nCall-ID: call1@192.0.2.7\r\n` +
    `CSeq: 7 ${method}\r\nContent-Length: 0\r\n\r\n`
  );
}

export function read(text: string): SipMessage {
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  if (!parsed.ok) throw new Error(`no message: ${parsed.reason}`);
  return parsed.message;
}

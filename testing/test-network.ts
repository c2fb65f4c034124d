import { canonicalHost, formatHostPort } from '../src/base/ip.ts';

/** An address and a port, as one side sees the other. */
export interface TestAddress {
  readonly address: string;
  readonly port: number;
}

/** One datagram as it was sent, and what became of it. */
export interface TestDatagram {
  /** Name of the sending host. */
  readonly sender: string;
  /** Name of the host that got it; undefined where nobody did. */
  readonly receiver: string | undefined;
  /** The sender as the receiver sees it. */
  readonly source: TestAddress;
  /** Where it was sent to. */
  readonly destination: TestAddress;
  /** A byte string. */
  readonly text: string;
  /** Why nobody got it. */
  readonly lost: 'no route' | 'no hairpin' | 'port closed' | 'dropped' | undefined;
}

export interface TestHostOptions {
  /** The address that the host itself has. */
  readonly address: string;
  /** What a 1:1 NAT turns it into for everybody outside its network. */
  readonly publicAddress?: string;
  /** Hosts of one network reach each other by their own addresses. Default `internet`. */
  readonly network?: string;
}

type Receiver = (bytes: Buffer, source: TestAddress) => void;

/** The most datagrams on their way or in the record at one time. */
const MOST = 100_000;

/**
 * A network of hosts without sockets: datagrams are delivered in order, soon after they were sent, through 1:1 NATs that
 * do what those of clouds do. An address of one network means nothing in another, and nobody reaches the public address
 * of a neighbour (no hairpin).
 */
export class TestNetwork {
  /** Everything that was sent. */
  readonly record: TestDatagram[] = [];
  /** Says of each datagram whether it gets lost; for tests of retransmission. */
  drop: (text: string, destination: TestAddress) => boolean = () => false;
  readonly #hosts: TestHost[] = [];
  readonly #queue: (() => void)[] = [];
  #draining = false;

  host(name: string, options: TestHostOptions): TestHost {
    const host = new TestHost(name, options, (from, to, bytes) => this.#send(host, from, to, bytes));
    this.#hosts.push(host);
    return host;
  }

  /** What nobody got. */
  get lost(): readonly TestDatagram[] {
    return this.record.filter((datagram) => datagram.lost !== undefined);
  }

  /** What was sent from one host to another, as byte strings. */
  between(sender: string, receiver: string): readonly string[] {
    return this.record
      .filter((datagram) => datagram.sender === sender && datagram.receiver === receiver)
      .map((datagram) => datagram.text);
  }

  #send(host: TestHost, fromPort: number, to: TestAddress, bytes: Buffer): boolean {
    if (this.#queue.length >= MOST || this.record.length >= MOST) return false;
    // A copy: senders may use their buffer again.
    const copy = Buffer.from(bytes);
    this.#queue.push(() => this.#deliver(host, fromPort, to, copy));
    if (!this.#draining) {
      this.#draining = true;
      queueMicrotask(() => this.#drain());
    }
    return true;
  }

  #drain(): void {
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) next();
    } finally {
      this.#draining = false;
    }
  }

  #deliver(sender: TestHost, fromPort: number, destination: TestAddress, bytes: Buffer): void {
    const text = bytes.toString('latin1');
    const to = canonicalHost(destination.address);
    const neighbour = this.#hosts.find((it) => it.network === sender.network && it.address === to);
    const beyond = this.#hosts.find((it) => it.publicAddress === to);
    const receiver = neighbour ?? (beyond && beyond.network !== sender.network ? beyond : undefined);
    const address = neighbour ? sender.address : sender.publicAddress;
    const source = { address: address ?? sender.address, port: fromPort };
    const port = receiver?.receiver(destination.port);
    let lost: TestDatagram['lost'];
    if (!receiver) lost = beyond ? 'no hairpin' : 'no route';
    else if (!neighbour && address === undefined) lost = 'no route';
    else if (!port) lost = 'port closed';
    else if (this.drop(text, destination)) lost = 'dropped';
    const name = lost === undefined ? receiver?.name : undefined;
    this.record.push({ sender: sender.name, receiver: name, source, destination, text, lost });
    if (lost === undefined) port?.(bytes, source);
  }
}

/** A machine of a {@link TestNetwork}. */
export class TestHost {
  readonly name: string;
  readonly address: string;
  /** How it is seen from other networks; undefined where it is not. */
  readonly publicAddress: string | undefined;
  readonly network: string;
  readonly #send: (fromPort: number, to: TestAddress, bytes: Buffer) => boolean;
  readonly #ports = new Map<number, Receiver>();

  /** @internal made by {@link TestNetwork.host} */
  constructor(
    name: string,
    options: TestHostOptions,
    send: (fromPort: number, to: TestAddress, bytes: Buffer) => boolean,
  ) {
    this.name = name;
    this.address = canonicalHost(options.address);
    this.network = options.network ?? 'internet';
    const own = this.network === 'internet' ? this.address : undefined;
    this.publicAddress = options.publicAddress ? canonicalHost(options.publicAddress) : own;
    this.#send = send;
  }

  /** Takes a port. @returns what sends from it */
  bind(port: number, receive: Receiver): (bytes: Buffer, to: TestAddress) => boolean {
    if (this.#ports.has(port))
      throw new Error(`${formatHostPort(this.address, port)} of ${this.name} is taken`);
    this.#ports.set(port, receive);
    return (bytes, to) => this.#ports.has(port) && this.#send(port, to, bytes);
  }

  close(port: number): void {
    this.#ports.delete(port);
  }

  /** @internal */
  receiver(port: number): Receiver | undefined {
    return this.#ports.get(port);
  }
}

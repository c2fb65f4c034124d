import type { DatagramIo, DatagramSink, OpenDatagramIo } from '../../../net/datagram-io.ts';

/** What a relay answers to a command (without cookie); undefined: nothing. */
export type Answering = (command: string) => string | undefined;

/** Every capability that rtpproxy 3.2 has and that is asked for. */
export const CAPABILITIES: readonly string[] = [
  '20050322',
  '20071116',
  '20071218',
  '20080403',
  '20081102',
  '20081224',
  '20090810',
  '20150420',
  '20150617',
  '20191015',
  '20200226',
  '20251015',
];

/** One relay of {@link FakeRelays}: it answers as a test says. */
export class FakeRelay {
  /** What came, without cookies and without the commands of a test (`V`, `VF`). */
  readonly commands: string[] = [];
  /** All datagrams as they came. */
  readonly datagrams: string[] = [];
  /** How many tests were begun. */
  tests = 0;
  silent = false;
  /** What rtpproxy writes behind an answer, and rtpengine does not. */
  lineEnd = '\n';
  capabilities: readonly string[] = CAPABILITIES;
  version = '20040107';
  /** For all but tests. */
  answering: Answering;
  readonly address: string;
  #nextPort = 40_000;
  readonly #answers = new Map<string, string | undefined>();

  constructor(address: string) {
    this.address = address;
    this.answering = (command) => this.usual(command);
  }

  /** Ports in order for `U` and `L`, else `0`. */
  usual(command: string): string {
    if (!/^[UL]/.test(command)) return '0';
    const port = this.#nextPort;
    this.#nextPort += 2;
    return `${port} ${this.address}${this.address.includes(':') ? ' 6' : ''}`;
  }

  /** @returns the answer's datagram, or undefined */
  take(datagram: string): string | undefined {
    this.datagrams.push(datagram);
    const blank = datagram.indexOf(' ');
    const cookie = datagram.slice(0, blank);
    // What is sent again is answered again, and not executed.
    if (!this.#answers.has(cookie)) this.#answers.set(cookie, this.#answer(datagram.slice(blank + 1)));
    const answer = this.#answers.get(cookie);
    return this.silent || answer === undefined ? undefined : `${cookie} ${answer}${this.lineEnd}`;
  }

  #answer(command: string): string | undefined {
    if (command === 'V') {
      this.tests++;
      return this.version;
    }
    if (command.startsWith('VF ')) return this.capabilities.includes(command.slice(3)) ? '1' : '0';
    this.commands.push(command);
    return this.answering(command);
  }
}

/** Relays behind one datagram socket, by `address:port`; nothing leaves the process. */
export class FakeRelays {
  readonly #relays = new Map<string, FakeRelay>();
  readonly sinks: DatagramSink[] = [];
  opened = 0;

  relay(address: string, port = 22_222): FakeRelay {
    const name = `${address} ${port}`;
    const relay = this.#relays.get(name) ?? new FakeRelay(address);
    this.#relays.set(name, relay);
    return relay;
  }

  readonly open: OpenDatagramIo = async (_options, sink): Promise<DatagramIo> => {
    this.opened++;
    this.sinks.push(sink);
    return {
      port: 1,
      send: (bytes, address, port) => {
        const answer = this.relay(address, port).take(bytes.toString('latin1'));
        if (answer !== undefined) {
          queueMicrotask(() => sink.datagram(Buffer.from(answer, 'latin1'), address, port));
        }
        return true;
      },
      close: async () => {
        this.opened--;
      },
    };
  };
}

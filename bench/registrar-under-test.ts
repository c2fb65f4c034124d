// The registrar of a server on no network at all: REGISTERs come in batches, as the accelerated path brings them.
import { Advertise } from '../src/advertise/advertise.ts';
import { FakeClock } from '../src/base/fake-clock.ts';
import { RandomIds } from '../src/base/ids.ts';
import { TimerWheel } from '../src/base/timer-wheel.ts';
import { Authenticator } from '../src/core/auth/authenticator.ts';
import { computeHa1, computeResponse } from '../src/core/auth/digest.ts';
import type { SubscriberStore } from '../src/core/auth/subscriber-store.ts';
import { DEFAULT_FRONT_DOOR, FrontDoor } from '../src/core/front-door/front-door.ts';
import { isBehindNat } from '../src/core/nat/nat-test.ts';
import type { LocationStore } from '../src/core/registrar/location-store.ts';
import { Registrar } from '../src/core/registrar/registrar.ts';
import { BoundListener } from '../src/net/bound-listener.ts';
import type { Flow } from '../src/net/flow.ts';
import defaultRoutes from '../src/script/api/default-routes.ts';
import { programOf } from '../src/script/program.ts';
import { Runtime } from '../src/script/runtime.ts';
import { DEFAULT_TIMERS } from '../src/transaction/timers.ts';
import { TransactionLayer } from '../src/transaction/transaction-layer.ts';
import openRoutes from './peers/registrar-routes.ts';

const DOMAIN = 'example.com';
const PASSWORD = 'correct-horse';
const BATCH = 64;

export class RegistrarUnderTest implements AsyncDisposable {
  /** REGISTERs that were not answered by 200. */
  failed = 0;
  readonly #clock = new FakeClock();
  readonly #layer: TransactionLayer;
  readonly #registrar: Registrar;
  readonly #digest: boolean;
  readonly #flow: Flow;
  #answers: string[] = [];
  #nonce = '';
  #uses = 0;
  #cseq = 1;

  /** @param subscribers where REGISTERs bear credentials: each of its users has {@link ha1Of} */
  constructor(location: LocationStore, subscribers: SubscriberStore | undefined) {
    const clock = this.#clock;
    const ids = new RandomIds();
    const wheel = new TimerWheel(clock);
    const asked = { transport: 'udp', address: '127.0.0.1', port: 5066, family: 4 } as const;
    const listener = new BoundListener({ name: 'udp:127.0.0.1:5066', advertised: undefined, ...asked }, 5066);
    this.#flow = {
      listener,
      transport: 'udp',
      remoteAddress: '127.0.0.1',
      remotePort: 16_001,
      connectionId: 0,
      send: (bytes) => this.#answers.push(bytes.toString('latin1')) > 0,
    };
    const key = Buffer.alloc(32, 1);
    const network = { listeners: [listener], flowTo: () => this.#flow, connection: () => undefined };
    const settings = { domains: [DOMAIN] };
    const advertise = new Advertise({ settings, listeners: network.listeners, key, clock });
    this.#digest = subscribers !== undefined;
    this.#registrar = new Registrar({ store: location, clock, bootId: 'bench' });
    const none = (): never => {
      throw new Error('a REGISTER goes nowhere');
    };
    const user = new Runtime({
      advertise,
      registrar: this.#registrar,
      authenticator: new Authenticator({
        subscribers: subscribers ?? { find: () => undefined },
        key,
        clock,
        ids,
        algorithms: ['MD5'],
        isOwnHost: (host) => host === DOMAIN,
      }),
      realm: DOMAIN,
      wheel,
      frontDoor: new FrontDoor({ clock, advertise, settings: DEFAULT_FRONT_DOOR }),
      program: programOf(this.#digest ? defaultRoutes : openRoutes),
      layer: () => this.#layer,
      proxy: none,
      dialogs: none,
    });
    this.#layer = new TransactionLayer({
      network: () => network,
      clock,
      wheel,
      ids,
      timers: DEFAULT_TIMERS,
      user,
      limits: { serverTransactions: 500_000, clientTransactions: 1000 },
      forceRport: isBehindNat,
    });
  }

  /**
   * Registers `count` users from `from` on, whoever is registered already anew.
   * @returns what one took, in µs; of all batches the cheaper half counts
   */
  async register(from: number, count: number): Promise<number> {
    this.#cseq++;
    const times: number[] = [];
    for (let at = from; at < from + count; at += BATCH) {
      const size = Math.min(BATCH, from + count - at);
      if (this.#digest) await this.#askForNonce();
      const messages = Array.from({ length: size }, (_, i) => Buffer.from(this.#text(at + i), 'latin1'));
      this.#answers = [];
      const before = process.hrtime.bigint();
      for (const bytes of messages) this.#layer.message(bytes, this.#flow);
      await settled();
      times.push(Number(process.hrtime.bigint() - before) / 1000 / size);
      this.failed += size - this.#answers.filter((text) => text.startsWith('SIP/2.0 200')).length;
      // Transactions end as they would at 2000 registrations a second.
      this.#clock.advance(BATCH / 2);
    }
    times.sort((a, b) => a - b);
    const cheap = times.slice(0, Math.ceil(times.length / 2));
    return cheap.reduce((sum, time) => sum + time, 0) / cheap.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#layer[Symbol.asyncDispose]();
    await this.#registrar[Symbol.asyncDispose]();
  }

  async #askForNonce(): Promise<void> {
    this.#answers = [];
    this.#layer.message(Buffer.from(this.#text(0, false), 'latin1'), this.#flow);
    await settled();
    this.#nonce = /nonce="(.*?)"/.exec(this.#answers[0]!)![1]!;
    this.#uses = 0;
  }

  #text(user: number, credentials = this.#digest): string {
    const branch = `${credentials ? 'c' : 'p'}${this.#cseq}-${user}-${this.#uses}`;
    return (
      `REGISTER sip:${DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:16001;branch=z9hG4bK-${branch}\r\n` +
      `Max-Forwards: 70\r\nFrom: <sip:u${user}@${DOMAIN}>;tag=${user}\r\nTo: <sip:u${user}@${DOMAIN}>\r\n` +
      `Call-ID: r${user}-bench@127.0.0.1\r\nCSeq: ${this.#cseq} REGISTER\r\n` +
      `Contact: <sip:u${user}@127.0.0.1:16001>;expires=3600\r\nUser-Agent: Phone of the bench\r\n` +
      `${credentials ? this.#credentials(user) : ''}Content-Length: 0\r\n\r\n`
    );
  }

  #credentials(user: number): string {
    const nc = (++this.#uses).toString(16).padStart(8, '0');
    const uri = `sip:${DOMAIN}`;
    const input = { algorithm: 'MD5', method: 'REGISTER', uri, nonce: this.#nonce, nc, cnonce: 'c' } as const;
    const response = computeResponse({ ...input, ha1: ha1Of(user) });
    return (
      `Authorization: Digest username="u${user}", realm="${DOMAIN}", nonce="${this.#nonce}", uri="${uri}", ` +
      `response="${response}", algorithm=MD5, qop=auth, nc=${nc}, cnonce="c"\r\n`
    );
  }
}

/** What the password of a user of the bench comes to. */
export function ha1Of(user: number): string {
  return computeHa1('MD5', `u${user}`, DOMAIN, PASSWORD);
}

/** When all promises that could go on have. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

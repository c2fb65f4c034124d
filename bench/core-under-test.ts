// The elements of a server on a network that is no more than two variables: a caller and a callee that answer at once.
import { tmpdir } from 'node:os';
import { Advertise } from '../src/advertise/advertise.ts';
import type { Clock, TimerHandle } from '../src/base/clock.ts';
import { RandomIds } from '../src/base/ids.ts';
import { TimerWheel } from '../src/base/timer-wheel.ts';
import { Authenticator } from '../src/core/auth/authenticator.ts';
import { Dialogs } from '../src/core/dialog/dialogs.ts';
import { DEFAULT_FRONT_DOOR, FrontDoor } from '../src/core/front-door/front-door.ts';
import { isBehindNat } from '../src/core/nat/nat-test.ts';
import { Proxy as SipProxy } from '../src/core/proxy/proxy.ts';
import { DEFAULT_PROXY_SETTINGS, type ProxyEnvironment } from '../src/core/proxy/proxy-environment.ts';
import { Registrar } from '../src/core/registrar/registrar.ts';
import { UserAgentClient } from '../src/core/ua/user-agent-client.ts';
import { BoundListener } from '../src/net/bound-listener.ts';
import type { Flow } from '../src/net/flow.ts';
import type { Listener } from '../src/net/listener.ts';
import type { Destination, Network } from '../src/net/network.ts';
import { Quarantine } from '../src/net/quarantine.ts';
import { Resolver } from '../src/net/resolver.ts';
import { StaticNames } from '../src/net/testing/static-names.ts';
import type { LoadedScript } from '../src/script/opensips/load-script.ts';
import { ScriptRuntime } from '../src/script/opensips/runtime/script-runtime.ts';
import { programOf } from '../src/script/program.ts';
import { Runtime } from '../src/script/runtime.ts';
import { MemoryLocation } from '../src/store/memory/location.ts';
import { DEFAULT_TIMERS } from '../src/transaction/timers.ts';
import { TransactionLayer } from '../src/transaction/transaction-layer.ts';
import type { TransactionUser } from '../src/transaction/transaction-user.ts';
import { byteString } from '../src/wire/sip/text.ts';
import routes from './peers/relay-routes.ts';

const CALLER = 16_001;
const CALLEE = 16_002;
/** How fast the calls seem to come, in ms of the bench's clock between two. */
const PACE_MS = 1;

const SDP =
  'v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n' +
  'm=audio 6000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n';

/** A clock that the bench moves. */
class BenchClock implements Clock {
  #now = 0;
  #timers: { due: number; fire: () => void; live: boolean }[] = [];

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return 1_767_225_600_000 + this.#now;
  }

  setTimer(delayMs: number, fire: () => void): TimerHandle {
    const timer = { due: this.#now + delayMs, fire, live: true };
    this.#timers.push(timer);
    return {
      cancel: () => {
        timer.live = false;
      },
    };
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter((timer) => timer.live && timer.due <= this.#now);
    if (due.length === 0) return;
    this.#timers = this.#timers.filter((timer) => timer.live && timer.due > this.#now);
    for (const { fire } of due) fire();
  }
}

/** Datagrams wait in a queue until the server is through with the one before. */
class BenchNetwork implements Network {
  readonly listeners: readonly Listener[];
  readonly queue: { bytes: Buffer; port: number }[] = [];

  constructor(listener: Listener) {
    this.listeners = [listener];
  }

  flowTo(_listener: Listener, destination: Destination): Flow {
    return this.flow(destination.port);
  }

  flow(remotePort: number): Flow {
    const { queue } = this;
    const listener = this.listeners[0]!;
    return {
      listener,
      transport: 'udp',
      remoteAddress: '127.0.0.1',
      remotePort,
      connectionId: 0,
      send(bytes) {
        queue.push({ bytes, port: remotePort });
        return true;
      },
    };
  }

  connection(): undefined {
    return undefined;
  }
}

export class CoreUnderTest implements AsyncDisposable {
  /** Calls that did not come to their end. */
  failed = 0;
  readonly #clock = new BenchClock();
  readonly #network: BenchNetwork;
  readonly #layer: TransactionLayer;
  readonly #registrar: Registrar;
  readonly #startScript: (loaded: LoadedScript) => Promise<ScriptRuntime>;
  #user: TransactionUser;
  #number = 0;
  #ns = 0n;
  #done = 0;

  /** With an OpenSIPS script in place of the routes of the bench. */
  static async withScript(loaded: LoadedScript): Promise<CoreUnderTest> {
    const core = new CoreUnderTest();
    core.#user = await core.#startScript(loaded);
    return core;
  }

  constructor() {
    const clock = this.#clock;
    const ids = new RandomIds();
    const wheel = new TimerWheel(clock);
    const listener = new BoundListener(
      {
        name: 'udp:127.0.0.1:5066',
        transport: 'udp',
        address: '127.0.0.1',
        port: 5066,
        family: 4,
      } as Listener,
      5066,
    );
    const network = new BenchNetwork(listener);
    this.#network = network;
    const key = Buffer.alloc(32, 1);
    const advertise = new Advertise({
      settings: { domains: ['example.com'] },
      listeners: network.listeners,
      key,
      clock,
    });
    const location = new MemoryLocation();
    this.#registrar = new Registrar({ store: location, clock, bootId: 'bench' });
    const frontDoor = new FrontDoor({
      clock,
      advertise,
      settings: DEFAULT_FRONT_DOOR,
    });
    const subscribers = { find: () => undefined };
    const authenticator = new Authenticator({ subscribers, key, clock, ids });
    this.#user = new Runtime({
      advertise,
      registrar: this.#registrar,
      authenticator,
      realm: 'example.com',
      wheel,
      frontDoor,
      program: programOf(routes),
      layer: () => this.#layer,
      proxy: () => proxy,
      dialogs: () => dialogs,
    });
    this.#layer = new TransactionLayer({
      network: () => network,
      clock,
      wheel,
      ids,
      timers: DEFAULT_TIMERS,
      user: {
        request: (message, flow) => this.#user.request(message, flow),
        ack: (message, flow) => this.#user.ack(message, flow),
        cancel: (message, flow, invite) => this.#user.cancel(message, flow, invite),
        strayResponse: (message, flow) => this.#user.strayResponse(message, flow),
        malformed: (reason, flow) => this.#user.malformed(reason, flow),
      },
      limits: { serverTransactions: 500_000, clientTransactions: 500_000 },
      forceRport: isBehindNat,
    });
    const environment: ProxyEnvironment = {
      layer: this.#layer,
      network,
      advertise,
      resolver: new Resolver({ nameServer: new StaticNames(), clock, ids }),
      quarantine: new Quarantine(clock),
      wheel,
      subnets: new Map(),
      settings: DEFAULT_PROXY_SETTINGS,
      loopSalt: 'bench',
    };
    const client = new UserAgentClient(environment, ids);
    const dialogs: Dialogs = new Dialogs({ environment, clock, ids, client });
    const proxy = new SipProxy(environment, dialogs);
    this.#startScript = (loaded) =>
      ScriptRuntime.start(
        loaded,
        {
          clock,
          wheel,
          ids,
          layer: this.#layer,
          environment,
          advertise,
          proxy,
          dialogs,
          registrar: this.#registrar,
          location,
          subscribers,
          authenticator,
          client,
          realm: 'example.com',
          data: tmpdir(),
        },
        frontDoor,
      );
  }

  /** @returns what the server took for so many calls, in ns */
  async run(calls: number): Promise<number> {
    this.#ns = 0n;
    for (let i = 0; i < calls; i++) {
      this.#clock.advance(PACE_MS);
      const number = this.#number++;
      this.#done = 0;
      this.#give(invite(number), CALLER);
      this.#settle(number);
      // Answers of a fork become the script's outcome in a microtask.
      await undefined;
      if (this.#done !== 3) this.failed++;
    }
    return Number(this.#ns);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#layer[Symbol.asyncDispose]();
    await this.#registrar[Symbol.asyncDispose]();
  }

  #settle(number: number): void {
    const { queue } = this.#network;
    for (let at = 0; at < queue.length; at++) {
      const { bytes, port } = queue[at]!;
      const text = byteString(bytes, 0, bytes.length);
      if (port === CALLEE) this.#calleeHears(text, number);
      else this.#callerHears(text, number);
    }
    queue.length = 0;
  }

  #calleeHears(text: string, number: number): void {
    if (text.startsWith('INVITE')) {
      this.#give(answer(text, '180 Ringing', '', number), CALLEE);
      this.#give(answer(text, '200 OK', SDP, number), CALLEE);
    } else if (text.startsWith('BYE')) this.#give(answer(text, '200 OK', '', number), CALLEE);
    else if (text.startsWith('ACK')) this.#done++;
  }

  #callerHears(text: string, number: number): void {
    if (!text.startsWith('SIP/2.0 200')) return;
    this.#done++;
    if (text.includes('\r\nCSeq: 1 INVITE')) {
      this.#give(inDialog(text, number, 'ACK', 1), CALLER);
      this.#give(inDialog(text, number, 'BYE', 2), CALLER);
    }
  }

  #give(text: string, port: number): void {
    const bytes = Buffer.from(text, 'latin1');
    const flow = this.#network.flow(port);
    const before = process.hrtime.bigint();
    this.#layer.message(bytes, flow);
    this.#ns += process.hrtime.bigint() - before;
  }
}

function invite(number: number): string {
  return (
    `INVITE sip:service@127.0.0.1:${CALLEE} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${CALLER};branch=z9hG4bK-77-${number}-1\r\n` +
    `From: load <sip:load@127.0.0.1:${CALLER}>;tag=77c${number}\r\nTo: service <sip:service@127.0.0.1:${CALLEE}>\r\n` +
    `Call-ID: ${number}-77@127.0.0.1\r\nCSeq: 1 INVITE\r\nContact: sip:load@127.0.0.1:${CALLER}\r\nMax-Forwards: 70\r\n` +
    `Subject: Performance Test\r\nContent-Type: application/sdp\r\nContent-Length: ${SDP.length}\r\n\r\n${SDP}`
  );
}

function lines(text: string, name: string): string[] {
  const found: string[] = [];
  const mark = `\r\n${name}: `;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 2)) {
    found.push(text.slice(at + 2, text.indexOf('\r\n', at + 2)));
  }
  return found;
}

function answer(request: string, status: string, body: string, number: number): string {
  const to = lines(request, 'To')[0]!;
  return [
    `SIP/2.0 ${status}`,
    ...lines(request, 'Via'),
    ...lines(request, 'Record-Route'),
    lines(request, 'From')[0]!,
    to.includes(';tag=') ? to : `${to};tag=77u${number}`,
    lines(request, 'Call-ID')[0]!,
    lines(request, 'CSeq')[0]!,
    `Contact: <sip:127.0.0.1:${CALLEE};transport=UDP>`,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

function inDialog(ok: string, number: number, method: string, cseq: number): string {
  const uri = /<(.*?)>/.exec(lines(ok, 'Contact')[0]!)![1]!;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP 127.0.0.1:${CALLER};branch=z9hG4bK-77-${number}-${method}`,
    ...lines(ok, 'Record-Route')
      .reverse()
      .map((line) => line.replace('Record-Route', 'Route')),
    `From: load <sip:load@127.0.0.1:${CALLER}>;tag=77c${number}`,
    lines(ok, 'To')[0]!,
    `Call-ID: ${number}-77@127.0.0.1`,
    `CSeq: ${cseq} ${method}`,
    `Contact: sip:load@127.0.0.1:${CALLER}`,
    'Max-Forwards: 70',
    'Subject: Performance Test',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

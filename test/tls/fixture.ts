import { EventEmitter, once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { type ClientOptions, WebSocket } from 'ws';
import { SystemClock } from '../../src/base/clock.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import type { Flow } from '../../src/net/flow.ts';
import { type Listener, listenerName } from '../../src/net/listener.ts';
import type { NetworkSink } from '../../src/net/network.ts';
import { makeSelfSigned } from '../../src/net/self-signed.ts';
import { Sockets, type SocketsOptions } from '../../src/net/sockets.ts';
import type { TlsSettings } from '../../src/net/tls-settings.ts';
import type { TransportName } from '../../src/net/transport-name.ts';

const folder = mkdtempSync(join(tmpdir(), 'viaduct-tls-'));
let made = 0;

export interface TestCertificate {
  readonly certificate: string;
  readonly key: string;
  /** What is in the files. */
  readonly cert: string;
  readonly keyText: string;
}

/** Makes a certificate, in new files or over others. */
export function certificateFor(names: readonly string[], over?: TestCertificate): TestCertificate {
  const pair = makeSelfSigned(names, Date.now());
  const base = join(folder, String(made++));
  const certificate = over?.certificate ?? `${base}.pem`;
  const key = over?.key ?? `${base}.key`;
  writeFileSync(certificate, pair.certificate);
  writeFileSync(key, pair.key);
  return { certificate, key, cert: pair.certificate, keyText: pair.key };
}

export function tlsSettings(certificate: TestCertificate, more: Partial<TlsSettings> = {}): TlsSettings {
  return {
    certificate: { certificate: certificate.certificate, key: certificate.key },
    servers: [],
    ca: undefined,
    clientCertificates: 'off',
    verifyServers: true,
    minVersion: 'TLSv1.2',
    ciphers: undefined,
    selfSigned: false,
    ...more,
  };
}

/** Hands what arrives to whoever waits for it. */
export class Heard extends EventEmitter implements NetworkSink {
  readonly texts: string[] = [];
  readonly flows: Flow[] = [];
  readonly failures: string[] = [];
  readonly closed: string[] = [];

  message(bytes: Buffer, flow: Flow): void {
    this.texts.push(bytes.toString('latin1'));
    this.flows.push(flow);
    this.emit('change');
  }

  flowFailed(_flow: Flow, reason: string): void {
    this.failures.push(reason);
    this.emit('change');
  }

  flowClosed(_flow: Flow, reason: string): void {
    this.closed.push(reason);
    this.emit('change');
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await once(this, 'change');
  }
}

/** Everything that a test has opened; dispose of it after each. */
export const opened: AsyncDisposableStack[] = [];

export async function disposeOpened(): Promise<void> {
  for (const stack of opened.splice(0)) await stack.disposeAsync();
}

function keep(dispose: () => unknown): void {
  const stack = opened[0] ?? new AsyncDisposableStack();
  if (opened.length === 0) opened.push(stack);
  stack.defer(async () => {
    await dispose();
  });
}

export function listener(
  transport: TransportName,
  tls?: TlsSettings,
  port = 0,
  address = '127.0.0.1',
): Listener {
  return {
    name: listenerName(transport, address, port),
    transport,
    address,
    port,
    family: 4,
    advertised: undefined,
    tls,
  };
}

export interface Started {
  readonly sockets: Sockets;
  readonly heard: Heard;
  readonly first: Listener;
}

export async function start(
  asked: readonly Listener[],
  options: Partial<SocketsOptions> = {},
): Promise<Started> {
  const clock = options.clock ?? new SystemClock();
  const wheel = new TimerWheel(clock);
  const heard = new Heard();
  const sockets = await Sockets.open(asked, { clock, wheel, ...options }, heard);
  keep(() => wheel.close());
  keep(() => sockets[Symbol.asyncDispose]());
  return { sockets, heard, first: sockets.listeners[0]! };
}

export async function tcpPeer(to: Listener): Promise<Socket> {
  const peer = connect({ host: to.address, port: to.port });
  peer.on('error', () => {});
  keep(() => peer.destroy());
  await once(peer, 'connect');
  return peer;
}

/** Connects without a look at the certificate, unless `options` say otherwise. */
export async function tlsPeer(to: Listener, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const peer = connectTls({ host: to.address, port: to.port, rejectUnauthorized: false, ...options });
  keep(() => peer.destroy());
  await once(peer, 'secureConnect');
  peer.on('error', () => {});
  return peer;
}

export async function webSocketPeer(
  to: Listener,
  options: ClientOptions & { readonly protocols?: string[] } = {},
): Promise<WebSocket> {
  const { protocols = ['sip'], ...rest } = options;
  const scheme = to.transport === 'wss' ? 'wss' : 'ws';
  const peer = new WebSocket(`${scheme}://${to.address}:${to.port}/`, protocols, {
    rejectUnauthorized: false,
    perMessageDeflate: false,
    ...rest,
  });
  keep(() => peer.terminate());
  await once(peer, 'open');
  peer.on('error', () => {});
  return peer;
}

/** Reads until `text` is there. */
export async function read(peer: Duplex, text: string): Promise<string> {
  let got = '';
  while (!got.includes(text)) got += ((await once(peer, 'data')) as [Buffer])[0].toString('latin1');
  return got;
}

export function message(id: string): Buffer {
  return Buffer.from(
    `OPTIONS sip:example.com SIP/2.0\r\nCall-ID: ${id}\r\nContent-Length: 0\r\n\r\n`,
    'latin1',
  );
}

/** Waits until a stream is closed, be it with an error. */
export function gone(stream: EventEmitter): Promise<void> {
  return new Promise((resolve) => stream.once('close', () => resolve()));
}

/** Waits until something holds that no event tells of; the test's own time limit is its bound. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

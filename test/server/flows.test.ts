import { EventEmitter, once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../../src/ops/config/load-config.ts';
import { Server } from '../../src/server.ts';
import { buildRequest, buildResponse, type HeaderEntry } from '../../src/wire/sip/build.ts';
import { DEFAULT_FRAMER_LIMITS, StreamFramer } from '../../src/wire/sip/framer.ts';
import { H } from '../../src/wire/sip/header-name.ts';
import type { SipMessage } from '../../src/wire/sip/message.ts';
import { parseMessage } from '../../src/wire/sip/parse.ts';
import { Caller } from '../scale/caller.ts';

const ROUTES = join(import.meta.dirname, '../scale/routes.ts');
const AOR = 'sip:bob@example.com';

/** A phone on a real TCP connection, which it registers as a flow. */
class FlowPhone extends EventEmitter<{ message: [SipMessage] }> implements Disposable {
  readonly socket: Socket;
  #cseq = 0;

  constructor(port: number) {
    super();
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const framer = new StreamFramer(DEFAULT_FRAMER_LIMITS, {
      message: (bytes) => {
        const parsed = parseMessage(bytes);
        if (parsed.ok) this.emit('message', parsed.message);
      },
      ping: () => this.socket.write('\r\n'),
      fault: (fault) => this.socket.destroy(new Error(fault)),
    });
    this.socket.on('data', (chunk: Buffer) => framer.push(chunk));
    this.socket.on('error', () => {});
  }

  async next(): Promise<SipMessage> {
    const [message] = await once(this, 'message');
    return message as SipMessage;
  }

  async register(regId: number): Promise<SipMessage> {
    const contact = `<sip:bob@192.168.1.5:5060;transport=tcp;ob>;reg-id=${regId};+sip.instance="<urn:uuid:1>"`;
    const headers: HeaderEntry[] = [
      ['Via', `SIP/2.0/TCP 192.168.1.5;branch=z9hG4bK-${regId}-${++this.#cseq}`],
      ['From', `<${AOR}>;tag=1`],
      ['To', `<${AOR}>`],
      ['Call-ID', `register-${regId}`],
      ['CSeq', `${this.#cseq} REGISTER`],
      ['Contact', contact],
      ['Supported', 'path, outbound'],
      ['Max-Forwards', '70'],
    ];
    this.socket.write(buildRequest({ method: 'REGISTER', requestUri: 'sip:example.com', headers }));
    return this.next();
  }

  answer(request: SipMessage, status: number): void {
    this.socket.write(buildResponse(request, { status, toTag: 'phone' }));
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

let server: Server;

async function start(): Promise<{ tcp: number; udp: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-flows-'));
  const file = join(folder, 'viaduct.yaml');
  writeFileSync(
    file,
    `listen: ["udp:127.0.0.1:0 name u", "tcp:127.0.0.1:0 name t"]\ndomains: [example.com]\ndata: ./data\nroutes: ${ROUTES}\n`,
  );
  const read = async () => {
    const result = await loadConfig({ file }, { environment: {}, workingDirectory: folder });
    if (!result.ok) throw new Error(result.text);
    return result.config;
  };
  server = await Server.start({ config: await read(), reread: read });
  const portOf = (name: string) => server.network.listeners.find((it) => it.name === name)!.port;
  return { tcp: portOf('t'), udp: portOf('u') };
}

let ports: { tcp: number; udp: number };

beforeEach(async () => {
  ports = await start();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

it('reaches a phone by the flow that it registered, and tells it how to keep it', async () => {
  using phone = new FlowPhone(ports.tcp);
  const answer = await phone.register(1);
  expect(answer.status).toBe(200);
  expect([answer.get(H.Require), answer.header('Flow-Timer')]).toEqual(['outbound', '120']);
  using caller = await Caller.open(ports.udp);
  const called = caller.call('bob');
  const invite = await phone.next();
  expect(invite.requestUri).toBe('sip:bob@192.168.1.5:5060;transport=tcp;ob');
  expect(invite.topElement(H.RecordRoute)?.text).toMatch(/^<sip:[\w-]{40,}@/);
  phone.answer(invite, 486);
  expect(await called).toBe(486);
});

it('goes on to the older flow at once where the newer closes while it rings', async () => {
  using older = new FlowPhone(ports.tcp);
  await older.register(1);
  using newer = new FlowPhone(ports.tcp);
  await newer.register(2);
  using caller = await Caller.open(ports.udp);
  const called = caller.call('bob');
  await newer.next();
  newer.socket.end();
  const invite = await older.next();
  older.answer(invite, 486);
  expect(await called).toBe(486);
});

it('forgets a phone whose connection closes, and lets no caller wait for it', async () => {
  using phone = new FlowPhone(ports.tcp);
  await phone.register(1);
  using caller = await Caller.open(ports.udp);
  const called = caller.call('bob');
  await phone.next();
  phone.socket.end();
  // What a proxy makes of 503, which would have the caller avoid this server.
  expect(await called).toBe(500);
  expect(await server.registrar.bindings(AOR)).toEqual([]);
});

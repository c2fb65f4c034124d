// A light SIP caller and callee over TCP or TLS in one process, which also reads what the server under test costs.
//
//   node stream-load.ts --transport tls --pids P1,P2 --port 5066 --cps 500 --warm 4 --secs 4 --reps 3 [--key FILE --certificate FILE]
//
// The caller has four connections to a proxy on 127.0.0.1:PORT, which opens its own to the callee on 127.0.0.1:5080. One
// call is INVITE, 100, 180, 200, ACK, BYE, 200, at a steady rate. CPU time and output are as sipload.c has them.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { parseArgs } from 'node:util';
import { DEFAULT_FRAMER_LIMITS, StreamFramer } from '../../src/wire/sip/framer.ts';

const CALLEE_PORT = 5080;
const CONNECTIONS = 4;
const PACE_MS = 2;
const SETTLE_MS = 2000;
const T1_MS = 500;

const TEXT = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    transport: TEXT,
    pids: TEXT,
    port: TEXT,
    cps: TEXT,
    warm: TEXT,
    secs: TEXT,
    reps: TEXT,
    key: TEXT,
    certificate: TEXT,
  },
});

const secure = values.transport === 'tls';
const protocol = secure ? 'TLS' : 'TCP';
const suffix = `;transport=${secure ? 'tls' : 'tcp'}`;
const port = Number(values.port);
const pids = (values.pids ?? '').split(',');
const callee = `sip:callee@127.0.0.1:${CALLEE_PORT}${suffix}`;

/** When each call that is not over began, on the clock of `performance`. */
const open = new Map<string, number>();
/** When the INVITE of each left, until it reaches the callee; and how long those of this stretch took, in ms. */
const sent = new Map<string, number>();
let passages: number[] = [];
let calls = 0;
let late = 0;
let finished = 0;
let latency = 0;
let bad = 0;
let refused = 0;
let acks = 0;

/** The values of a header, without its name. */
function headers(message: string, name: string): string[] {
  const lines = message.slice(0, message.indexOf('\r\n\r\n')).split('\r\n');
  const start = `${name}: `;
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
}

function copied(message: string, name: string): string {
  return headers(message, name)
    .map((value) => `${name}: ${value}\r\n`)
    .join('');
}

function request(method: string, call: string, to: string, cseq: number, routes: readonly string[]): string {
  return (
    `${method} ${callee} SIP/2.0\r\n` +
    `Via: SIP/2.0/${protocol} 127.0.0.1:5070;rport;branch=z9hG4bK${call}${method}\r\n` +
    routes.map((route) => `Route: ${route}\r\n`).join('') +
    `Max-Forwards: 70\r\nFrom: <sip:caller@example.com>;tag=c${call}\r\nTo: ${to}\r\nCall-ID: ${call}\r\n` +
    `CSeq: ${cseq} ${method}\r\nContact: <sip:caller@127.0.0.1:5070${suffix}>\r\nContent-Length: 0\r\n\r\n`
  );
}

function timeInvite(call: string): void {
  const left = sent.get(call);
  if (left === undefined) return;
  sent.delete(call);
  const took = performance.now() - left;
  passages.push(took);
  if (took > T1_MS) late++;
}

/** Of the passages of this stretch. */
function passageMs(share: number): number {
  const sorted = passages.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Answers as the callee. */
function answerCallee(message: string, socket: Socket): void {
  const method = message.slice(0, message.indexOf(' '));
  if (method === 'ACK') acks++;
  if (method !== 'INVITE' && method !== 'BYE') return;
  if (method === 'INVITE') timeInvite(headers(message, 'Call-ID')[0]!);
  const to = headers(message, 'To')[0]!;
  const answer = (status: string): void => {
    socket.write(
      `SIP/2.0 ${status}\r\n${copied(message, 'Via')}${copied(message, 'Record-Route')}${copied(message, 'From')}` +
        `To: ${to.includes(';tag=') ? to : `${to};tag=callee`}\r\n${copied(message, 'Call-ID')}` +
        `${copied(message, 'CSeq')}Contact: <${callee}>\r\nContent-Length: 0\r\n\r\n`,
    );
  };
  if (method === 'INVITE') answer('180 Ringing');
  answer('200 OK');
}

/** The ACK of a refusal has the branch of its INVITE (RFC 3261 §17.1.1.3). */
function refuse(call: string, answer: string, socket: Socket): void {
  open.delete(call);
  refused++;
  const ack = request('ACK', call, headers(answer, 'To')[0]!, 1, []);
  socket.write(ack.replace(`branch=z9hG4bK${call}ACK`, `branch=z9hG4bK${call}INVITE`));
}

/** Goes on with a call as its caller. */
function hearCaller(message: string, socket: Socket): void {
  const status = Number(message.slice(8, 11));
  if (status < 200) return;
  const call = headers(message, 'Call-ID')[0]!;
  const began = open.get(call);
  if (began === undefined) {
    bad++;
    return;
  }
  if (status !== 200) {
    refuse(call, message, socket);
    return;
  }
  if (headers(message, 'CSeq')[0]!.endsWith('BYE')) {
    open.delete(call);
    finished++;
    const took = performance.now() - began;
    latency += took;
    if (took > T1_MS) late++;
    return;
  }
  const to = headers(message, 'To')[0]!;
  const routes = headers(message, 'Record-Route').reverse();
  socket.write(request('ACK', call, to, 1, routes) + request('BYE', call, to, 2, routes));
}

function frame(socket: Socket, heard: (message: string, socket: Socket) => void): void {
  const framer = new StreamFramer(DEFAULT_FRAMER_LIMITS, {
    message: (bytes) => heard(bytes.toString('latin1'), socket),
    ping: () => socket.write('\r\n'),
    fault: () => {
      bad++;
      socket.destroy();
    },
  });
  socket.on('data', (bytes: Buffer) => framer.push(bytes));
  socket.on('error', () => {
    bad++;
  });
  socket.setNoDelay(true);
}

async function listen(): Promise<Server> {
  const take = (socket: Socket): void => frame(socket, answerCallee);
  const pem = (path: string | undefined): string => readFileSync(path ?? '', 'latin1');
  const server = secure
    ? createTlsServer({ key: pem(values.key), cert: pem(values.certificate) }, take)
    : createServer(take);
  server.listen(CALLEE_PORT, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function enter(): Promise<Socket> {
  const to = { port, host: '127.0.0.1' };
  const socket = secure ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  await once(socket, secure ? 'secureConnect' : 'connect');
  frame(socket, hearCaller);
  return socket;
}

interface Cost {
  readonly cpuUs: number;
  readonly userUs: number;
  readonly systemUs: number;
}

/** Of all processes together since they began. */
function cost(): Cost {
  let [cpuUs, userUs, systemUs] = [0, 0, 0];
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      cpuUs += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]) / 1000;
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    userUs += Number(fields[11]) * 10_000; // ticks of 10 ms
    systemUs += Number(fields[12]) * 10_000;
  }
  return { cpuUs, userUs, systemUs };
}

function memoryKb(field: string): number {
  const of = (pid: string): number => {
    const found = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(
      readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'),
    );
    return Number(found?.[1] ?? 0);
  };
  return pids.map(of).reduce((sum, size) => sum + size, 0);
}

const server = await listen();
const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, enter));
const began = performance.now();
const pace = setInterval(() => {
  const due = ((performance.now() - began) / 1000) * Number(values.cps);
  while (calls < due) {
    const call = `${process.pid}-${++calls}`;
    open.set(call, performance.now());
    sent.set(call, performance.now());
    sockets[calls % CONNECTIONS]!.write(request('INVITE', call, '<sip:callee@example.com>', 1, []));
  }
}, PACE_MS);

await wait(Number(values.warm) * 1000);
for (let run = 0; run < Number(values.reps); run++) {
  const before = { ...cost(), calls, finished, late, latency, at: performance.now() };
  passages = [];
  await wait(Number(values.secs) * 1000);
  const after = cost();
  const done = finished - before.finished;
  console.log(
    JSON.stringify({
      started: calls - before.calls,
      done,
      late: late - before.late,
      seconds: (performance.now() - before.at) / 1000,
      cpuUs: after.cpuUs - before.cpuUs,
      userUs: after.userUs - before.userUs,
      systemUs: after.systemUs - before.systemUs,
      latencyMs: (latency - before.latency) / done,
      p50Ms: passageMs(0.5),
      p99Ms: passageMs(0.99),
    }),
  );
}
clearInterval(pace);
for (let waited = 0; open.size > 0 && waited < SETTLE_MS; waited += 50) await wait(50);
await wait(100); // for the last ACKs
console.log(
  JSON.stringify({
    calls,
    lost: open.size,
    refused,
    late,
    bad,
    acks,
    rssKb: memoryKb('Rss'),
    pssKb: memoryKb('Pss'),
  }),
);
for (const socket of sockets) socket.destroy();
server.close();
process.exit(0);

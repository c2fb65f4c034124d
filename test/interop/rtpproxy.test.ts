import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeRtpHeader } from '../../src/wire/rtp/rtp-header.ts';
import { GoldenPorts, goldenDialogues } from './golden.ts';
import { startRelayProcess } from './relay-process.ts';

const BINARY = process.env.RTPPROXY_BIN;
const RECORDINGS = '/tmp/viaduct-golden';

async function party(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4').unref();
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

/**
 * Sends two packets of the caller and one of the callee through a relay, and lets it find out that nothing follows.
 * @returns answers to queries on the way, and what the notify socket at `path` was told
 */
async function liveCall(ask: (text: string) => Promise<string>, path: string): Promise<string[]> {
  const listener = createServer();
  listener.listen(path);
  await once(listener, 'listening');
  const [caller, callee] = [await party(), await party()];
  const toCallee = Number.parseInt(await ask(`U live 127.0.0.1 ${caller.port} f;1 unix:${path} T%207`), 10);
  const toCaller = Number.parseInt(await ask(`L live 127.0.0.1 ${callee.port} f;1 t;1`), 10);
  const pass = async (from: Socket, port: number, to: Socket, sequenceNumber: number) => {
    const bytes = Buffer.alloc(172);
    writeRtpHeader(bytes, { payloadType: 0, sequenceNumber, timestamp: 160 * sequenceNumber, ssrc: port });
    const heard = once(to, 'message');
    from.send(bytes, port, '127.0.0.1');
    if (!bytes.equals((await heard)[0])) throw new Error('another packet was heard');
  };
  await pass(caller.socket, toCaller, callee.socket, 1);
  await pass(callee.socket, toCallee, caller.socket, 1);
  await pass(caller.socket, toCaller, callee.socket, 2);
  const answers = [];
  for (const query of [
    'Qv live f;1 t;1 npkts_ina npkts_ino nrelayed ndropped',
    'Qv live t;1 f;1 npkts_ina npkts_ino rtpa_nsent rtpa_nrcvd rtpa_ndups rtpa_nlost rtpa_perrs',
    'I',
  ]) {
    answers.push((await ask(query)).trimEnd());
  }
  const [connection] = await once(listener, 'connection');
  answers.push(String((await once(connection, 'data'))[0]));
  connection.destroy();
  listener.close();
  // rtpproxy counts what is gone a little after it has told of it.
  const counters = 'Gv nsess_timeout nsess_complete nsess_nortp nsess_owrtp npkts_rcvd npkts_relayed';
  for (let counted = ''; !counted.includes('nsess_timeout=1'); ) counted = await ask('Gv nsess_timeout');
  answers.push((await ask(counters)).trimEnd());
  return answers;
}

const LIVE = [
  'npkts_ina=2 npkts_ino=1 nrelayed=3 ndropped=0',
  'npkts_ina=1 npkts_ino=2 rtpa_nsent=1 rtpa_nrcvd=1 rtpa_ndups=0 rtpa_nlost=0 rtpa_perrs=0',
  'sessions created: 1\nactive sessions: 1\nactive streams: 2\npackets received: 3\npackets transmitted: 3',
  'T 7\n',
  'nsess_timeout=1 nsess_complete=1 nsess_nortp=0 nsess_owrtp=0 npkts_rcvd=3 npkts_relayed=3',
];

describe('a relay of our own', () => {
  it('counts and tells as rtpproxy does', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'viaduct-live-')), 'notify.sock');
    await using relay = await startRelayProcess('-n', path, '-T', '2', '-W', '2');
    expect(await liveCall((text) => relay.ask(text), path)).toEqual(LIVE);
  });
});

/** Asks a daemon by UDP, and waits for each answer. */
async function daemon(
  options: readonly string[],
): Promise<{ child: ChildProcess; ask(text: string): Promise<string> }> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  // Not /dev/null: rtpproxy removes its file when a signal ends it.
  const fixed = ['-f', '-F', '-p', `${RECORDINGS}.pid`, '-d', 'CRIT', '-m', '40000', '-M', '41000'];
  const args = [...fixed, '-s', `udp:127.0.0.1:${port}`, ...options];
  const child = spawn(BINARY!, args, { stdio: 'inherit' });
  const asker = createSocket('udp4').unref();
  let cookie = 0;
  const ask = async (text: string): Promise<string> => {
    const mine = `g${++cookie}`;
    for (let attempt = 0; attempt < 50 && child.exitCode === null; attempt++) {
      asker.send(`${mine} ${text}`, port, '127.0.0.1');
      const answer = await Promise.race([
        once(asker, 'message').then(([bytes]) => String(bytes)),
        new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 100)),
      ]);
      if (answer?.startsWith(`${mine} `)) return answer.slice(mine.length + 1);
    }
    throw new Error(`no answer to ${text}`);
  };
  return { child, ask };
}

describe('rtpproxy itself', () => {
  if (!BINARY) {
    process.stderr.write('comparison with a real rtpproxy skipped: RTPPROXY_BIN is not set\n');
    it.skip('answers as recorded');
    return;
  }
  it('counts and tells as recorded', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'viaduct-live-')), 'notify.sock');
    const { child, ask } = await daemon(['-l', '127.0.0.1', '-n', `unix:${path}`, '-T', '2']);
    try {
      expect(await liveCall(ask, path)).toEqual(LIVE);
    } finally {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
  });

  it.each(goldenDialogues())('answers as recorded, started with $options', async ({ options, exchanges }) => {
    rmSync(RECORDINGS, { recursive: true, force: true });
    mkdirSync(RECORDINGS);
    const { child, ask } = await daemon(options);
    try {
      const ports = new GoldenPorts();
      for (const { line, command, answer } of exchanges) {
        const said = ports.shown(command, await ask(command), answer);
        expect(`${line}: ${command} -> ${said}`).toBe(`${line}: ${command} -> ${answer}`);
      }
    } finally {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(RECORDINGS, { recursive: true, force: true });
    }
  });
});

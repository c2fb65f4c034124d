// Kamailio as Debian has it, whose rtpproxy module commands a relay.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MODULES = ['tm', 'sl', 'rr', 'pv', 'maxfwd', 'textops', 'siputils', 'rtpproxy'];

export interface KamailioPlan {
  readonly folder: string;
  readonly port: number;
  /** As its parameter has it: `udp:127.0.0.1:22222`, `unix:/path`. */
  readonly relay: string;
}

/** A proxy that relays the media of calls; header fields `X-Record` and `X-Play: NAME` of INVITEs ask for more. */
const config = ({ port, relay }: KamailioPlan): string => `#!KAMAILIO
debug=1
log_stderror=yes
children=2
auto_aliases=no
listen=udp:127.0.0.1:${port}
${MODULES.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("rtpproxy", "rtpproxy_sock", "${relay}")
modparam("rtpproxy", "rtpproxy_tout", 1)
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { rtpproxy_manage(); t_relay(); exit; }
  if (has_totag()) {
    if (!loose_route()) { if (is_method("ACK") && t_check_trans()) t_relay(); exit; }
    if (is_method("INVITE|ACK|BYE")) rtpproxy_manage("cor");
    if (is_method("INVITE")) t_on_reply("MEDIA");
    t_relay();
    exit;
  }
  if (!is_method("INVITE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  record_route();
  rtpproxy_manage("cor");
  t_on_reply("MEDIA");
  t_on_failure("OVER");
  t_relay();
}
onreply_route[MEDIA] {
  if (has_body("application/sdp")) rtpproxy_manage("cor");
  if (status == "200" && is_present_hf("X-Record")) start_recording();
  if (status == "200" && is_present_hf("X-Play")) rtpproxy_stream2uac("$hdr(X-Play)", "-1");
}
failure_route[OVER] { rtpproxy_manage(); }
`;

/** Starts it, and waits until it answers. @returns ends it */
export async function startKamailio(plan: KamailioPlan): Promise<AsyncDisposable> {
  const file = join(plan.folder, 'kamailio.cfg');
  await writeFile(file, config(plan));
  const args = [
    '-DD',
    '-E',
    '-w',
    plan.folder,
    '-Y',
    plan.folder,
    '-P',
    join(plan.folder, 'pid'),
    '-f',
    file,
  ];
  const child = spawn('kamailio', args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said = (said + text).slice(-20_000)));
  await Promise.race([
    answers(plan.port),
    once(child, 'exit').then(() => Promise.reject(new Error(`kamailio ended: ${said}`))),
  ]);
  return { [Symbol.asyncDispose]: () => ended(child) };
}

async function answers(port: number): Promise<void> {
  const { createSocket } = await import('node:dgram');
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const own = socket.address().port;
  const request = [
    'OPTIONS sip:127.0.0.1 SIP/2.0',
    `Via: SIP/2.0/UDP 127.0.0.1:${own};branch=z9hG4bK-there`,
    'Max-Forwards: 70',
    'From: <sip:test@127.0.0.1>;tag=1',
    'To: <sip:test@127.0.0.1>',
    `Call-ID: there-${own}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0\r\n\r\n',
  ].join('\r\n');
  let isThere = false;
  socket.once('message', () => (isThere = true));
  socket.on('error', () => {});
  while (!isThere) {
    socket.send(request, port, '127.0.0.1');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  socket.close();
}

/** Its processes are a group of their own. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  process.kill(-child.pid!, 'SIGTERM');
  const late = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 5000);
  await gone;
  clearTimeout(late);
}

// Two sipp phones that call through a proxy, say something, negotiate again and hang up.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface PhonesPlan {
  readonly folder: string;
  readonly callId: string;
  /** Where the proxy listens, on 127.0.0.1. */
  readonly proxy: number;
  readonly caller: PhonePlan;
  readonly callee: PhonePlan;
  /** Header fields of the answer. */
  readonly answered?: readonly string[];
  /** Pauses between one step of the call and the next, in ms. */
  readonly talkMs: number;
}

export interface PhonePlan {
  readonly port: number;
  readonly media: number;
  /** Said again and again, as if it were G.711; undefined for a silent phone. */
  readonly sound: string | undefined;
}

const SDP = `v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000`;

function send(lines: readonly string[], { sdp = false, retransmit = false } = {}): string {
  const body = sdp
    ? ['Content-Type: application/sdp', 'Content-Length: [len]', '', SDP]
    : ['Content-Length: 0', ''];
  return `<send${retransmit ? ' retrans="500"' : ''}><![CDATA[\n\n${[...lines, ...body].join('\n')}\n\n]]></send>`;
}

const pause = (ms: number): string => `<pause milliseconds="${ms}"/>`;
const speak = (file: string | undefined): string =>
  file === undefined ? '' : `<nop><action><exec rtp_stream="${file},-1,0"/></action></nop>`;

function request(method: string, cseq: number, { inside = true, sdp = false } = {}): string {
  return send(
    [
      `${method} ${inside ? '[next_url]' : 'sip:callee@[field0]'} SIP/2.0`,
      'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]',
      ...(inside ? ['[routes]'] : []),
      'Max-Forwards: 70',
      'From: <sip:caller@127.0.0.1>;tag=c[pid]',
      `To: <sip:callee@127.0.0.1>${inside ? '[peer_tag_param]' : ''}`,
      'Call-ID: [call_id]',
      `CSeq: ${cseq} ${method}`,
      'Contact: <sip:caller@[local_ip]:[local_port]>',
    ],
    { sdp, retransmit: method !== 'ACK' },
  );
}

function response(status: string, { tag = true, sdp = false, more = [] as readonly string[] } = {}): string {
  const lines = [
    `SIP/2.0 ${status}`,
    '[last_Via:]',
    '[last_Record-Route:]',
    '[last_From:]',
    `[last_To:]${tag ? ';tag=u[pid]' : ''}`,
    '[last_Call-ID:]',
    '[last_CSeq:]',
    'Contact: <sip:callee@[local_ip]:[local_port]>',
    ...more,
  ];
  return send(lines, { sdp, retransmit: sdp });
}

function callerSteps(talkMs: number, sound: string | undefined): string[] {
  return [
    request('INVITE', 1, { inside: false, sdp: true }),
    '<recv response="100" optional="true"/>',
    '<recv response="180" optional="true"/>',
    '<recv response="200" rrs="true"/>',
    request('ACK', 1),
    speak(sound),
    pause(talkMs),
    request('INVITE', 2, { sdp: true }),
    '<recv response="100" optional="true"/>',
    '<recv response="200"/>',
    request('ACK', 2),
    pause(talkMs),
    request('BYE', 3),
    '<recv response="200"/>',
  ];
}

function calleeSteps(sound: string | undefined, more: readonly string[]): string[] {
  return [
    '<recv request="INVITE" rrs="true"/>',
    response('180 Ringing'),
    response('200 OK', { sdp: true, more }),
    '<recv request="ACK"/>',
    speak(sound),
    '<recv request="INVITE"/>',
    response('200 OK', { tag: false, sdp: true }),
    '<recv request="ACK"/>',
    '<recv request="BYE"/>',
    response('200 OK', { tag: false }),
  ];
}

/** @returns sipp's own words where a phone was not content; empty where both were */
export async function call(plan: PhonesPlan): Promise<string> {
  const callee = await phone(plan, 'callee');
  const caller = await phone(plan, 'caller');
  return (await Promise.all([caller.ended, callee.ended])).join('');
}

/** Starts one; a callee is ready when it resolves. */
async function phone(
  plan: PhonesPlan,
  side: 'caller' | 'callee',
): Promise<{ readonly ended: Promise<string> }> {
  const { port, media, sound } = plan[side];
  const base = join(plan.folder, `${plan.callId}-${side}`);
  const soundFile = sound === undefined ? undefined : `${base}.raw`;
  if (soundFile !== undefined) await writeFile(soundFile, sound!.repeat(800));
  const steps =
    side === 'caller' ? callerSteps(plan.talkMs, soundFile) : calleeSteps(soundFile, plan.answered ?? []);
  await writeFile(
    `${base}.xml`,
    `<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="${side}">\n${steps.join('\n')}\n</scenario>\n`,
  );
  await writeFile(`${base}.csv`, `SEQUENTIAL\n127.0.0.1:${plan.callee.port};\n`);
  const args = [
    `127.0.0.1:${plan.proxy}`,
    '-sf',
    `${base}.xml`,
    '-inf',
    `${base}.csv`,
    '-t',
    'u1',
    '-i',
    '127.0.0.1',
  ];
  args.push('-p', String(port), '-mp', String(media), '-cid_str', plan.callId, '-m', '1', '-nostdin');
  args.push('-timeout', '30', '-timeout_error', '-trace_err', '-error_file', `${base}.errors`);
  const sipp = spawn('sipp', args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: plan.folder });
  let said = '';
  for (const stream of [sipp.stdout, sipp.stderr]) stream.on('data', (text: Buffer) => (said += text));
  const ended = once(sipp, 'close').then(async ([code]) => {
    if (code === 0) return '';
    const errors = await readFile(`${base}.errors`, 'utf8').catch(() => '');
    return `${side}: sipp ended with ${code}\n${errors || said.slice(-2000)}\n`;
  });
  while (side === 'callee' && !isBound(port) && sipp.exitCode === null) await wait(50);
  return { ended };
}

function isBound(port: number): boolean {
  const place = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  return readFileSync('/proc/net/udp', 'latin1').includes(place);
}

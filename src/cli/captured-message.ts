import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { unbracket } from '../base/ip.ts';
import type { Destination } from '../net/network.ts';
import type { TransportName } from '../net/transport-name.ts';
import { CommandFault } from '../ops/admin/admin-command.ts';
import { parseHostPort } from '../wire/sip/host-port.ts';

/** A message with where it came from. */
export interface CapturedMessage {
  readonly bytes: Buffer;
  readonly source: Destination;
}

/** Where messages come from that do not say it (RFC 5737). */
const STRANGER = '192.0.2.1';
const SIP_PORT = 5060;

/**
 * Reads a file with one message in it, or the first one of a capture.
 * @throws CommandFault where there is none
 */
export function readCaptured(file: string): CapturedMessage {
  if (/\.p?cap(?:ng)?$/.test(file)) return firstOfCapture(file);
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    throw new CommandFault(`${file} cannot be read: ${(error as Error).message}`);
  }
  // Editors end lines in their own way, and like to end files with one.
  const whole = text.includes('\r\n') ? text : text.replaceAll('\n', '\r\n');
  const bytes = whole.includes('\r\n\r\n') ? whole : `${whole.trimEnd()}\r\n\r\n`;
  return { bytes: Buffer.from(bytes.trimStart(), 'latin1'), source: sourceOf(bytes) };
}

/** What the topmost Via says. */
function sourceOf(text: string): Destination {
  const via = /^(?:Via|v)[ \t]*:[ \t]*SIP\/2\.0\/(\w+)[ \t]+([^;,\r\n]+)([^,\r\n]*)/im.exec(text);
  const transport = (via?.[1]?.toLowerCase() ?? 'udp') as TransportName;
  const sentBy = parseHostPort(via?.[2]?.trim() ?? '');
  const received = /;received=([^;\s]+)/i.exec(via?.[3] ?? '')?.[1];
  const rport = Number(/;rport=(\d+)/i.exec(via?.[3] ?? '')?.[1] ?? Number.NaN);
  const host = received ?? (sentBy && unbracket(sentBy.host)) ?? STRANGER;
  return {
    transport,
    address: /^[\d.]+$|:/.test(host) ? host : STRANGER,
    port: Number.isNaN(rport) ? (sentBy?.port ?? SIP_PORT) : rport,
  };
}

const FIELDS = ['ip.src', 'ipv6.src', 'udp.srcport', 'tcp.srcport', 'udp.payload', 'tcp.payload'];

function firstOfCapture(file: string): CapturedMessage {
  const args = ['-r', file, '-Y', 'sip', '-T', 'fields', ...FIELDS.flatMap((it) => ['-e', it])];
  const { stdout, stderr, error } = spawnSync('tshark', args, { encoding: 'utf8' });
  if (error) {
    throw new CommandFault(
      `${file} is a capture, and tshark is not there to read it`,
      'install tshark, or save one message as text',
    );
  }
  const [line = ''] = stdout.split('\n');
  const [ip, ip6, udpPort, tcpPort, udp, tcp] = line.split('\t');
  const payload = udp || tcp || '';
  if (payload === '') throw new CommandFault(`${file} has no SIP message`, stderr.trim() || undefined);
  return {
    bytes: Buffer.from(payload.replaceAll(':', ''), 'hex'),
    source: {
      transport: udp ? 'udp' : 'tcp',
      address: ip || ip6 || STRANGER,
      port: Number(udpPort || tcpPort || SIP_PORT),
    },
  };
}

import { ipFamily } from '../../../../base/ip.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { sdpText, setSdp } from '../sipmsgops/sdp-text.ts';

/** What `fix_nated_sdp` does, with the numbers that older scripts write. */
export const SDP_FLAGS = {
  'add-dir-active': 1,
  'rewrite-media-ip': 2,
  'add-no-rtpproxy': 4,
  'rewrite-origin-ip': 8,
  'rewrite-null-ips': 16,
} as const;

export interface SdpFix {
  /** Of {@link SDP_FLAGS}. */
  readonly flags: number;
  /** Instead of the address that the message came from. */
  readonly address: string | undefined;
  /** Lines to append, each with a line end before it. */
  readonly more: string;
  /** The line that marks a description as relayed; '' for none. */
  readonly mark: string;
  /** Old addresses are not kept in `a=oldcip` or `a=oldoip`. */
  readonly skipMedia: boolean;
  readonly skipOrigin: boolean;
}

const PLACE = 'IN IP';
const NULL_ADDRESS = '0.0.0.0';

/** Where the address of a `c=` or `o=` line is. */
interface Place {
  readonly family: string;
  readonly start: number;
  readonly end: number;
}

/** `fix_nated_sdp` */
export function fixNatedSdp(m: ScriptMessage, fix: SdpFix): boolean {
  const complain = (problem: string): false => {
    m.program.log('error', `fix_nated_sdp: ${problem}`, m.message.callId);
    return false;
  };
  const text = sdpText(m);
  if (text === undefined) return complain('the message has no session description');
  const address = fix.address ?? m.flow.remoteAddress;
  if (ipFamily(address) === 0) return complain(`${address} is no IP address`);
  const has = (flag: keyof typeof SDP_FLAGS): boolean => (fix.flags & SDP_FLAGS[flag]) !== 0;
  const lines = text.trimEnd().split('\n');
  const added: string[] = [];
  if (has('add-dir-active')) added.push('a=direction:active');
  if (has('add-no-rtpproxy') && fix.mark !== '') added.push(fix.mark);
  for (const type of ['o', 'c']) {
    if (!has(type === 'o' ? 'rewrite-origin-ip' : 'rewrite-media-ip')) continue;
    const skip = type === 'o' ? fix.skipOrigin : fix.skipMedia;
    let found = false;
    for (let i = 0; i < lines.length; i++) {
      if (!lines[i]!.startsWith(`${type}=`)) continue;
      const place = placeOf(lines[i]!);
      if (place === undefined || place.family !== '4') return complain(`no IPv4 address in ${type}=`);
      found = true;
      const old = lines[i]!.slice(place.start, place.end);
      if (old === address || (old === NULL_ADDRESS && !has('rewrite-null-ips'))) continue;
      if (!skip) added.push(`a=old${type}ip:${old}`);
      lines[i] = rewritten(lines[i]!, place, address);
    }
    if (!found) return complain(`no ${type}= line`);
  }
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const extra = added.map((line) => `${end}${line}`).join('');
  setSdp(m, `${lines.join('\n')}${extra}${fix.more.trimEnd()}${end}`);
  return true;
}

function placeOf(line: string): Place | undefined {
  const at = line.indexOf(PLACE);
  if (at < 0) return undefined;
  const start = at + PLACE.length + 2;
  let end = start;
  while (end < line.length && !' /\r'.includes(line[end]!)) end++;
  return { family: line[at + PLACE.length] ?? '', start, end };
}

function rewritten(line: string, { start, end }: Place, address: string): string {
  const family = ipFamily(address) === 6 ? '6' : '4';
  return `${line.slice(0, start - 2)}${family} ${address}${line.slice(end)}`;
}

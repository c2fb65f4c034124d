import { parseReply, type RtpproxyReply } from '../../wire/rtpproxy/reply.ts';
import type { AskNode, NodeAnswer, ProbeResult } from './relay-node.ts';

/** What every version of the control protocol answers to `V`. */
const PROTOCOL = '20040107';
/** Several media in a call: without it nothing here works. */
const REQUIRED = '20050322';

/** What daemons of some age can do, by the date that `VF` asks for. */
export const RtpproxyCapability = {
  /** `z` of an update. */
  PacketTime: '20071116',
  Record: '20071218',
  Query: '20080403',
  Codecs: '20081102',
  /** Only where the daemon is allowed to notify (`-n`). */
  Notify: '20081224',
  /** `r` of an update. */
  RemoteAddress: '20090810',
  QueryByName: '20150420',
  /** `tcp:` before a notify socket. */
  NotifyScheme: '20150617',
  Subcommands: '20191015',
  StopRecord: '20200226',
  /** The sub-command that sets the ttl of a stream. */
  SetTtl: '20251015',
} as const;

/** Tests a relay as OpenSIPS does: its protocol, what is required, and what it can do beside. */
export async function probeRtpproxy(ask: AskNode): Promise<ProbeResult> {
  const version = await ask('V');
  if (!version.ok) return { ok: false, reason: version.reason };
  if (firstWord(version) !== PROTOCOL) {
    return { ok: false, reason: `it speaks version "${version.text.slice(0, 40)}", not ${PROTOCOL}` };
  }
  const asked = [REQUIRED, ...Object.values(RtpproxyCapability)];
  const answers = await Promise.all(asked.map((date) => ask(`VF ${date}`)));
  const silent = answers.find((answer) => !answer.ok);
  if (silent && !silent.ok) return { ok: false, reason: silent.reason };
  const known = asked.filter((_, i) => firstWord(answers[i]!) === '1');
  if (!known.includes(REQUIRED)) return { ok: false, reason: `it is older than ${REQUIRED}` };
  return { ok: true, capabilities: new Set(known.slice(1)) };
}

function firstWord(answer: NodeAnswer): string | undefined {
  const reply: RtpproxyReply | undefined = answer.ok ? parseReply(answer.text) : undefined;
  return reply?.ok ? reply.words[0] : undefined;
}

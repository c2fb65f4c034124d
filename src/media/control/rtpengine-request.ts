import { ipFamily } from '../../base/ip.ts';
import { type NgCommand, ngRequest } from '../../wire/ng/message.ts';
import type { NgDictionary, NgValue } from '../../wire/ng/value.ts';
import type { MediaKey, MediaQuestion } from './media-control.ts';
import type { IceTreatment, MediaFlags } from './media-flags.ts';
import type { RtpengineFlags } from './rtpengine-flags.ts';

/** Entries that belong to a description, and to nothing else. */
const OF_DESCRIPTIONS: readonly string[] = ['direction', 'replace', 'rtcp-mux', 'transport-protocol'];
const NO_FLAGS: RtpengineFlags = { fields: {} };

/** The request that goes with an offer or answer: who offers is `fromTag`, whatever message carries it. */
export function descriptionRequest(question: MediaQuestion, offer: boolean, ice: IceTreatment): NgDictionary {
  const { flags = {}, sdp, toFamily, source } = question;
  const engine = question.engine ?? engineFlags(flags, ice);
  const command = offer && !engine.forceAnswer ? 'offer' : 'answer';
  return ngRequest(command, {
    ...(toFamily === undefined ? {} : { 'address family': `IP${toFamily}` }),
    ...engine.fields,
    ...namesOf(question, engine, true),
    'received-from': receivedFrom(engine.receivedFrom ?? source),
    sdp,
  });
}

/**
 * The request for anything else. Without `fromTag` it means the whole call, or the branch of it that is named.
 * @param party the tag of the party that is meant
 */
export function callRequest(
  command: NgCommand,
  key: MediaKey,
  party: string | undefined,
  fields: Readonly<Record<string, NgValue | undefined>> = {},
): NgDictionary {
  const engine = key.engine ?? NO_FLAGS;
  const own = Object.entries(engine.fields).filter(([name]) => !OF_DESCRIPTIONS.includes(name));
  return ngRequest(command, {
    ...Object.fromEntries(own),
    ...namesOf(key, engine, false),
    'from-tag': engine.fromTag ?? party,
    ...fields,
  });
}

/** The call's end: both parties' tags, so that another branch of the same call goes on. */
export function deleteRequest(key: MediaKey): NgDictionary {
  const { engine = NO_FLAGS } = key;
  return callRequest('delete', key, key.fromTag, { 'to-tag': engine.toTag || key.toTag });
}

function namesOf(
  key: MediaKey,
  engine: RtpengineFlags,
  withTags: boolean,
): Readonly<Record<string, NgValue | undefined>> {
  const { viaBranch } = engine;
  return {
    'call-id': engine.callId ?? key.callId,
    'via-branch': typeof viaBranch === 'object' ? viaBranch.value : key.viaBranch,
    ...(withTags ? { 'from-tag': engine.fromTag ?? key.fromTag, 'to-tag': engine.toTag || key.toTag } : {}),
  };
}

function receivedFrom(address: string): NgValue {
  return [ipFamily(address) === 6 ? 'IP6' : 'IP4', address];
}

/** What flags mean that are not in rtpengine's own words. */
export function engineFlags(flags: MediaFlags, ice: IceTreatment): RtpengineFlags {
  const { asymmetric, trustAddress, directions, packetTime, keys } = flags;
  const words: string[] = [];
  if (!trustAddress && !asymmetric) words.push('SIP-source-address');
  if (asymmetric !== undefined) words.push(asymmetric ? 'asymmetric' : 'symmetric');
  if (keys !== undefined && keys !== false) words.push('detect-DTMF');
  const treated = flags.ice ?? ice;
  return {
    fields: {
      ...(words.length > 0 ? { flags: words } : {}),
      // The session's own address goes too, wherever it stands: nobody shall read it.
      replace: flags.origin ? ['origin', 'session-connection'] : ['session-connection'],
      ...(directions?.length === 2 ? { direction: [...directions] } : {}),
      ...(packetTime === undefined ? {} : { ptime: packetTime }),
      // rtpengine leaves no candidates as they are: without a word it adds itself.
      ...(treated === 'keep' ? {} : { ICE: treated === 'remove' ? 'remove' : 'force' }),
    },
  };
}

import { ipFamily } from '../../base/ip.ts';
import type { Subcommand, UpdateCommand } from '../../wire/rtpproxy/command.ts';
import { parseCodecs, type UpdateModifiers } from '../../wire/rtpproxy/modifiers.ts';
import type { MediaDescription } from '../../wire/sdp/media-description.ts';
import type { MediaQuestion } from './media-control.ts';
import { RtpproxyCapability } from './rtpproxy-probe.ts';

/** What a command for one medium is made of, beside the question. */
export interface UpdatePlan {
  readonly medium: MediaDescription;
  /** From 1 on, among the media that a relay carries. */
  readonly number: number;
  readonly offer: boolean;
  readonly capabilities: ReadonlySet<string>;
  /** Where the relay shall tell what happens; undefined: nowhere. */
  readonly notifySocket: string | undefined;
  /** Whether the relay is to choose its address by the reader's in every command. */
  readonly autobridge: boolean;
}

/** The module that hears telephone events. */
const KEYS_MODULE = 3;
/** The payload type that it listens to where none is named. */
const TELEPHONE_EVENT = 101;
/** A notify tag that is passed over. */
export const IGNORED_TAG = 'I';
/** What a lookup says for a To tag that nobody knows yet. */
const UNKNOWN_TAG = 'dummy';

/**
 * The command for one medium of a description, as OpenSIPS writes it: `U` for an offer, tags first of the party that
 * offers; `L` for an answer, and for an offer of a call that must exist, tags in the order in which `L` finds it.
 */
export function updateCommand(question: MediaQuestion, plan: UpdatePlan): UpdateCommand {
  const { flags = {}, tag } = question;
  const { number, offer, medium, capabilities } = plan;
  const creates = offer && !flags.onlyExisting;
  const { callId, fromTag, toTag = flags.onlyExisting ? UNKNOWN_TAG : undefined } = question;
  const [first, second] = offer && !creates ? [toTag!, fromTag] : [fromTag, toTag];
  const address = mediaAddress(question, medium);
  const wantsKeys = hearsKeys(question, plan);
  const wantsStop = flags.notify && tag !== undefined && capabilities.has(RtpproxyCapability.Notify);
  const socket = socketFor(question, plan);
  return {
    kind: creates ? 'update' : 'lookup',
    modifiers: modifiersFor(question, plan, address),
    callId,
    address,
    port: medium.port,
    fromTag: `${first};${number}`,
    ...(second === undefined ? {} : { toTag: `${second};${number}` }),
    ...(creates && socket !== undefined && (wantsStop || wantsKeys)
      ? {
          notify: {
            socket: notifyName(socket, capabilities),
            tag: wantsStop ? `T${tag}` : IGNORED_TAG,
          },
        }
      : {}),
    subcommands: subcommandsFor(question, plan, wantsKeys),
  };
}

/** Whether the command asks for keys. */
export function hearsKeys(question: MediaQuestion, plan: UpdatePlan): boolean {
  const { flags = {}, tag } = question;
  return (
    flags.keys !== undefined &&
    flags.keys !== false &&
    tag !== undefined &&
    socketFor(question, plan) !== undefined &&
    plan.capabilities.has(RtpproxyCapability.Subcommands)
  );
}

function socketFor({ flags = {} }: MediaQuestion, { notifySocket }: UpdatePlan): string | undefined {
  return typeof flags.notify === 'string' ? flags.notify : notifySocket;
}

/** Where the party's media are: as it says where that is to be believed, else where its SIP message came from. */
function mediaAddress({ flags = {}, source }: MediaQuestion, medium: MediaDescription): string {
  const written = medium.connection?.address;
  // A name says nothing to a relay.
  if (written === undefined || ipFamily(written) === 0) return source;
  return flags.trustAddress || flags.asymmetric ? written : source;
}

function modifiersFor(question: MediaQuestion, plan: UpdatePlan, address: string): UpdateModifiers {
  const { flags = {}, local, reader, toFamily } = question;
  const { capabilities, medium, autobridge } = plan;
  const family = ipFamily(address);
  const codecs = capabilities.has(RtpproxyCapability.Codecs) && payloadTypes(medium);
  const bridges = autobridge || (toFamily !== undefined && toFamily !== family && local === undefined);
  const choosesByReader =
    bridges &&
    reader !== undefined &&
    ipFamily(reader) !== 0 &&
    capabilities.has(RtpproxyCapability.RemoteAddress);
  return {
    ...(flags.asymmetric === undefined ? {} : { asymmetric: flags.asymmetric }),
    interfaces: flags.directions ?? [],
    ipv6: family === 6,
    weak: false,
    ...(flags.packetTime !== undefined && capabilities.has(RtpproxyCapability.PacketTime)
      ? { packetTime: flags.packetTime }
      : {}),
    ...(codecs ? { codecs } : {}),
    ...(local === undefined ? {} : { localAddress: localAddress(local) }),
    ...(choosesByReader ? { remoteAddress: reader } : {}),
    newPort: false,
  };
}

function localAddress(local: string): { readonly label: string } | { readonly address: string } {
  return local.startsWith('{') && local.endsWith('}') ? { label: local.slice(1, -1) } : { address: local };
}

/** Numbers only: other formats are of other protocols, and say nothing to a relay of RTP. */
function payloadTypes({ formats }: MediaDescription): number[] | undefined {
  return parseCodecs(formats.filter((format) => parseCodecs(format)).join(','));
}

function subcommandsFor(
  { flags = {}, tag }: MediaQuestion,
  plan: UpdatePlan,
  wantsKeys: boolean,
): Subcommand[] {
  const found: Subcommand[] = [];
  if (wantsKeys) {
    const described = plan.medium.payloadType('telephone-event') ?? TELEPHONE_EVENT;
    const payloadType = typeof flags.keys === 'number' ? flags.keys : described;
    // OpenSIPS names the relay's own default only where it was told to.
    const args = flags.keys === true && payloadType === TELEPHONE_EVENT && !flags.tones ? [] : [payloadType];
    found.push({
      kind: 'module',
      module: KEYS_MODULE,
      instance: 1,
      args: [`Dd${tag}`, ...args.map(String), ...(flags.tones ? ['t'] : [])],
    });
  }
  if (flags.ttl && plan.capabilities.has(RtpproxyCapability.SetTtl)) {
    found.push({ kind: 'set', reverse: false, parameter: 'ttl', value: flags.ttl });
  }
  return found;
}

/** Older daemons know a host and port only where nothing stands before it. */
function notifyName(socket: string, capabilities: ReadonlySet<string>): string {
  return socket.startsWith('tcp:') && !capabilities.has(RtpproxyCapability.NotifyScheme)
    ? socket.slice(4)
    : socket;
}

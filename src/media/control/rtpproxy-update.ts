import { logLine } from '../../base/channels.ts';
import { ipFamily } from '../../base/ip.ts';
import { RtpproxyError } from '../../wire/rtpproxy/error-code.ts';
import { printCommand } from '../../wire/rtpproxy/print-command.ts';
import { readRelayAddress } from '../../wire/rtpproxy/reply.ts';
import { isWord } from '../../wire/rtpproxy/words.ts';
import { SessionDescription } from '../../wire/sdp/session-description.ts';
import type { MediaFailure, MediaQuestion, MediaResult, Relayed, RelayedMedium } from './media-control.ts';
import { failure, printed } from './media-failure.ts';
import { isLocal } from './node-link.ts';
import type { Attempt, RelayFleet } from './relay-fleet.ts';
import type { RelayNode } from './relay-node.ts';
import { type NumberedMedium, printRelayed, relayedMedia } from './relayed-description.ts';
import { hasNoRoom, mayGoElsewhere, readAnswer } from './rtpproxy-answer.ts';
import { RtpproxyCapability } from './rtpproxy-probe.ts';
import { DEFAULT_MARK, type RtpproxySettings } from './rtpproxy-settings.ts';
import { hearsKeys, type UpdatePlan, updateCommand } from './update-command.ts';

/** Offers and answers: commands for every medium of a description, and the description that comes of the answers. */
export class RtpproxyUpdate {
  readonly #settings: RtpproxySettings;
  readonly #mark: string;
  readonly #notifySocket: (node: RelayNode) => string | undefined;

  constructor(settings: RtpproxySettings, notifySocket: (node: RelayNode) => string | undefined) {
    this.#settings = settings;
    this.#mark = settings.mark ?? DEFAULT_MARK;
    this.#notifySocket = notifySocket;
  }

  async relay(fleet: RelayFleet, question: MediaQuestion, offer: boolean): Promise<MediaResult> {
    const parsed = SessionDescription.parse(question.sdp);
    if (!parsed.ok)
      return failure('bad-description', `the session description cannot be read: ${parsed.reason}`);
    const { session } = parsed;
    if (session.media.length === 0) return failure('bad-description', 'the session description has no media');
    const { flags = {}, tag } = question;
    if (tag !== undefined && !isWord(tag)) return failure('bad-value', `the tag "${tag}" is not one word`);
    if (this.#mark !== '' && !flags.force && session.hasLine(this.#mark)) {
      return failure('already-relayed', `the description says ${this.#mark}`);
    }
    const creates = offer && !flags.onlyExisting;
    const media = relayedMedia(session);
    return fleet.run<Relayed>(question, creates, async (node): Promise<Attempt<Relayed>> => {
      const relayed: RelayedMedium[] = [];
      for (const medium of media) {
        const answer = await this.#ask(node, question, medium, offer);
        if ('port' in answer) relayed.push(answer);
        else {
          if (creates && relayed.length > 0) this.#undo(node, question);
          return { result: answer, elsewhere: mayGoElsewhere(answer) };
        }
      }
      const { ice } = this.#settings;
      const treated = ice === undefined ? flags : { ice, ...flags };
      const print: Relayed['print'] = (printed) =>
        printRelayed(session, relayed, treated, this.#mark, printed);
      return { result: { ok: true, node: node.name, media: relayed, print }, elsewhere: false };
    });
  }

  async #ask(
    node: RelayNode,
    question: MediaQuestion,
    { medium, number }: NumberedMedium,
    offer: boolean,
  ): Promise<RelayedMedium | MediaFailure> {
    const plan: UpdatePlan = {
      medium,
      number,
      offer,
      capabilities: node.capabilities,
      notifySocket: this.#notifySocket(node),
      autobridge: this.#settings.autobridge ?? false,
    };
    const command = updateCommand(question, plan);
    const text = printed(() => printCommand(command));
    if (typeof text !== 'string') return text;
    const answer = readAnswer(await node.ask(question.callId, text));
    if (!answer.ok) {
      if (this.#tellsLess(node, answer, hearsKeys(question, plan))) {
        return this.#ask(node, question, { medium, number }, offer);
      }
      if (hasNoRoom(answer) && question.local === undefined) node.rest(answer.reason);
      return answer;
    }
    const at = readRelayAddress(answer.words);
    if (!at) return failure('refused', `the relay answered "${answer.words.join(' ')}"`);
    if (at.port === 0) return failure('unknown-call', 'the relay does not know the call');
    const { spec } = node;
    return {
      index: medium.index,
      port: at.port,
      address: at.address,
      family: (at.address === undefined ? 0 : ipFamily(at.address)) || (command.modifiers.ipv6 ? 6 : 4),
      advertised: spec.advertised,
      local: isLocal(spec),
    };
  }

  /**
   * Asks a relay for less from now on, where it is not able or not permitted to tell: a call of which nothing is told is
   * better than none. @returns whether to try again
   */
  #tellsLess(node: RelayNode, { error }: MediaFailure, askedForKeys: boolean): boolean {
    const { Notify, Subcommands } = RtpproxyCapability;
    if (error === RtpproxyError.Subcommand && askedForKeys) {
      logLine('warn', 'media', `relay ${node.name} hears no keys: its module catch_dtmf is not loaded`);
      return node.capabilities.delete(Subcommands);
    }
    if (error !== RtpproxyError.NotifyNotPermitted) return false;
    logLine('warn', 'media', `relay ${node.name} may not tell of media and keys: it permits this by -n`);
    const forgot = node.capabilities.delete(Notify);
    return (askedForKeys && node.capabilities.delete(Subcommands)) || forgot;
  }

  /** Frees what a call got that cannot be relayed as a whole; one that goes on keeps it. */
  #undo(node: RelayNode, { callId, fromTag, toTag }: MediaQuestion): void {
    if (toTag !== undefined) return;
    void node.ask(callId, printCommand({ kind: 'delete', weak: false, callId, fromTag }));
  }
}

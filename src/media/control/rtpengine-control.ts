import { printBencode } from '../../wire/ng/bencode.ts';
import { printJson } from '../../wire/ng/json.ts';
import { type NgCommand, ngRequest } from '../../wire/ng/message.ts';
import type { NgDictionary, NgValue } from '../../wire/ng/value.ts';
import { SessionDescription } from '../../wire/sdp/session-description.ts';
import { engineMedia, printEngine } from './engine-description.ts';
import { type Done, FleetControl, type FleetControlOptions } from './fleet-control.ts';
import type {
  BlockRequest,
  MediaControl,
  MediaDone,
  MediaFailure,
  MediaKey,
  MediaParty,
  MediaQuestion,
  MediaResult,
  MediaStatistics,
  PlayRequest,
  QueryRequest,
  RecordRequest,
  Relayed,
  StopPlayRequest,
} from './media-control.ts';
import { failure, noAnswerer, printed, wasAway } from './media-failure.ts';
import type { Attempt } from './relay-fleet.ts';
import type { AskNode, ProbeResult, RelayNode } from './relay-node.ts';
import { flatCounters, type NgAnswer, readNgAnswer } from './rtpengine-answer.ts';
import { callRequest, deleteRequest, descriptionRequest } from './rtpengine-request.ts';
import { NO_ROOM, type RtpengineSettings } from './rtpengine-settings.ts';

export interface RtpengineControlOptions extends FleetControlOptions {
  readonly settings: RtpengineSettings;
}

/** What {@link RtpengineControl.call} comes to. */
export type CallAnswer =
  | { readonly ok: true; readonly body: NgDictionary; readonly node: string }
  | MediaFailure;

/** rtpengine has no word for ever. */
const FOREVER = 2 ** 31 - 1;

/** Relays that speak rtpengine's ng protocol. They rewrite descriptions themselves; what they print holds unless the reader is told otherwise. */
export class RtpengineControl extends FleetControl implements MediaControl {
  readonly #settings: RtpengineSettings;
  /** What errors say after which another relay is tried, in lower case. */
  readonly #elsewhere: readonly string[];

  constructor(options: RtpengineControlOptions) {
    super(options, { probe: (ask) => ping(ask, options.settings), notified: () => {} });
    this.#settings = options.settings;
    const { elsewhere = [] } = options.settings;
    this.#elsewhere = [...NO_ROOM, ...elsewhere].map((reason) => reason.toLowerCase());
  }

  offer(question: MediaQuestion): Promise<MediaResult> {
    return this.#relay(question, true);
  }

  answer(question: MediaQuestion): Promise<MediaResult> {
    return this.#relay(question, false);
  }

  delete(key: MediaKey): Promise<MediaDone> {
    return this.end(key, (node) => this.#ask(node, key.callId, deleteRequest(key)));
  }

  async query(request: QueryRequest): Promise<MediaStatistics> {
    return this.fleet.run<MediaStatistics & { readonly ok: true }>(request, false, async (node) => {
      const answer = await this.#ask(node, request.callId, callRequest('query', request, undefined));
      if (!answer.ok) return { result: answer, elsewhere: false };
      const all = flatCounters(answer.body);
      const { counters: names } = request;
      const wanted = names
        ? names.flatMap((name): [string, number][] => {
            const value = all.get(name);
            return value === undefined ? [] : [[name, value]];
          })
        : [...all].filter(([name]) => name.startsWith('totals.'));
      return { result: { ok: true, node: node.name, counters: new Map(wanted) }, elsewhere: false };
    });
  }

  play(request: PlayRequest): Promise<MediaDone> {
    const { prompt, count } = request;
    const party = tagOf(request, request.to);
    if (party === undefined) return Promise.resolve(noAnswerer());
    // The words may name another source: a blob, or a number in a database.
    const source = prompt === '' ? {} : { file: prompt };
    const repeat = count === 1 ? {} : { 'repeat-times': count < 0 ? FOREVER : count };
    return this.#done(request, callRequest('play media', request, party, { ...source, ...repeat }));
  }

  stopPlay(request: StopPlayRequest): Promise<MediaDone> {
    const party = tagOf(request, request.to);
    if (party === undefined) return Promise.resolve(noAnswerer());
    return this.#done(request, callRequest('stop media', request, party));
  }

  /** rtpengine records calls as a whole. */
  startRecording(request: RecordRequest): Promise<MediaDone> {
    const { destination } = request;
    return this.#done(
      request,
      callRequest('start recording', request, undefined, { 'output-destination': destination }),
    );
  }

  stopRecording(request: RecordRequest): Promise<MediaDone> {
    return this.#done(request, callRequest('stop recording', request, undefined));
  }

  /** {@link startRecording} goes on with it. */
  pauseRecording(key: MediaKey): Promise<MediaDone> {
    return this.#done(key, callRequest('pause recording', key, undefined));
  }

  block(request: BlockRequest): Promise<MediaDone> {
    return this.#block(request, 'block');
  }

  unblock(request: BlockRequest): Promise<MediaDone> {
    return this.#block(request, 'unblock');
  }

  /**
   * Any other command about a call, such as `start forwarding` or `play DTMF`.
   * @param party undefined: the whole call
   */
  async call(
    command: NgCommand,
    key: MediaKey,
    party?: MediaParty,
    fields: Readonly<Record<string, NgValue>> = {},
  ): Promise<CallAnswer> {
    const tag = party && tagOf(key, party);
    if (party && tag === undefined) return noAnswerer();
    return this.fleet.run<CallAnswer & { readonly ok: true }>(key, false, async (node) => {
      const answer = await this.#ask(node, key.callId, callRequest(command, key, tag, fields));
      return { result: answer.ok ? { ...answer, node: node.name } : answer, elsewhere: false };
    });
  }

  /** A command to one relay about itself: `ping`, `list`, `statistics`. */
  async relayCommand(
    node: string,
    command: NgCommand,
    fields: Readonly<Record<string, NgValue>> = {},
  ): Promise<NgAnswer> {
    const found = this.fleet.nodes.find(({ name }) => name === node);
    if (!found) return failure('no-relay', `relay ${node} is not there`);
    return this.#ask(found, '', ngRequest(command, fields));
  }

  #relay(question: MediaQuestion, offer: boolean): Promise<MediaResult> {
    const { ice = 'remove' } = this.#settings;
    const creates = offer && !question.engine?.forceAnswer && !question.flags?.onlyExisting;
    const request = descriptionRequest(question, offer, ice);
    return this.fleet.run<Relayed>(question, creates, async (node): Promise<Attempt<Relayed>> => {
      const answer = await this.#ask(node, question.callId, request);
      if (!answer.ok) {
        const said = answer.said?.toLowerCase();
        const full = said !== undefined && this.#elsewhere.some((reason) => said.includes(reason));
        if (full) node.rest(answer.reason);
        return { result: answer, elsewhere: full || wasAway(answer) };
      }
      const { sdp } = answer.body;
      if (typeof sdp !== 'string') {
        return { result: failure('refused', 'rtpengine answered without a description'), elsewhere: false };
      }
      return { result: relayed(node, sdp, question), elsewhere: false };
    });
  }

  #block(request: BlockRequest, verb: 'block' | 'unblock'): Promise<MediaDone> {
    const { what, party } = request;
    const tag = party && tagOf(request, party);
    if (party && tag === undefined) return Promise.resolve(noAnswerer());
    return this.#done(request, callRequest(`${verb} ${what === 'keys' ? 'DTMF' : 'media'}`, request, tag));
  }

  #done(key: MediaKey, request: NgDictionary): Promise<MediaDone> {
    return this.fleet.run<Done>(key, false, async (node) => {
      const answer = await this.#ask(node, key.callId, request);
      return { result: answer.ok ? { ok: true, node: node.name } : answer, elsewhere: false };
    });
  }

  async #ask(node: RelayNode, callId: string, request: NgDictionary): Promise<NgAnswer> {
    const text = printed(() => print(request, this.#settings));
    return typeof text === 'string' ? readNgAnswer(await node.ask(callId, text)) : text;
  }
}

async function ping(ask: AskNode, settings: RtpengineSettings): Promise<ProbeResult> {
  const pong = readNgAnswer(await ask(print(ngRequest('ping', {}), settings)));
  return pong.ok ? { ok: true, capabilities: new Set() } : { ok: false, reason: pong.reason };
}

/** @throws ServerError SIP_BAD_FIELD for what bencode cannot say */
function print(request: NgDictionary, { encoding }: RtpengineSettings): string {
  return encoding === 'json' ? printJson(request) : printBencode(request);
}

/** rtpengine's own words hold for all readers but those that are told another address. */
function relayed({ name, spec }: RelayNode, sdp: string, { flags, sdp: own }: MediaQuestion): Relayed {
  const parsed = SessionDescription.parse(sdp);
  const media = parsed.ok ? engineMedia(parsed.session, { advertised: spec.advertised, local: false }) : [];
  return {
    ok: true,
    node: name,
    media,
    print: (address) => {
      if (flags?.keepBody) return own;
      return parsed.ok ? printEngine(parsed.session, media, address) : sdp;
    },
  };
}

function tagOf({ fromTag, toTag }: MediaKey, party: MediaParty): string | undefined {
  return party === 'offerer' ? fromTag : toTag;
}

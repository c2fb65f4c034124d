import { canonicalHost, ipFamily } from '../../base/ip.ts';
import type { RtpproxyCommand } from '../../wire/rtpproxy/command.ts';
import { printCommand } from '../../wire/rtpproxy/print-command.ts';
import { QUERY_COUNTERS, readCounters } from '../../wire/rtpproxy/reply.ts';
import { NOTIFY_PORT } from '../server/port-message.ts';
import { findAddress } from './find-address.ts';
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
  StopPlayRequest,
} from './media-control.ts';
import { failure, noAnswerer, printed } from './media-failure.ts';
import { isLocal } from './node-link.ts';
import { readNotification } from './notification-reader.ts';
import { NotifyListener } from './notify-listener.ts';
import type { RelayNode } from './relay-node.ts';
import { type RtpproxySuccess, readAnswer } from './rtpproxy-answer.ts';
import { probeRtpproxy, RtpproxyCapability } from './rtpproxy-probe.ts';
import type { RtpproxySettings } from './rtpproxy-settings.ts';
import { RtpproxyUpdate } from './rtpproxy-update.ts';

export interface RtpproxyControlOptions extends FleetControlOptions {
  readonly settings: RtpproxySettings;
}

/** As many names as every daemon takes in one query. */
const COUNTERS_AT_ONCE = 5;
/** Stands for a party whose tag is not known yet: what a daemon finds by the other one. */
const UNKNOWN_TAG = 'dummy';

/** Relays that speak rtpproxy's control protocol, the embedded one among them. */
export class RtpproxyControl extends FleetControl implements MediaControl {
  readonly #settings: RtpproxySettings;
  readonly #update: RtpproxyUpdate;
  #notify: NotifyListener | undefined;
  /** Canonical addresses of relays that are configured by name. */
  readonly #found: Set<string>;
  /** Hears each line that comes to the notify socket, for other workers, where it is {@link notified}. */
  overhear: ((line: string) => void) | undefined = undefined;

  private constructor(options: RtpproxyControlOptions) {
    const found = new Set<string>();
    const find = options.findAddress ?? findAddress;
    const known = {
      ...options,
      findAddress: async (host: string, family: 4 | 6) => {
        const address = await find(host, family);
        if (address !== undefined) found.add(canonicalHost(address));
        return address;
      },
    };
    super(known, { probe: probeRtpproxy, notified: readNotification });
    this.#found = found;
    this.#settings = options.settings;
    this.#update = new RtpproxyUpdate(options.settings, (node) => this.#notifySocket(node));
  }

  /** @throws ServerError NET_LISTEN_FAILED for a notify socket that cannot be opened */
  static async open(options: RtpproxyControlOptions): Promise<RtpproxyControl> {
    const control = new RtpproxyControl(options);
    const { notify } = options.settings;
    if (!notify?.listen) return control;
    try {
      control.#notify = await NotifyListener.open({
        socket: notify.listen,
        anyUser: notify.anyUser,
        isRelay: (address, isHere) => control.#isRelay(address, isHere),
        line: (line) => {
          control.overhear?.(line);
          return control.notified(line);
        },
      });
    } catch (error) {
      await control[Symbol.asyncDispose]();
      throw error;
    }
    return control;
  }

  /** A relay has told something. @returns whether it meant anything */
  notified(line: string): boolean {
    return readNotification(line, undefined, this.listener);
  }

  /** Where notifications come in by TCP; undefined where they do not. */
  get notifyPort(): number | undefined {
    return this.#notify?.port;
  }

  offer(question: MediaQuestion): Promise<MediaResult> {
    return this.#update.relay(this.fleet, question, true);
  }

  answer(question: MediaQuestion): Promise<MediaResult> {
    return this.#update.relay(this.fleet, question, false);
  }

  delete(key: MediaKey): Promise<MediaDone> {
    const { callId, fromTag, toTag } = key;
    const tags = toTag === undefined ? { fromTag } : { fromTag, toTag };
    return this.end(key, (node) => this.#ask(node, { kind: 'delete', weak: false, callId, ...tags }));
  }

  async query(request: QueryRequest): Promise<MediaStatistics> {
    const { counters: names, media = 1 } = request;
    const chunks = names ? chunked(names, COUNTERS_AT_ONCE) : [[]];
    const found = new Map<string, number>();
    const required = names ? RtpproxyCapability.QueryByName : RtpproxyCapability.Query;
    return this.fleet.run<MediaStatistics & { readonly ok: true }>(request, false, async (node) => {
      const missing = requireCapability(node, required);
      if (missing) return { result: missing, elsewhere: false };
      for (const counters of chunks) {
        const command = {
          kind: 'query',
          verbose: false,
          counters,
          subcommands: [],
          ...sideOf(request, 'offerer', media),
        } as const;
        const answer = await this.#ask(node, command);
        if (!answer.ok) return { result: answer, elsewhere: false };
        const values = readCounters(answer.words, names ? counters : QUERY_COUNTERS);
        if (!values) {
          const reason = `the relay answered "${answer.words.join(' ')}" to a query`;
          return { result: failure('refused', reason), elsewhere: false };
        }
        for (const [name, value] of values) found.set(name, value);
      }
      return { result: { ok: true, node: node.name, counters: found }, elsewhere: false };
    });
  }

  async play(request: PlayRequest): Promise<MediaDone> {
    const { to, prompt, count } = request;
    if (to === 'answerer' && request.toTag === undefined) return noAnswerer();
    const side = sideOf(request, to, 1);
    const command = { kind: 'play', count, prompt, codecs: 'session', ...side } as const;
    return this.#command(request, [command], RtpproxyCapability.Codecs);
  }

  async stopPlay(request: StopPlayRequest): Promise<MediaDone> {
    if (request.to === 'answerer' && request.toTag === undefined) return noAnswerer();
    const command = { kind: 'stop-play', ...sideOf(request, request.to, 1) } as const;
    return this.#command(request, [command], RtpproxyCapability.Codecs);
  }

  startRecording(request: RecordRequest): Promise<MediaDone> {
    const { destination, singleFile = false, media, mediaCount = 1, party } = request;
    const parties: MediaParty[] = party ? [party] : ['offerer', 'answerer'];
    const numbers = media === undefined ? Array.from({ length: mediaCount }, (_, i) => i + 1) : [media];
    const commands = parties.flatMap((it): RtpproxyCommand[] => {
      if (destination === undefined) return [{ kind: 'record', singleFile, ...sideOf(request, it, media) }];
      const copy = { kind: 'copy', stop: false, replyPort: false, singleFile } as const;
      return numbers.map((number) => ({
        ...copy,
        destination: singleFile ? destination : ownDestination(destination, it, number),
        ...sideOf(request, it, number),
      }));
    });
    return this.#command(request, commands, RtpproxyCapability.Record);
  }

  stopRecording(request: RecordRequest): Promise<MediaDone> {
    const { media, party } = request;
    const side = sideOf(request, party ?? 'offerer', media);
    const command = { kind: 'stop-record', all: party === undefined, ...side } as const;
    return this.#command(request, [command], RtpproxyCapability.StopRecord);
  }

  async block(_request: BlockRequest): Promise<MediaDone> {
    return failure('unsupported', 'relays of this kind block nothing');
  }

  async unblock(_request: BlockRequest): Promise<MediaDone> {
    return failure('unsupported', 'relays of this kind block nothing');
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.#notify?.[Symbol.asyncDispose]();
    await super[Symbol.asyncDispose]();
  }

  /** One command after the other, until one fails. */
  #command(key: MediaKey, commands: readonly RtpproxyCommand[], required?: string): Promise<MediaDone> {
    return this.fleet.run<Done>(key, false, async (node) => {
      const missing = required === undefined ? undefined : requireCapability(node, required);
      if (missing) return { result: missing, elsewhere: false };
      for (const command of commands) {
        const answer = await this.#ask(node, command);
        if (!answer.ok) return { result: answer, elsewhere: false };
      }
      return { result: { ok: true, node: node.name }, elsewhere: false };
    });
  }

  async #ask(
    node: RelayNode,
    command: RtpproxyCommand & { readonly callId?: string },
  ): Promise<RtpproxySuccess | MediaFailure> {
    const text = printed(() => printCommand(command));
    if (typeof text !== 'string') return text;
    return readAnswer(await node.ask(command.callId ?? '', text));
  }

  #notifySocket({ spec }: RelayNode): string | undefined {
    return spec.address.transport === 'embedded' ? NOTIFY_PORT : this.#settings.notify?.printed;
  }

  #isRelay(address: string, isHere: boolean): boolean {
    return this.fleet.nodes.some(({ spec }) => {
      const { address: at } = spec;
      if (isHere && isLocal(spec)) return true;
      if (at.transport !== 'udp' && at.transport !== 'tcp') return false;
      return ipFamily(at.host) === 0 ? this.#found.has(address) : canonicalHost(at.host) === address;
    });
  }
}

function requireCapability(node: RelayNode, date: string): MediaFailure | undefined {
  if (node.capabilities.has(date)) return undefined;
  return failure('unsupported', `relay ${node.name} is too old for it: it lacks ${date}`);
}

/** The call as a command names it that means the streams of one party; with a number only those of one medium. */
function sideOf(
  { callId, fromTag, toTag }: MediaKey,
  party: MediaParty,
  media: number | undefined,
): { readonly callId: string; readonly fromTag: string; readonly toTag?: string } {
  const tag = (it: string) => (media === undefined ? it : `${it};${media}`);
  if (party === 'answerer') return { callId, fromTag: tag(toTag ?? UNKNOWN_TAG), toTag: tag(fromTag) };
  return { callId, fromTag: tag(fromTag), ...(toTag === undefined ? {} : { toTag: tag(toTag) }) };
}

/** One party's sound of one medium: rtpproxy would write what has the same name over each other. */
function ownDestination(destination: string, party: MediaParty, media: number): string {
  if (destination.startsWith('udp:')) return destination;
  return `${destination}${media === 1 ? '' : `=${media}`}${party === 'offerer' ? '' : '.a'}`;
}

function chunked<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let i = 0; i < items.length; i += size) chunks.push(items.slice(i, i + size));
  return chunks;
}

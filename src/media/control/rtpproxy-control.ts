import type { Clock } from '../../base/clock.ts';
import { canonicalHost, ipFamily } from '../../base/ip.ts';
import type { RtpproxyCommand } from '../../wire/rtpproxy/command.ts';
import { printCommand } from '../../wire/rtpproxy/print-command.ts';
import { QUERY_COUNTERS, readCounters } from '../../wire/rtpproxy/reply.ts';
import { NOTIFY_PORT } from '../server/port-message.ts';
import { findAddress } from './find-address.ts';
import type {
  BlockRequest,
  MediaControl,
  MediaDone,
  MediaFailure,
  MediaKey,
  MediaListener,
  MediaParty,
  MediaQuestion,
  MediaResult,
  MediaStatistics,
  PlayRequest,
  QueryRequest,
  RecordRequest,
  RelayState,
  RelaySwitch,
  StopPlayRequest,
} from './media-control.ts';
import { failure, printed } from './media-failure.ts';
import { isLocal, type LinkEnvironment, makeLink } from './node-link.ts';
import type { NodeSetSpec, NodeSpec } from './node-spec.ts';
import { readNotification } from './notification-reader.ts';
import { NotifyListener } from './notify-listener.ts';
import { RelayFleet } from './relay-fleet.ts';
import { RelayNode } from './relay-node.ts';
import { type RtpproxySuccess, readAnswer } from './rtpproxy-answer.ts';
import { probeRtpproxy, RtpproxyCapability } from './rtpproxy-probe.ts';
import { DEFAULT_DISABLE_MS, DEFAULT_PATIENCE, type RtpproxySettings } from './rtpproxy-settings.ts';
import { RtpproxyUpdate } from './rtpproxy-update.ts';

export interface RtpproxyControlOptions extends LinkEnvironment {
  readonly settings: RtpproxySettings;
  readonly clock: Clock;
}

type Done = MediaDone & { readonly ok: true };

/** Most commands that may wait for one relay. */
const MOST_PENDING = 4096;
/** The embedded relay is started again at once. */
const EMBEDDED_DISABLE_MS = 1000;
/** As many names as every daemon takes in one query. */
const COUNTERS_AT_ONCE = 5;
/** Stands for a party whose tag is not known yet: what a daemon finds by the other one. */
const UNKNOWN_TAG = 'dummy';

/** Relays that speak rtpproxy's control protocol, the embedded one among them. */
export class RtpproxyControl implements MediaControl {
  listener: MediaListener | undefined;
  readonly #options: RtpproxyControlOptions;
  readonly #fleet: RelayFleet;
  readonly #update: RtpproxyUpdate;
  #notify: NotifyListener | undefined;
  /** Canonical addresses of relays that are configured by name. */
  readonly #found: Set<string> = new Set();

  private constructor(options: RtpproxyControlOptions) {
    this.#options = options;
    const { sets, defaultSet } = options.settings;
    this.#update = new RtpproxyUpdate(options.settings, (node) => this.#notifySocket(node));
    this.#fleet = new RelayFleet({ sets, defaultSet, makeNode: (spec, set) => this.#makeNode(spec, set) });
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
        line: (line) => readNotification(line, undefined, control.listener),
      });
    } catch (error) {
      await control[Symbol.asyncDispose]();
      throw error;
    }
    return control;
  }

  /** Where notifications come in by TCP; undefined where they do not. */
  get notifyPort(): number | undefined {
    return this.#notify?.port;
  }

  offer(question: MediaQuestion): Promise<MediaResult> {
    return this.#update.relay(this.#fleet, question, true);
  }

  answer(question: MediaQuestion): Promise<MediaResult> {
    return this.#update.relay(this.#fleet, question, false);
  }

  async delete(key: MediaKey): Promise<MediaDone> {
    const { callId, fromTag, toTag } = key;
    const tags = toTag === undefined ? { fromTag } : { fromTag, toTag };
    const done = await this.#fleet.run<Done>(key, false, async (node) => {
      const answer = await this.#ask(node, { kind: 'delete', weak: false, callId, ...tags });
      // What the relay does not know any more is gone, as it was to be.
      const gone = answer.ok || answer.fault === 'unknown-call';
      return { result: gone ? { ok: true, node: node.name } : answer, elsewhere: false };
    });
    this.#fleet.forget(key);
    return done;
  }

  async query(request: QueryRequest): Promise<MediaStatistics> {
    const { counters: names, media = 1 } = request;
    const chunks = names ? chunked(names, COUNTERS_AT_ONCE) : [[]];
    const found = new Map<string, number>();
    const required = names ? RtpproxyCapability.QueryByName : RtpproxyCapability.Query;
    return this.#fleet.run<MediaStatistics & { readonly ok: true }>(request, false, async (node) => {
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

  relays(): RelayState[] {
    return this.#fleet.relays();
  }

  switch(node: string, to: RelaySwitch, set?: number): boolean {
    return this.#fleet.switch(node, to, set);
  }

  /** Takes other sets of relays. Those that stay keep their calls; others end with their last command. */
  configure(sets: readonly NodeSetSpec[]): void {
    this.#fleet.configure(sets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#notify?.[Symbol.asyncDispose]();
    await this.#fleet[Symbol.asyncDispose]();
  }

  /** One command after the other, until one fails. */
  #command(key: MediaKey, commands: readonly RtpproxyCommand[], required?: string): Promise<MediaDone> {
    return this.#fleet.run<Done>(key, false, async (node) => {
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

  #makeNode(spec: NodeSpec, set: number): RelayNode {
    const { settings, clock, wheel } = this.#options;
    const { timeoutMs, tries } = { ...DEFAULT_PATIENCE, ...settings };
    const link = makeLink(
      spec,
      { ...this.#options, findAddress: (host, family) => this.#findAddress(host, family) },
      { timeoutMs, tries },
      (line) => void readNotification(line, spec.name, this.listener),
    );
    const { disableMs = DEFAULT_DISABLE_MS } = settings;
    const isEmbedded = spec.address.transport === 'embedded';
    const node = new RelayNode({
      spec,
      set,
      link,
      clock,
      wheel,
      disableMs:
        disableMs === 'never' ? undefined : isEmbedded ? Math.min(disableMs, EMBEDDED_DISABLE_MS) : disableMs,
      limit: MOST_PENDING,
      probe: probeRtpproxy,
    });
    void node.test();
    return node;
  }

  async #findAddress(host: string, family: 4 | 6): Promise<string | undefined> {
    const address = await (this.#options.findAddress ?? findAddress)(host, family);
    if (address !== undefined) this.#found.add(canonicalHost(address));
    return address;
  }

  #notifySocket({ spec }: RelayNode): string | undefined {
    return spec.address.transport === 'embedded' ? NOTIFY_PORT : this.#options.settings.notify?.printed;
  }

  #isRelay(address: string, isHere: boolean): boolean {
    return this.#fleet.nodes.some(({ spec }) => {
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

function noAnswerer(): MediaFailure {
  return failure('bad-value', 'nobody has answered yet: the tag of the answerer is missing');
}

function chunked<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let i = 0; i < items.length; i += size) chunks.push(items.slice(i, i + size));
  return chunks;
}

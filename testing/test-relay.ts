import type { IpFamily } from '../src/base/ip.ts';
import type {
  BlockRequest,
  MediaControl,
  MediaDone,
  MediaFault,
  MediaKey,
  MediaListener,
  MediaQuestion,
  MediaResult,
  MediaStatistics,
  PlayRequest,
  PrintedAddress,
  RecordRequest,
  RelayedMedium,
  RelayState,
  RelaySwitch,
  StopPlayRequest,
} from '../src/media/control/media-control.ts';
import { SdpEdit } from '../src/wire/sdp/edit.ts';
import { SessionDescription } from '../src/wire/sdp/session-description.ts';

export interface TestRelayOptions {
  readonly address?: string;
  readonly address6?: string;
  readonly advertised?: string;
  /** Whether it is the server's own; default true. */
  readonly local?: boolean;
  readonly node?: string;
}

/** What the relay was asked for. */
export interface RelayCommand {
  readonly command: string;
  readonly question: MediaKey & Partial<MediaQuestion> & Partial<PlayRequest> & Partial<RecordRequest>;
}

interface Session {
  readonly callId: string;
  /** Tag of who made it. */
  readonly maker: string;
  readonly firstPort: number;
  tag: string | undefined;
}

const FIRST_PORT = 40_000;
const PORTS_EACH = 40;

/** A relay for tests: it has ports and no packets, and keeps what it was asked for. */
export class TestRelay implements MediaControl {
  listener: MediaListener | undefined;
  readonly commands: RelayCommand[] = [];
  /** Answered to everything, while it is set. */
  fault: MediaFault | undefined;
  readonly node: string;
  readonly #options: TestRelayOptions;
  readonly #sessions: Session[] = [];
  #count = 0;

  constructor(options: TestRelayOptions = {}) {
    this.#options = options;
    this.node = options.node ?? 'test';
  }

  /** How many sessions it has. */
  get size(): number {
    return this.#sessions.length;
  }

  /** The commands of one kind, as the tags that they named: `offer alice`, `answer alice bob`. */
  get told(): string[] {
    return this.commands.map(({ command, question: { fromTag, toTag } }) =>
      [command, fromTag, ...(toTag === undefined ? [] : [toTag])].join(' '),
    );
  }

  /** It breaks, and is there again with nothing. */
  lose(): void {
    this.#sessions.length = 0;
  }

  /** No more packets come in any session. */
  stopMedia(): void {
    for (const { tag } of [...this.#sessions])
      if (tag !== undefined) this.listener?.mediaStopped(tag, this.node);
  }

  /** The party that made the first offer presses a key. */
  pressKey(key: string): void {
    for (const { tag } of this.#sessions) {
      const press = { key, volume: 10, duration: 800, party: 'offerer' } as const;
      if (tag !== undefined) this.listener?.mediaKey(tag, press, this.node);
    }
  }

  offer(question: MediaQuestion): Promise<MediaResult> {
    return this.#relay('offer', question, true);
  }

  answer(question: MediaQuestion): Promise<MediaResult> {
    return this.#relay('answer', question, false);
  }

  async delete(key: MediaKey): Promise<MediaDone> {
    this.commands.push({ command: 'delete', question: key });
    const session = this.#find(key);
    if (!session) return { ok: false, fault: 'unknown-call', reason: 'no such session', error: 50 };
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
    return { ok: true, node: this.node };
  }

  async query(key: MediaKey): Promise<MediaStatistics> {
    const done = this.#done('query', key);
    return done.ok ? { ...done, counters: new Map([['ttl', 60]]) } : done;
  }

  play(request: PlayRequest): Promise<MediaDone> {
    return Promise.resolve(this.#done('play', request));
  }

  stopPlay(request: StopPlayRequest): Promise<MediaDone> {
    return Promise.resolve(this.#done('stopPlay', request));
  }

  startRecording(request: RecordRequest): Promise<MediaDone> {
    return Promise.resolve(this.#done('record', request));
  }

  stopRecording(request: RecordRequest): Promise<MediaDone> {
    return Promise.resolve(this.#done('stopRecord', request));
  }

  block(request: BlockRequest): Promise<MediaDone> {
    return Promise.resolve(this.#done('block', request));
  }

  unblock(request: BlockRequest): Promise<MediaDone> {
    return Promise.resolve(this.#done('unblock', request));
  }

  relays(): RelayState[] {
    const { advertised } = this.#options;
    const counts = { commands: this.commands.length, failures: 0, pending: 0 };
    const state = this.fault ? ('inactive' as const) : ('active' as const);
    return [
      {
        set: 0,
        node: this.node,
        weight: 1,
        advertised,
        state,
        retryIn: undefined,
        capabilities: [],
        ...counts,
      },
    ];
  }

  switch(node: string, to: RelaySwitch): boolean {
    if (node !== this.node) return false;
    this.fault = to === 'on' ? undefined : 'no-relay';
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #relay(command: string, question: MediaQuestion, makes: boolean): Promise<MediaResult> {
    this.commands.push({ command, question });
    if (this.fault) return { ok: false, fault: this.fault, reason: `the test says ${this.fault}` };
    const parsed = SessionDescription.parse(question.sdp);
    if (!parsed.ok || parsed.session.media.length === 0) {
      return { ok: false, fault: 'bad-description', reason: 'no media' };
    }
    const { session: description } = parsed;
    const session = this.#find(question) ?? (makes ? this.#make(question) : undefined);
    if (!session) return { ok: false, fault: 'unknown-call', reason: 'no such session' };
    session.tag = question.tag ?? session.tag;
    // Of what the maker offers, and of what it answers, the other party reads the first port.
    const first = (session.maker === question.fromTag) === (command === 'offer');
    const family: IpFamily = question.toFamily ?? description.media[0]?.connection?.family ?? 4;
    const media = description.media
      .filter(({ port }) => port !== 0)
      .map(({ index }): RelayedMedium => {
        const port = session.firstPort + 4 * index + (first ? 0 : 2);
        return { index, port, ...this.#address(family) };
      });
    return {
      ok: true,
      node: this.node,
      media,
      print: (printed) => print(description, media, question, printed),
    };
  }

  #address(family: IpFamily): Omit<RelayedMedium, 'index' | 'port'> {
    const { address = '10.0.0.34', address6 = '2001:db8::34', advertised, local = true } = this.#options;
    return { address: family === 6 ? address6 : address, family, advertised, local };
  }

  #done(command: string, key: MediaKey): MediaDone {
    this.commands.push({ command, question: key });
    if (this.fault) return { ok: false, fault: this.fault, reason: `the test says ${this.fault}` };
    if (this.#find(key)) return { ok: true, node: this.node };
    return { ok: false, fault: 'unknown-call', reason: 'no such session' };
  }

  #make({ callId, fromTag }: MediaQuestion): Session {
    const firstPort = FIRST_PORT + PORTS_EACH * this.#count++;
    const session = { callId, maker: fromTag, firstPort, tag: undefined };
    this.#sessions.push(session);
    return session;
  }

  #find({ callId, fromTag, toTag }: MediaKey): Session | undefined {
    return this.#sessions.find(
      (it) => it.callId === callId && (it.maker === fromTag || (toTag !== undefined && it.maker === toTag)),
    );
  }
}

function print(
  session: SessionDescription,
  media: readonly RelayedMedium[],
  { flags }: MediaQuestion,
  printed: PrintedAddress,
): string {
  if (flags?.keepBody) return session.text;
  const edit = new SdpEdit(session);
  for (const medium of media) {
    edit.setMedia(session.media[medium.index]!, { address: printed(medium), port: medium.port });
  }
  if (flags?.origin && media[0]) edit.setOrigin(printed(media[0]));
  return edit.toString();
}

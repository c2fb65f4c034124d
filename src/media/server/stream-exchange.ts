import { LineFramer, LONGEST_FRAME } from '../../wire/rtpproxy/frame.ts';
import { type CommandSource, type Execute, whenAnswered } from './command-source.ts';
import type { DoorCounters } from './door-counters.ts';

/** Commands of one connection that may be under way before no more are read. */
const MOST_WAITING = 64;

/** What an exchange needs of its connection. */
export interface StreamPeer {
  write(text: string): void;
  /** Writes what is left, and closes. */
  close(): void;
  /** Whether more shall be read. */
  flow(wanted: boolean): void;
}

export interface StreamRules {
  /** rtpproxy's `unix:`: what comes first is the only command, and its answer closes the connection. */
  readonly oneCommand: boolean;
}

/** Commands as lines on a connection: they have no cookies, so answers keep their order. */
export class StreamExchange {
  readonly #execute: Execute;
  readonly #source: CommandSource;
  readonly #peer: StreamPeer;
  readonly #rules: StreamRules;
  readonly #counters: DoorCounters;
  readonly #framer = new LineFramer();
  /** In the order of their commands; undefined where a command is still being executed. */
  readonly #answers: { text: string | undefined }[] = [];
  #commands = 0;
  #ended = false;
  #closed = false;
  #flowing = true;

  constructor(
    execute: Execute,
    source: CommandSource,
    peer: StreamPeer,
    rules: StreamRules,
    counters: DoorCounters,
  ) {
    this.#execute = execute;
    this.#source = source;
    this.#peer = peer;
    this.#rules = rules;
    this.#counters = counters;
  }

  /** How many commands have come. */
  get commands(): number {
    return this.#commands;
  }

  receive(chunk: Buffer): void {
    if (this.#ended || this.#closed) return;
    const lines = this.#framer.push(chunk);
    if (this.#rules.oneCommand) {
      const first = lines[0] ?? this.#framer.rest;
      if (first !== '' || this.#framer.overflow) this.#only(first);
      return;
    }
    for (const line of lines) this.#command(line);
    if (this.#framer.overflow) {
      this.#counters.malformed++;
      this.end();
    }
  }

  /** The peer sends no more. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const rest = this.#framer.rest.trim();
    if (rest !== '' && rest.length <= LONGEST_FRAME) this.#command(rest);
    this.#flush();
  }

  #only(text: string): void {
    if (this.#framer.overflow) this.#counters.malformed++;
    this.#ended = true;
    if (text.trim() !== '') this.#command(text.trim());
    this.#flush();
  }

  #command(text: string): void {
    this.#commands++;
    const answer: { text: string | undefined } = { text: undefined };
    this.#answers.push(answer);
    whenAnswered(this.#execute(text, this.#source), (answered) => {
      answer.text = answered;
      this.#flush();
    });
    if (this.#answers.length >= MOST_WAITING && this.#flowing) {
      this.#flowing = false;
      this.#peer.flow(false);
    }
  }

  #flush(): void {
    if (this.#closed) return;
    let text = '';
    while (this.#answers[0]?.text !== undefined) text += `${this.#answers.shift()!.text}\n`;
    if (text !== '') this.#peer.write(text);
    if (!this.#flowing && this.#answers.length < MOST_WAITING / 2) {
      this.#flowing = true;
      this.#peer.flow(true);
    }
    if (this.#ended && this.#answers.length === 0) {
      this.#closed = true;
      this.#peer.close();
    }
  }
}

import { logLine } from '../../base/channels.ts';
import type { RtpproxyCommand } from '../../wire/rtpproxy/command.ts';
import { RtpproxyError } from '../../wire/rtpproxy/error-code.ts';
import { parseCommand } from '../../wire/rtpproxy/parse-command.ts';
import { printError } from '../../wire/rtpproxy/reply.ts';
import type { MediaSession } from '../relay/media-session.ts';
import { Relay, type RelayOptions, type RelayUser } from '../relay/relay.ts';
import { CallOrder } from './call-order.ts';
import { type CommandSource, whenAnswered } from './command-source.ts';
import { type CommandContext, keyOf, type Told } from './commands/command-context.ts';
import { executeQuery } from './commands/query-command.ts';
import {
  executeCopy,
  executePlay,
  executeRecord,
  executeStopPlay,
  executeStopRecord,
} from './commands/sound-commands.ts';
import { executeUpdate } from './commands/update-command.ts';
import { hasFeature, PROTOCOL_VERSION } from './features.ts';
import { Notifier } from './notifier.ts';
import { RelayStatistics } from './relay-statistics.ts';
import type { SoundPorts } from './sound-ports.ts';

/** Commands that may wait for ports, disks and each other; what comes then is refused. */
const MOST_WAITING = 20_000;
const OK = '0';

export interface RelayServerOptions extends Omit<RelayOptions, 'user'> {
  /** Notify sockets that commands may name (rtpproxy's `-n`). */
  readonly notifySockets: readonly string[];
  /** Records every session from its start (rtpproxy's `-a`). */
  readonly recordsAll: boolean;
  /** Whether each command is logged with its answer, at level debug. */
  readonly logsCommands?: boolean;
  /** Commands that may be under way at once; 20,000 where left out. */
  readonly mostWaiting?: number;
  /** Recordings, prompts and keys for the relay; the server's own from then on. */
  readonly sound: (relay: Relay) => SoundPorts & AsyncDisposable;
}

/** Executes rtpproxy's control protocol over a relay, which is its own. */
export class RelayServer implements RelayUser, AsyncDisposable {
  readonly relay: Relay;
  /** How packets move. */
  readonly pathName: RelayOptions['path']['name'];
  readonly notifier: Notifier;
  readonly statistics: RelayStatistics;
  readonly #context: CommandContext;
  readonly #order = new CallOrder();
  readonly #mostWaiting: number;
  readonly #logsCommands: boolean;
  readonly #sound: SoundPorts & AsyncDisposable;
  readonly #told = new WeakMap<MediaSession, Told>();

  /** @throws ServerError NET_BAD_CONTROL_SOCKET, CFG_INVALID */
  constructor({ notifySockets, recordsAll, sound, ...options }: RelayServerOptions) {
    this.#mostWaiting = options.mostWaiting ?? MOST_WAITING;
    this.#logsCommands = options.logsCommands === true;
    this.notifier = new Notifier(notifySockets, options.clock);
    this.relay = new Relay({ ...options, user: this });
    this.pathName = options.path.name;
    this.#sound = sound(this.relay);
    this.statistics = new RelayStatistics(this.relay, this.#sound, this.notifier.counters, options.clock);
    this.#context = {
      relay: this.relay,
      notifier: this.notifier,
      sound: this.#sound,
      clock: options.clock,
      told: this.#told,
      recordsAll,
    };
  }

  /**
   * Executes one command. Those of one call are executed in the order in which they come.
   * @param text without cookie and line end
   * @returns the answer, as text as well; never throws, never rejects
   */
  execute(text: string, source: CommandSource): string | Promise<string> {
    const { commands } = this.statistics;
    commands.received++;
    const answer = this.#answer(text, source);
    whenAnswered(answer, (it) => {
      commands.answered++;
      if (isError(it)) commands.failed++;
      else commands.succeeded++;
      if (this.#logsCommands) logLine('debug', 'relay', `${text} -> ${it}`);
    });
    return answer;
  }

  timedOut(session: MediaSession): void {
    const told = this.#told.get(session);
    this.#told.delete(session);
    // As it was given, be it one word or more: line ends are the only thing that no tag has.
    told?.target.send(`${told.tag}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.relay.refuseNew();
    this.relay.deleteAll();
    // Files are completed while the ports of the relay are still there: copies leave from some of them.
    await this.#sound[Symbol.asyncDispose]();
    await this.relay[Symbol.asyncDispose]();
    await this.notifier[Symbol.asyncDispose]();
  }

  #answer(text: string, source: CommandSource): string | Promise<string> {
    const parsed = parseCommand(text);
    if (!parsed.ok) return printError(parsed.error);
    const { command } = parsed;
    if (this.#order.waiting >= this.#mostWaiting) return printError(RtpproxyError.Overload);
    const job = () => this.#execute(command, source);
    if ('callId' in command) return this.#order.run(command.callId, job);
    return command.kind === 'version' || command.kind === 'feature' ? job() : this.#order.runForAll(job);
  }

  #execute(command: RtpproxyCommand, source: CommandSource): string | Promise<string> {
    try {
      const answer = this.#dispatch(command, source);
      return typeof answer === 'string' ? answer : answer.catch((error) => fault(command, error));
    } catch (error) {
      return fault(command, error);
    }
  }

  #dispatch(command: RtpproxyCommand, source: CommandSource): string | Promise<string> {
    const context = this.#context;
    switch (command.kind) {
      case 'version':
        return PROTOCOL_VERSION;
      case 'feature': {
        const notifies = this.notifier.enabled || source.notify !== undefined;
        return hasFeature(command.feature, notifies) ? '1' : '0';
      }
      case 'delete-all':
        this.relay.deleteAll();
        return OK;
      case 'info':
        return this.statistics.info(command.load);
      case 'statistics':
        return this.statistics.counters(command.counters, command.verbose);
      case 'update':
      case 'lookup':
        return executeUpdate(context, command, source);
      case 'delete':
        return executeDelete(context, command);
      case 'query':
        return executeQuery(context, command);
      case 'play':
        return executePlay(context, command);
      case 'stop-play':
        return executeStopPlay(context, command);
      case 'record':
        return executeRecord(context, command);
      case 'copy':
        return executeCopy(context, command);
      case 'stop-record':
        return executeStopRecord(context, command);
    }
  }
}

function executeDelete(
  { relay }: CommandContext,
  command: Extract<RtpproxyCommand, { kind: 'delete' }>,
): string {
  return relay.delete(keyOf(command), command.weak) ? OK : printError(RtpproxyError.UnknownSession);
}

/** A mistake of this program shall not end it, and other calls even less. */
function fault({ kind }: RtpproxyCommand, error: unknown): string {
  logLine('error', 'relay', `command ${kind} failed: ${String(error)}`, { error });
  return printError(RtpproxyError.NoMemory);
}

function isError(answer: string): boolean {
  const digit = answer.charCodeAt(1);
  return answer.startsWith('E') && digit >= 0x30 && digit <= 0x39;
}

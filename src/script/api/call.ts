import type { Target } from '../../core/proxy/target.ts';
import type { MaybePromise } from '../../core/registrar/location-store.ts';
import type { TransportName } from '../../net/transport-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import type { Address } from './address.ts';
import type { FollowRoute, ForkOutcome, HeaderFields, Reply } from './answer.ts';
import type { Duration } from './duration.ts';
import type { Headers } from './headers.ts';
import type { TargetSet } from './location.ts';
import type { AnchorOptions, CallMedia } from './media.ts';
import type { Services } from './services.ts';

/** Whom a request goes to: a URI, URIs tried at once, or what `location.lookup` found. */
export type ForkTargets = string | readonly (string | Target)[] | TargetSet;

/** One outgoing request of a fork, before it is sent. */
export interface Branch {
  /** Its Request-URI; may be set. */
  requestUri: string;
  /** `host[:port]` that this branch prints; undefined for what the rules say; may be set. */
  advertise: string | undefined;
  readonly target: Target;
  /** Adds a header to this branch alone. Throws SIP_BAD_FIELD as `call.headers.set` does. */
  addHeader(name: string, value: string): void;
}

/** A response on its way back to the caller. */
export interface BranchReply {
  /** `host[:port]` that this response prints; undefined for what the request was set to print; may be set. */
  advertise: string | undefined;
  readonly status: number;
  readonly reason: string;
  /** As it was received; its texts are byte strings. */
  readonly response: SipMessage;
  /** Adds a header to what is passed on. Throws SIP_BAD_FIELD as `call.headers.set` does. */
  addHeader(name: string, value: string): void;
  /** Removes every line of that name from what is passed on. Throws as {@link addHeader} does. */
  removeHeader(name: string): void;
}

export interface ForkOptions {
  /** How long each group of targets may take to a final answer; then its branches are cancelled. */
  readonly timeout?: Duration;
  /** `host[:port]` printed by every branch, or `by-destination` for what the rules say (default). */
  readonly advertise?: string;
  /** Whether this server stays in the path of the dialog; default true for requests that make one. */
  readonly recordRoute?: boolean;
  /** Adds a Path, so that what a registrar behind this server sends comes back this way (RFC 3327). */
  readonly path?: boolean;
  /** The listener to send from, by name. */
  readonly listener?: string;
  /** Added to every branch. */
  readonly headers?: HeaderFields;
  /** Sees each branch before it is sent, which waits where it returns a promise. */
  readonly onBranch?: (branch: Branch) => MaybePromise<void>;
  /** Sees each answer before it is passed on, which waits, and those behind it, where it returns a promise. */
  readonly onReply?: (reply: BranchReply) => MaybePromise<void>;
}

export interface ReplyOptions {
  readonly reason?: string;
  readonly headers?: HeaderFields;
  /** Needs a Content-Type among the headers. */
  readonly body?: string | Uint8Array;
}

/** A request that wants an answer, as routing scripts see it. */
export interface Call {
  readonly method: string;
  /** The Request-URI. */
  readonly target: Address;
  readonly from: Address;
  readonly to: Address;
  readonly callId: string;
  readonly source: { readonly address: string; readonly port: number; readonly listener: string };
  readonly transport: TransportName;
  /** Whether it belongs to a dialog that stands: its To has a tag. */
  readonly isInDialog: boolean;
  readonly headers: Headers;
  /** The body as text; '' where there is none. */
  readonly body: string;
  /** The message as it was received; its texts are byte strings. */
  readonly request: SipMessage;
  /** Aborted when the caller cancels, or the time for an answer is up. */
  readonly signal: AbortSignal;
  /** Lines for the log, with the Call-ID beside them. */
  readonly log: CallLog;

  /** A URI to look up or compare. @throws ServerError SIP_BAD_FIELD where it is none */
  address(uri: string): Address;
  /**
   * Prints `host[:port]`, `:port` or a name in what is forwarded from now on, whatever the other levels say.
   * @throws ServerError SIP_BAD_FIELD where it cannot be printed
   */
  advertise(hostPort: string): this;
  /**
   * Takes the media of the call through a relay, from the forks that follow to its end, so that both parties have sound
   * wherever they are; each is told the address that it can reach. Which calls, the configuration says (`media.anchor`)
   * unless the options do. Of requests that begin no call nothing is taken.
   * @throws ServerError MEDIA_NO_RELAY for a relay that is not configured, SIP_BAD_FIELD for what is no address or duration
   */
  anchorMedia(options?: AnchorOptions): this;
  /** The media of this call, or of the one that it is inside of; to be kept where they are wanted later. */
  readonly media: CallMedia;
  /** Sends a provisional answer at once (101 to 199). */
  progress(status: number, options?: ReplyOptions): void;
  /** A final answer of any class. @throws ServerError SIP_BAD_FIELD for a status outside 200 to 699, or a bad field */
  reply(status: number, options?: ReplyOptions): Reply;
  /** A negative answer (400 to 699). Throws as {@link reply} does. */
  reject(status: number, reason?: string, headers?: HeaderFields): Reply;
  /** Sends the caller elsewhere (RFC 3261 §8.3): 302, or 301 where it is for good. Throws as {@link reply} does. */
  redirect(contacts: string | readonly string[], status?: 301 | 302): Reply;
  /** Forwards the request, and tells what came of it. Several in turn make serial forking. */
  fork(targets: ForkTargets, options?: ForkOptions): Promise<ForkOutcome>;
  /** For `inDialog` handlers: the request goes on along its route set. */
  followRoute(): FollowRoute;
  /** @internal */
  readonly services: Services;
}

export interface CallLog {
  debug(text: string, fields?: Readonly<Record<string, unknown>>): void;
  info(text: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(text: string, fields?: Readonly<Record<string, unknown>>): void;
  error(text: string, fields?: Readonly<Record<string, unknown>>): void;
}

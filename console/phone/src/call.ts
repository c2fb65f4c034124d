import type { EndEvent, RTCSession } from 'jssip/lib/RTCSession';
import type { RTCSessionEvent } from 'jssip/lib/UA';

/** Where a call stands. */
export type CallState = 'calling' | 'ringing' | 'incoming' | 'talking' | 'ended';

const WORDS: Readonly<Record<string, string>> = {
  Terminated: 'Call ended',
  Canceled: 'Cancelled',
  Busy: 'Busy',
  Rejected: 'Declined',
  Unavailable: 'Not available',
  'Not Found': 'No such user',
  'No Answer': 'No answer',
  'Request Timeout': 'No answer',
  'Connection Error': 'The connection was lost',
  'Authentication Error': 'The server did not let the call through',
  'Incompatible SDP': 'The other side cannot talk with a browser',
  'Missing SDP': 'The other side cannot talk with a browser',
  'Bad Media Description': 'The other side cannot talk with a browser',
  'WebRTC Error': 'The browser could not set up the call',
  'User Denied Media Access': 'No microphone, or the browser may not use it',
  'Address Incomplete': 'The address is not complete',
};

/** How long sound may be away before the call is given up: the other side may be gone without a word. */
const SILENCE_MS = 20_000;

/** One call, as a person sees it. */
export class Call {
  readonly incoming: boolean;
  /** What to call the other side by. */
  readonly peer: string;
  /** `sip:bob@example.com` */
  readonly address: string;
  /** When it was answered. */
  since: Date | undefined;
  /** Why it ended. */
  ending = '';
  /** Whether the other side has put this one on hold. */
  heldByPeer = false;
  sentKeys = '';
  readonly #session: RTCSession;
  readonly #media: RTCConfiguration;
  readonly #changed: () => void;
  #state: CallState;
  #silence = 0;
  #fellSilent = false;

  /**
   * @param heard takes the sound of the other side
   * @param changed called when anything of the call is no longer as it was
   */
  constructor(
    { session, originator }: RTCSessionEvent,
    media: RTCConfiguration,
    heard: (sound: MediaStream) => void,
    changed: () => void,
  ) {
    const { uri, display_name } = session.remote_identity;
    this.#session = session;
    this.#media = media;
    this.#changed = changed;
    this.incoming = (originator as string) === 'remote';
    this.#state = this.incoming ? 'incoming' : 'calling';
    this.peer = display_name || uri.user || uri.host;
    this.address = uri.toString();
    const listen = (connection: RTCPeerConnection): void => {
      connection.addEventListener('track', ({ track, streams }) =>
        heard(streams[0] ?? new MediaStream([track])),
      );
      connection.addEventListener('connectionstatechange', () => this.#watch(connection.connectionState));
    };
    if (session.connection) listen(session.connection);
    else session.on('peerconnection', ({ peerconnection }) => listen(peerconnection));
    session.on('progress', () => this.incoming || this.#become('ringing'));
    session.on('accepted', () => this.#become('talking'));
    session.on('ended', (event) => this.#end(event));
    session.on('failed', (event) => this.#end(event));
    for (const event of ['hold', 'unhold'] as const) {
      session.on(event, () => {
        this.heldByPeer = session.isOnHold().remote;
        changed();
      });
    }
    session.on('muted', changed);
    session.on('unmuted', changed);
  }

  get state(): CallState {
    return this.#state;
  }

  get muted(): boolean {
    return this.#session.isMuted().audio === true;
  }

  get held(): boolean {
    return this.#session.isOnHold().local;
  }

  answer(): void {
    this.#session.answer({ mediaConstraints: { audio: true, video: false }, pcConfig: this.#media });
  }

  /** Hangs up, gives up or declines, whichever it is now. */
  end(): void {
    if (this.#session.isEnded()) return;
    const declined = this.#state === 'incoming';
    this.#session.terminate(declined ? { status_code: 603, reason_phrase: 'Decline' } : {});
  }

  toggleMute(): void {
    if (this.muted) this.#session.unmute({ audio: true });
    else this.#session.mute({ audio: true });
  }

  /** Holds the other side or takes it back, by re-INVITE; while one is under way nothing happens. */
  toggleHold(): void {
    if (this.held) this.#session.unhold();
    else this.#session.hold();
  }

  /** Sends a DTMF digit inside the media (RFC 4733). */
  press(key: string): void {
    if (this.#state !== 'talking') return;
    this.#session.sendDTMF(key, { transportType: 'RFC2833' as never });
    this.sentKeys = (this.sentKeys + key).slice(-24);
    this.#changed();
  }

  /** After the network came back, perhaps another one: both sides look for a way between them again. */
  restoreMedia(): void {
    if (this.#state !== 'talking') return;
    this.#session.renegotiate({ rtcOfferConstraints: { iceRestart: true } });
  }

  #watch(media: RTCPeerConnectionState): void {
    clearTimeout(this.#silence);
    if (media !== 'failed' || this.#state !== 'talking') return;
    this.#silence = window.setTimeout(() => {
      this.#fellSilent = true;
      this.end();
    }, SILENCE_MS);
  }

  #become(state: CallState): void {
    if (this.#state === 'ended') return;
    this.#state = state;
    if (state === 'talking') this.since ??= new Date();
    this.#changed();
  }

  #end({ cause, originator }: EndEvent): void {
    const missed = this.incoming && this.#state === 'incoming' && (originator as string) === 'remote';
    clearTimeout(this.#silence);
    this.ending = missed ? 'Missed call' : (WORDS[cause] ?? cause);
    if (this.#fellSilent) this.ending = 'The other side is gone';
    this.#become('ended');
  }
}

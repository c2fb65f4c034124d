import { UA } from 'jssip';
import type { RTCSessionEvent } from 'jssip/lib/UA';
import type { Account } from './account.ts';
import { Call } from './call.ts';
import { type Passed, SipSocket } from './sip-socket.ts';

/** How the phone stands with its server. */
export type Line =
  | { readonly kind: 'off' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'registering' }
  | { readonly kind: 'registered' }
  | { readonly kind: 'refused'; readonly why: string }
  /** It was connected, is no more, and tries again by itself. */
  | { readonly kind: 'dropped' };

export interface PhoneEvents {
  /** Something of the phone or of its call is no longer as it was. */
  changed(): void;
  passed(message: Passed): void;
  heard(sound: MediaStream): void;
}

const REGISTER_SECONDS = 300;

/** A phone with one line, signed in from its making until `signOut`. */
export class Phone {
  readonly account: Account;
  readonly #events: PhoneEvents;
  readonly #socket: SipSocket;
  readonly #ua: UA;
  readonly #media: RTCConfiguration;
  #line: Line = { kind: 'connecting' };
  #wasConnected = false;
  #call: Call | undefined;

  constructor(account: Account, events: PhoneEvents) {
    this.account = account;
    this.#events = events;
    this.#media = account.stun === '' ? {} : { iceServers: [{ urls: account.stun }] };
    this.#socket = new SipSocket(account.server, (message) => events.passed(message));
    this.#ua = new UA({
      sockets: this.#socket,
      uri: account.address,
      password: account.password,
      display_name: account.name,
      register_expires: REGISTER_SECONDS,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 15,
      user_agent: 'Viaduct phone',
    });
    this.#listen();
    this.#ua.start();
  }

  get line(): Line {
    return this.#line;
  }

  /** The call that is under way, or has ended last. */
  get call(): Call | undefined {
    return this.#call;
  }

  /** @param typed a user of the own domain, a number, or a whole address. @returns false where it is none of them */
  dial(typed: string): boolean {
    const target = typed.trim();
    if (target === '' || /\s/.test(target) || this.#busy) return false;
    try {
      this.#ua.call(target, { mediaConstraints: { audio: true, video: false }, pcConfig: this.#media });
      return true;
    } catch {
      return false;
    }
  }

  /** Connects now, not when the next try is due. */
  retry(): void {
    this.#socket.retry();
  }

  /** Ends the call, takes the registration away and closes the connection. */
  signOut(): void {
    this.#ua.stop();
    this.#become({ kind: 'off' });
  }

  get #busy(): boolean {
    return this.#call !== undefined && this.#call.state !== 'ended';
  }

  #listen(): void {
    const ua = this.#ua;
    ua.on('connecting', () =>
      this.#become(this.#wasConnected ? { kind: 'dropped' } : { kind: 'connecting' }),
    );
    ua.on('connected', () => {
      this.#wasConnected = true;
      this.#become({ kind: 'registering' });
    });
    ua.on('disconnected', () => this.#become({ kind: 'dropped' }));
    ua.on('registered', () => {
      const again = this.#line.kind !== 'registered' && this.#call !== undefined;
      this.#become({ kind: 'registered' });
      if (again) this.#call?.restoreMedia();
    });
    ua.on('registrationFailed', ({ response, cause }) => {
      if (!ua.isConnected()) return;
      const status = response ? `${response.status_code} ${response.reason_phrase}` : String(cause);
      const wrong = response?.status_code === 401 || response?.status_code === 407;
      this.#become({ kind: 'refused', why: wrong ? 'wrong user or password' : status });
    });
    ua.on('newRTCSession', (event: RTCSessionEvent) => {
      if (this.#busy) {
        event.session.terminate({ status_code: 486, reason_phrase: 'Busy Here' });
        return;
      }
      this.#call = new Call(
        event,
        this.#media,
        (sound) => this.#events.heard(sound),
        () => this.#events.changed(),
      );
      this.#events.changed();
    });
  }

  #become(line: Line): void {
    if (this.#line.kind === 'off') return;
    this.#line = line;
    this.#events.changed();
  }
}

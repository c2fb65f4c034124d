import { checkField } from '../sip/text.ts';
import { type Candidate, ICE_ATTRIBUTES, printCandidate } from './candidate.ts';
import { printConnection } from './connection.ts';
import type { SdpLine } from './lines.ts';
import { DIRECTIONS, type Direction, type MediaDescription } from './media-description.ts';
import type { SessionDescription } from './session-description.ts';

/** Where a medium shall be sent. */
export interface MediaTarget {
  /** An IP address without brackets, or a name. */
  readonly address: string;
  readonly port: number;
  /** `port + 1` where it is left out; the same as `port` for RTCP on the port of RTP. */
  readonly rtcpPort?: number;
  /** Whether a held medium's null address gives way too (RFC 3264 §8.4); it stays otherwise. */
  readonly replaceNull?: boolean;
}

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Whether the text is a line without its end, which stands on a line of its own. */
  readonly isLine: boolean;
}

/**
 * Changes to a session description, collected and applied in one printing: what is not edited stays byte for byte. All
 * look-ups mean the description as it was received.
 */
export class SdpEdit {
  readonly session: SessionDescription;
  readonly #splices: Splice[] = [];
  readonly #targets: Map<MediaDescription, MediaTarget> = new Map();
  readonly #added: Set<string> = new Set();
  #sessionAddress: string | undefined;

  constructor(session: SessionDescription) {
    this.session = session;
  }

  /**
   * Sends a medium elsewhere: port, address (its own `c=`, or the session's where that moves no other medium that is to
   * stay) and, where it is written or needed, `a=rtcp` (RFC 3605). `port/count` becomes one port. A medium that is
   * refused (port 0) stays refused.
   * @throws ServerError SIP_BAD_FIELD for an address that is none
   */
  setMedia(medium: MediaDescription, target: MediaTarget): this {
    printConnection(target.address);
    if (medium.port === 0) return this;
    this.#targets.set(medium, target);
    return this;
  }

  /**
   * Sets the session's `c=` where there is one. Media that had their address from it and are sent nowhere else keep it,
   * in a line of their own.
   * @throws ServerError SIP_BAD_FIELD for an address that is none
   */
  setSessionAddress(address: string): this {
    printConnection(address);
    this.#sessionAddress = address;
    return this;
  }

  /**
   * Sets the address of `o=`, and its version where given (RFC 3264 §8: one more for each change of an offer).
   * @throws ServerError SIP_BAD_FIELD for an address that is none
   */
  setOrigin(address: string, version?: string): this {
    const origin = this.session.origin;
    const connection = printConnection(address);
    if (!origin) return this;
    const { user, sessionId, line } = origin;
    return this.#replaceValue(
      line,
      `${user} ${sessionId} ${checkField('o=', version ?? origin.version)} ${connection}`,
    );
  }

  /** Removes all that belongs to ICE, from the session and from every medium, so that `c=` and `m=` hold again. */
  removeIce(): this {
    for (const name of ICE_ATTRIBUTES) {
      this.#removeAll(this.session.attributes.findAll(name));
      for (const medium of this.session.media) this.removeAttribute(medium, name);
    }
    return this;
  }

  /**
   * Puts these candidates in place of a medium's own; the credentials stay, for whoever answers with them. What the
   * other side had chosen (`a=remote-candidates`) goes, for it names candidates that are gone.
   */
  setCandidates(medium: MediaDescription, candidates: readonly Candidate[]): this {
    const old = medium.attributes.findAll('candidate');
    const at = old[0]?.start ?? sectionEnd(medium);
    for (const candidate of candidates) this.#insertLine(at, `a=candidate:${printCandidate(candidate)}`);
    this.#removeAll(old);
    return this.removeAttribute(medium, 'remote-candidates');
  }

  removeAttribute(medium: MediaDescription, name: string): this {
    return this.#removeAll(medium.attributes.findAll(name));
  }

  /** Adds `a=…` to a medium, behind its other lines. @throws ServerError SIP_BAD_FIELD for line breaks */
  addAttribute(medium: MediaDescription, attribute: string): this {
    return this.#insertLine(sectionEnd(medium), `a=${checkField('attribute', attribute)}`);
  }

  setDirection(medium: MediaDescription, direction: Direction): this {
    for (const name of DIRECTIONS) this.removeAttribute(medium, name);
    return this.addAttribute(medium, direction);
  }

  /**
   * Adds a line such as `a=nortpproxy:yes` at the end, unless it is there.
   * @throws ServerError SIP_BAD_FIELD for line breaks inside
   */
  addLineOnce(text: string): this {
    if (this.session.hasLine(text) || this.#added.has(text)) return this;
    this.#added.add(text);
    return this.#insertLine(lastEnd(this.session.lines), checkField('SDP line', text));
  }

  /** The edited description. */
  toString(): string {
    const { text, lineEnd } = this.session;
    let out = '';
    let from = 0;
    for (const splice of this.#collected()) {
      out += text.slice(from, splice.start);
      if (splice.isLine) {
        if (out.length > 0 && !out.endsWith('\n')) out += out.endsWith('\r') ? '\n' : lineEnd;
        out += splice.text + lineEnd;
      } else out += splice.text;
      from = splice.end;
    }
    return out + text.slice(from);
  }

  #collected(): Splice[] {
    const before = this.#splices.length;
    this.#placeConnections();
    for (const [medium, target] of this.#targets) this.#placePorts(medium, target);
    // What follows from the targets is worked out anew for each printing.
    const all = this.#splices.slice();
    this.#splices.length = before;
    all.sort((a, b) => a.start - b.start || Number(b.isLine) - Number(a.isLine) || b.end - a.end);
    let covered = 0;
    return all.filter(({ start, end }) => {
      if (start < covered) return false;
      covered = end;
      return true;
    });
  }

  #placePorts(medium: MediaDescription, { address, port, rtcpPort = port + 1 }: MediaTarget): void {
    this.#splices.push({ start: medium.portStart, end: medium.portEnd, text: String(port), isLine: false });
    const rtcp = `rtcp:${rtcpPort} ${printConnection(address)}`;
    const lines = medium.attributes.findAll('rtcp');
    for (const line of lines) this.#replaceValue(line, rtcp);
    const implied = rtcpPort === port + 1 || (rtcpPort === port && medium.rtcpMux);
    if (lines.length === 0 && !implied) this.addAttribute(medium, rtcp);
  }

  #placeConnections(): void {
    const { connection, media, sessionLines } = this.session;
    const address = connection && this.#newSessionAddress();
    if (address !== undefined && address !== connection?.address) {
      for (const line of sessionLines)
        if (line.type === 'c') this.#replaceValue(line, printConnection(address));
    }
    const inherited = address ?? connection?.address;
    for (const medium of media) {
      const wanted = this.#wantedAddress(medium);
      if (medium.ownConnection) {
        if (wanted === medium.connection?.address || wanted === undefined) continue;
        for (const line of medium.lines)
          if (line.type === 'c') this.#replaceValue(line, printConnection(wanted));
      } else if (medium.port !== 0 && wanted !== undefined && wanted !== inherited) {
        this.#insertLine(connectionPlace(medium), `c=${printConnection(wanted)}`);
      }
    }
  }

  /** The session's address moves where it is told to, or where all media that have theirs from it move to one place. */
  #newSessionAddress(): string | undefined {
    if (this.#sessionAddress !== undefined) return this.#sessionAddress;
    const heirs = this.session.media.filter(({ ownConnection, port }) => !ownConnection && port !== 0);
    const first = heirs[0] && this.#wantedAddress(heirs[0]);
    return heirs.every((medium) => this.#wantedAddress(medium) === first) ? first : undefined;
  }

  #wantedAddress(medium: MediaDescription): string | undefined {
    const target = this.#targets.get(medium);
    const current = medium.connection?.address;
    if (!target || (medium.hasNullAddress && !target.replaceNull)) return current;
    return target.address;
  }

  #replaceValue({ valueStart, valueEnd }: SdpLine, value: string): this {
    this.#splices.push({ start: valueStart, end: valueEnd, text: value, isLine: false });
    return this;
  }

  #removeAll(lines: readonly SdpLine[]): this {
    for (const { start, end } of lines) this.#splices.push({ start, end, text: '', isLine: false });
    return this;
  }

  #insertLine(at: number, text: string): this {
    this.#splices.push({ start: at, end: at, text, isLine: true });
    return this;
  }
}

/** Behind the last line that is not empty: some bodies end with an empty line, which no line may follow. */
function lastEnd(lines: readonly SdpLine[]): number {
  return lines.findLast(({ value, type }) => type !== '' || value !== '')?.end ?? 0;
}

function sectionEnd({ lines }: MediaDescription): number {
  return lastEnd(lines);
}

/** `c=` follows `m=` and `i=` (RFC 8866 §5). */
function connectionPlace({ lines }: MediaDescription): number {
  return (lines[1]?.type === 'i' ? lines[1] : lines[0]!).end;
}

import { parseDecimal } from '../sip/text.ts';
import { type Connection, parseConnection } from './connection.ts';
import { Attributes, MOST_MEDIA, type SdpLine, splitLines, words } from './lines.ts';
import { findDirection, MediaDescription } from './media-description.ts';

export type SdpFlaw =
  | 'no-version'
  | 'too-many-lines'
  | 'too-many-media'
  | 'bad-origin'
  | 'bad-media'
  | 'bad-connection';

export type SdpResult =
  | { readonly ok: true; readonly session: SessionDescription }
  | { readonly ok: false; readonly reason: SdpFlaw };

/** The `o=` line (RFC 8866 §5.2). */
export interface Origin {
  readonly user: string;
  /** Numbers of up to 64 bits, as written. */
  readonly sessionId: string;
  readonly version: string;
  readonly connection: Connection;
  readonly line: SdpLine;
}

/**
 * A session description as it was received: what media are wanted where. Immutable; `SdpEdit` changes it. The text is
 * a byte string. Lines that nobody here knows are kept, and so are the line ends.
 */
export class SessionDescription {
  readonly text: string;
  readonly lines: readonly SdpLine[];
  /** The lines before the first medium. */
  readonly sessionLines: readonly SdpLine[];
  /** Attributes before the first medium. */
  readonly attributes: Attributes;
  /** undefined where the line is missing, as some phones have it. */
  readonly origin: Origin | undefined;
  /** The address for media without one of their own. */
  readonly connection: Connection | undefined;
  readonly media: readonly MediaDescription[];

  private constructor(
    text: string,
    lines: readonly SdpLine[],
    sessionLines: readonly SdpLine[],
    origin: Origin | undefined,
    connection: Connection | undefined,
    media: readonly MediaDescription[],
  ) {
    this.text = text;
    this.lines = lines;
    this.sessionLines = sessionLines;
    this.attributes = new Attributes(sessionLines);
    this.origin = origin;
    this.connection = connection;
    this.media = media;
  }

  static parse(text: string): SdpResult {
    const lines = splitLines(text);
    if (!lines) return refused('too-many-lines');
    if (lines[0]?.type !== 'v') return refused('no-version');
    const starts: number[] = [];
    for (const [i, line] of lines.entries()) if (line.type === 'm') starts.push(i);
    if (starts.length > MOST_MEDIA) return refused('too-many-media');
    const sessionLines = lines.slice(0, starts[0] ?? lines.length);

    const originLine = sessionLines.find(({ type }) => type === 'o');
    const origin = originLine && parseOrigin(originLine);
    if (originLine && !origin) return refused('bad-origin');
    const line = sessionLines.find(({ type }) => type === 'c');
    const connection = line && parseConnection(line.value);
    if (line && !connection) return refused('bad-connection');

    const session = { connection, direction: findDirection(new Attributes(sessionLines)) };
    const media: MediaDescription[] = [];
    for (const [i, start] of starts.entries()) {
      const medium = MediaDescription.parse(i, lines.slice(start, starts[i + 1]), session);
      if (typeof medium === 'string') return refused(medium);
      media.push(medium);
    }
    return {
      ok: true,
      session: new SessionDescription(text, lines, sessionLines, origin, connection, media),
    };
  }

  /** What the description's lines end with, for lines that are added. */
  get lineEnd(): string {
    return this.text.indexOf('\r\n') >= 0 || this.text.indexOf('\n') < 0 ? '\r\n' : '\n';
  }

  /** Whether any line is exactly that, such as `a=nortpproxy:yes`. */
  hasLine(text: string): boolean {
    return this.lines.some(({ start, valueEnd }) => this.text.slice(start, valueEnd) === text);
  }

  toString(): string {
    return this.text;
  }
}

function refused(reason: SdpFlaw): SdpResult {
  return { ok: false, reason };
}

function parseOrigin(line: SdpLine): Origin | undefined {
  const [user, sessionId, version, net, type, address, more] = words(line.value, 7);
  if (address === undefined || more !== undefined) return undefined;
  const connection = parseConnection(`${net} ${type} ${address}`);
  if (!connection || !isNumber(sessionId!) || !isNumber(version!)) return undefined;
  return { user: user!, sessionId: sessionId!, version: version!, connection, line };
}

/** Numbers here are 64 bits wide, and longer in the wild: two halves are tested. */
function isNumber(text: string): boolean {
  if (text.length > 30) return false;
  return text.length <= 15
    ? parseDecimal(text) !== undefined
    : parseDecimal(text.slice(0, 15)) !== undefined && parseDecimal(text.slice(15)) !== undefined;
}

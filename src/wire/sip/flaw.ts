/** What the parser saw that no well-formed message has; bits of `SipMessage.flaws`. The verdict names the answer. */
export const Flaw = {
  /** CR, LF or NUL inside a line, which some peers would take for a line's end. */
  StrayControl: 1,
  /** A line without a colon, or with a name that is no token. */
  HeaderSyntax: 2,
  /** Content-Length is no number, or several differ. */
  ContentLength: 4,
  /** The body is shorter than Content-Length says. */
  BodyTruncated: 8,
  /** The start line has blanks too many, or the status code is none. */
  StartLine: 16,
  /** No empty line ends the header section. */
  NoEndOfHeaders: 32,
  /** Bytes stand behind the body (a datagram longer than its Content-Length); they are cut off (RFC 3261 §18.3). */
  TrailingBytes: 64,
} as const;

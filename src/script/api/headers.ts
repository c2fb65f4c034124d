/**
 * The headers of a call. Reading sees the request as it came; what is set, appended or removed shows in what is
 * forwarded, never in answers. Names in any case and form; text is what people read, UTF-8 in the message.
 */
export interface Headers {
  /** The value of the first line of that name, as changed so far; undefined where there is none. */
  get(name: string): string | undefined;
  /** The values of all lines of that name, as changed so far. */
  all(name: string): readonly string[];
  has(name: string): boolean;
  /**
   * Puts one line in place of all of that name.
   * @throws ServerError SIP_BAD_FIELD for a name that is no token, a value with CR, LF or NUL, and for headers that
   * are the proxy's own to write (Via, Route, Record-Route, Contact, Max-Forwards, Call-ID, CSeq, From, To, …)
   */
  set(name: string, value: string): void;
  /** Adds a line. Throws as {@link set} does. */
  append(name: string, value: string): void;
  /** Removes every line of that name. Throws as {@link set} does. */
  remove(name: string): void;
}

/**
 * Every code that a {@link ServerError} may carry, with what it means. Codes are stable: programs and people may
 * depend on them. `docs/errors.md` is printed from this table.
 */
export const ERROR_CODES = {
  SIP_BAD_FIELD: 'a value given for a message holds CR, LF or NUL, or does not fit its field',
  SIP_NOT_A_REQUEST: 'a response was given where a request is needed',
  SIP_ALREADY_ANSWERED: 'a second final answer was given to one request',
  NET_LISTEN_FAILED: 'a listening socket could not be opened',
  NET_BAD_LISTENER: 'a listener is not written as PROTO:HOST[:PORT] [as HOST[:PORT]]',
  NET_BAD_CONTROL_SOCKET:
    'a control socket of the relay is not written as udp:HOST:PORT, tcp:…, unix:PATH or cunix:PATH',
  NET_NO_LISTENER: 'no listener has the transport and address family that the destination needs',
  NET_BAD_CERTIFICATE: 'a certificate, key or CA file cannot be read, or cannot be used',
  CFG_NOT_FOUND: 'a configuration or routes file is not there or cannot be read',
  CFG_INVALID: 'the configuration is wrong; the message names file, line and column',
  CFG_ROUTES_INVALID: 'the routes file does not compile or does not export routes',
  MEDIA_NO_RELAY: 'a script names a media relay that is not configured',
  STORE_UNAVAILABLE: 'the data store cannot be opened or written',
  STORE_NEWER: 'the data store was written by a newer version',
  ADMIN_UNAVAILABLE: 'no running server answers on the control socket',
  USER_EXISTS: 'the user is there already',
  USER_UNKNOWN: 'there is no such user',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** A programming or environment fault. Expected outcomes are return values, never one of these. */
export class ServerError extends Error {
  readonly code: ErrorCode;
  /** What to do about it, in one sentence for the operator. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServerError';
    this.code = code;
    this.hint = options.hint;
  }
}

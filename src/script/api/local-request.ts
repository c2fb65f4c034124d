/** A request that the server makes itself (a keep-alive), before it is sent to one address. */
export interface LocalRequest {
  readonly method: string;
  readonly requestUri: string;
  readonly destination: {
    /** IPv6 without brackets. */
    readonly address: string;
    readonly port: number;
    readonly transport: string;
  };
  /** `host[:port]` printed in it; undefined for what the rules say; may be set. */
  advertise: string | undefined;
  /** Adds a header. Throws SIP_BAD_FIELD as `call.headers.set` does. */
  addHeader(name: string, value: string): void;
}

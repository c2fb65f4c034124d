/** What the first line of a message says; for a request the rest is '' and 0, for a response the first four are. */
export interface StartLine {
  isRequest: boolean;
  method: string;
  requestUri: string;
  /** Where it stands in the bytes. */
  uriStart: number;
  uriEnd: number;
  status: number;
  /** Where the reason phrase stands. */
  reasonStart: number;
  reasonEnd: number;
  /** As written. */
  version: string;
}

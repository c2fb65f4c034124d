/**
 * What is said over the MessagePort of an embedded relay: the commands, answers and notifications of rtpproxy's control
 * protocol as they stand on a stream, without cookie and line end. A port takes any number of commands at once; those of
 * one call are executed in the order in which they were sent. A port that closes by itself says that the relay is gone
 * with all its sessions: ask for another one.
 */
export interface PortCommand {
  /** Comes back with the answer; the sender counts as it likes. */
  readonly id: number;
  readonly command: string;
}

export type PortMessage = PortAnswer | PortNotification;

export interface PortAnswer {
  readonly id: number;
  /** `35000 10.0.0.34`, `0`, `E50` … */
  readonly answer: string;
}

/** A line that would be written to a notify socket: read it with `parseNotification`. */
export interface PortNotification {
  readonly notification: string;
}

/** The notify socket of a command that means the very port by which it comes: `U … port: T12`. */
export const NOTIFY_PORT = 'port:';

import type { Notify } from '../../wire/rtpproxy/command.ts';
import type { RtpproxyErrorCode } from '../../wire/rtpproxy/error-code.ts';
import type { UpdateModifiers } from '../../wire/rtpproxy/modifiers.ts';
import type { MediaSession } from './media-session.ts';
import type { Endpoint } from './packet-path.ts';
import type { StreamSide } from './stream-side.ts';

/** Which streams a command means. Tags come without `;N`. */
export interface StreamKey {
  readonly callId: string;
  readonly fromTag: string;
  readonly toTag?: string | undefined;
  /** From 1 on; undefined means all where a command can mean all, else 1. */
  readonly media?: number | undefined;
}

/** `U` (may create) and `L` of rtpproxy's protocol. */
export interface UpdateQuestion extends StreamKey {
  /** `U`: make what is not there. `L`: only find it. */
  readonly create: boolean;
  /** Where a party receives, as signalled; `0.0.0.0` or `::` puts it on hold, undefined says nothing of it. */
  readonly remote: Endpoint | undefined;
  readonly modifiers: UpdateModifiers;
  /** With `U`: who is told of a timeout from now on; undefined: nobody. */
  readonly notify?: Notify | undefined;
}

export type UpdateAnswer =
  | {
      readonly ok: true;
      readonly session: MediaSession;
      /** The side whose port is answered; the party behind `remote` is that of `side.other`. */
      readonly side: StreamSide;
      readonly port: number;
      /** As advertised; undefined where the relay listens on any address and tells none. */
      readonly address: string | undefined;
      /** Whether the medium was made by this command. */
      readonly created: boolean;
    }
  /** `UnknownSession` is what rtpproxy answers to `L` by port 0. */
  | { readonly ok: false; readonly error: RtpproxyErrorCode };

/** A side that a command means, by rtpproxy's way of counting: 0 where the from-tag made the session, 1 where the to-tag did. */
export interface Found {
  readonly session: MediaSession;
  /** Its port is the one that `U` with these tags answers; its party is the one of the other tag. */
  readonly side: StreamSide;
}

// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Takes media through rtpengine. */
export interface RtpengineNames {
  /** Chooses the set of rtpengines for what comes next. */
  rtpengine_use_set(setid: Argument): boolean;
  /** Relays the offer in this message. */
  rtpengine_offer(flags?: Argument, sock_var?: string, sdp_var?: string, body?: Argument): boolean | Promise<boolean>;
  /** Relays the answer in this message. */
  rtpengine_answer(flags?: Argument, sock_var?: string, sdp_var?: string, body?: Argument): boolean | Promise<boolean>;
  /** Does what this message calls for: relays an offer or an answer, or ends the call. */
  rtpengine_manage(flags?: Argument, sock_var?: string, sdp_var?: string, body?: Argument): boolean | Promise<boolean>;
  /** Ends the call in rtpengine. */
  rtpengine_delete(flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Records the call. */
  rtpengine_start_recording(flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Ends the recording. */
  rtpengine_stop_recording(flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Pauses the recording; `rtpengine_start_recording` goes on with it. */
  rtpengine_pause_recording(flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Plays a file (`file=`, `blob=`, `db-id=`) to who sent the request, or to `from-tag=`. */
  rtpengine_play_media(flags: Argument, duration?: string, sock_var?: string): boolean | Promise<boolean>;
  /** Stops what is played. */
  rtpengine_stop_media(flags?: Argument, sock_var?: string, last_frame_pos?: string): boolean | Promise<boolean>;
  /** Lets no media of a party through. */
  rtpengine_block_media(flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Lets its media through again. */
  rtpengine_unblock_media(flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Lets no keys of a party through. */
  rtpengine_block_dtmf(flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Lets its keys through again. */
  rtpengine_unblock_dtmf(flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Sends the media elsewhere, too. */
  rtpengine_start_forwarding(flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Ends that. */
  rtpengine_stop_forwarding(flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Presses a key for the other party. The call needs the flag `inject-DTMF`. */
  rtpengine_play_dtmf(code: Argument, flags?: Argument, sock_var?: string): boolean | Promise<boolean>;
}

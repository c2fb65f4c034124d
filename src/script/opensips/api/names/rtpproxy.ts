// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Argument } from '../message.ts';

/** Takes media through relays: rtpproxy, `viaduct relay`, or, where `rtpproxy_sock` names none, the relay in this server. */
export interface RtpproxyNames {
  /** Takes the media of a call through a relay from its INVITE to its end; each party is told the address that it can reach, unless one is given. */
  rtpproxy_engage(flags?: Argument, ip_address?: Argument, set_id?: Argument, sock_var?: string, ret_var?: string): boolean;
  /** Relays the offer in this message. */
  rtpproxy_offer(flags?: Argument, ip_address?: Argument, set_id?: Argument, sock_var?: string, ret_var?: string, body_var?: string, bind_local?: Argument): boolean | Promise<boolean>;
  /** Relays the answer in this message. */
  rtpproxy_answer(flags?: Argument, ip_address?: Argument, set_id?: Argument, sock_var?: string, ret_var?: string, body_var?: string, bind_local?: Argument): boolean | Promise<boolean>;
  /** Gives the ports of the call back. */
  rtpproxy_unforce(set_id?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Plays a prompt to who sent the request. */
  rtpproxy_stream2uac(prompt_name: Argument, count: Argument, set_id?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Plays a prompt to who answers it. */
  rtpproxy_stream2uas(prompt_name: Argument, count: Argument, set_id?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Stops the prompt. */
  rtpproxy_stop_stream2uac(set_id?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Stops the prompt. */
  rtpproxy_stop_stream2uas(set_id?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** Records the call, or copies its packets. */
  rtpproxy_start_recording(set_id?: Argument, sock_var?: string, flags?: Argument, destination?: Argument, mediastream?: Argument): boolean | Promise<boolean>;
  /** Packets from either side, relayed, and dropped. */
  rtpproxy_stats(up_var: string, down_var: string, sent_var: string, fail_var: string, set_id?: Argument, sock_var?: string): boolean | Promise<boolean>;
  /** All counters in one AVP, by index: ttl, npkts_ina, npkts_ino, nrelayed, ndropped, rtpa_nsent, rtpa_nrcvd, rtpa_ndups, rtpa_nlost, rtpa_perrs. */
  rtpproxy_all_stats(stats_avp: string, set_id?: Argument, sock_var?: string): boolean | Promise<boolean>;
}

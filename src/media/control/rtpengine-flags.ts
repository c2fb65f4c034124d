import type { NgValue } from '../../wire/ng/value.ts';

/** What OpenSIPS and Kamailio write in the flags of their rtpengine functions, read: entries of the ng dictionary. */
export interface RtpengineFlags {
  /** `direction`, `flags`, `replace`, `rtcp-mux`, `transport-protocol`, `address family` … as the ng protocol has them. */
  readonly fields: Readonly<Record<string, NgValue>>;
  /** Call-ID and tags that stand in place of those of the message. */
  readonly callId?: string | undefined;
  readonly fromTag?: string | undefined;
  /** '' says that the tag of the message is wanted, where it would be left out. */
  readonly toTag?: string | undefined;
  /** Which branch tells forks apart: that of Via 1 or 2, the one of the request whatever the message, or a given word. */
  readonly viaBranch?: '1' | '2' | 'auto' | 'extra' | { readonly value: string } | undefined;
  /** An offer is to be sent as an answer. */
  readonly forceAnswer?: boolean | undefined;
  /** An address that stands in place of the message's source. */
  readonly receivedFrom?: string | undefined;
}

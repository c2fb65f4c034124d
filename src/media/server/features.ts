/** What `V` answers: the basic protocol. */
export const PROTOCOL_VERSION = '20040107';

/** Timeout notifications: known where any notify socket is permitted. */
const NOTIFICATIONS = '20081224';

/** What a controller may ask for by `VF`, with rtpproxy's words for it. */
export const FEATURES: ReadonlyMap<string, string> = new Map([
  [PROTOCOL_VERSION, 'basic RTP proxy functionality'],
  ['20050322', 'multiple RTP streams and music on hold'],
  ['20060704', 'extra parameter in the V command'],
  ['20071116', 'packet time asked of a party'],
  ['20071218', 'copies of a stream to somewhere else'],
  ['20080403', 'statistics of a session'],
  ['20081102', 'codecs in U and L'],
  [NOTIFICATIONS, 'notification of timeouts'],
  ['20090810', 'automatic bridging'],
  ['20140323', 'load'],
  ['20140617', 'connect time of a session'],
  ['20141004', 'counters by name'],
  ['20150330', 'a new port (Un, Ln)'],
  ['20150420', 'counters of lost packets and duplicates'],
  ['20150617', '%%CC_SELF%% in notify sockets'],
  ['20191015', 'sub-commands'],
  ['20200226', 'the N command'],
  ['20230205', 'rtpa_nlost; h of the DTMF module'],
  ['20230314', 'sub-commands of Q'],
  ['20230424', 'longest_ipi, rtpa_jlast, rtpa_jmax, rtpa_javg'],
  ['20250523', 'p of the C command'],
  ['20251015', 'the S sub-command'],
  ['20260306', 'labels of addresses (Ul, Ll)'],
  ['20260308', 'both parties in one command (U … && L …)'],
  ['20260309', 'both streams to another session (the C sub-command)'],
]);

export function hasFeature(feature: string, notifies: boolean): boolean {
  return FEATURES.has(feature) && (feature !== NOTIFICATIONS || notifies);
}

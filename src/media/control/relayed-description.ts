import { ipFamily } from '../../base/ip.ts';
import { type Candidate, hostPriority, ICE_ATTRIBUTES } from '../../wire/sdp/candidate.ts';
import { SdpEdit } from '../../wire/sdp/edit.ts';
import type { MediaDescription } from '../../wire/sdp/media-description.ts';
import { isRelayedProtocol } from '../../wire/sdp/protocol.ts';
import type { SessionDescription } from '../../wire/sdp/session-description.ts';
import type { PrintedAddress, RelayedMedium } from './media-control.ts';
import type { MediaFlags } from './media-flags.ts';

/** A medium that a relay is asked about, and its number there: from 1 on, refused ones counted, foreign ones not. */
export interface NumberedMedium {
  readonly medium: MediaDescription;
  readonly number: number;
}

/** The media of a description that a relay carries. Refused ones have a number, and are not among them. */
export function relayedMedia(session: SessionDescription): NumberedMedium[] {
  const carried = session.media.filter(({ protocol }) => isRelayedProtocol(protocol));
  return carried.map((medium, i) => ({ medium, number: i + 1 })).filter(({ medium }) => medium.port !== 0);
}

/** Which ports of a medium the reader is told: RTCP has the port above, or shares the one of RTP where it did before. */
function rtcpPort({ rtcp, port }: MediaDescription, relayed: number): number {
  return rtcp?.port === port ? relayed : relayed + 1;
}

/**
 * A description with a relay's ports and addresses in place of the writer's, for one reader. All that a relay does not
 * carry stays byte for byte.
 * @param mark a line for its end, by which other relays know that the media are relayed; '' for none
 */
export function printRelayed(
  session: SessionDescription,
  media: readonly RelayedMedium[],
  flags: MediaFlags,
  mark: string,
  printed: PrintedAddress,
): string {
  if (flags.keepBody) return session.text;
  const edit = new SdpEdit(session);
  let first: string | undefined;
  for (const relayed of media) {
    const medium = session.media[relayed.index]!;
    const address = printed(relayed);
    first ??= address;
    edit.setMedia(medium, {
      address,
      port: relayed.port,
      rtcpPort: rtcpPort(medium, relayed.port),
    });
    if (flags.ice === 'replace') replaceCandidates(edit, medium, address, relayed.port);
  }
  if (flags.ice === undefined || flags.ice === 'remove') removeIce(edit, media);
  if (first !== undefined) {
    if (flags.sessionConnection) edit.setSessionAddress(first);
    if (flags.origin) edit.setOrigin(first);
  }
  if (mark !== '') edit.addLineOnce(mark);
  return edit.toString();
}

/** ICE of what is not relayed stays: a relay that does not carry it stands in nobody's way. */
function removeIce(edit: SdpEdit, media: readonly RelayedMedium[]): void {
  const { session } = edit;
  const open = session.media.filter(({ port }) => port !== 0);
  if (open.length === media.length) {
    edit.removeIce();
    return;
  }
  for (const { index } of media) {
    for (const name of ICE_ATTRIBUTES) edit.removeAttribute(session.media[index]!, name);
  }
}

/** The relay as the only candidate. A medium without candidates gets none: its writer knows no ICE. */
function replaceCandidates(edit: SdpEdit, medium: MediaDescription, address: string, port: number): void {
  if (!medium.attributes.has('candidate')) return;
  const candidate = (component: number, at: number): Candidate => ({
    foundation: '1',
    component,
    transport: 'UDP',
    priority: hostPriority(component),
    address,
    port: at,
    type: 'host',
    extensions: [],
  });
  const candidates = [candidate(1, port)];
  if (!medium.rtcpMux) candidates.push(candidate(2, rtcpPort(medium, port)));
  if (ipFamily(address) !== 0) edit.setCandidates(medium, candidates);
}

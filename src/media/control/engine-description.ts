import { ipFamily } from '../../base/ip.ts';
import { SdpEdit } from '../../wire/sdp/edit.ts';
import type { MediaDescription } from '../../wire/sdp/media-description.ts';
import type { SessionDescription } from '../../wire/sdp/session-description.ts';
import type { PrintedAddress, RelayedMedium } from './media-control.ts';

/** Where the media of a description are that rtpengine has written. Refused and null ones are nowhere. */
export function engineMedia(
  session: SessionDescription,
  relay: Pick<RelayedMedium, 'advertised' | 'local'>,
): RelayedMedium[] {
  return session.media.flatMap(({ index, port, connection, hasNullAddress }) => {
    if (port === 0 || connection === undefined || hasNullAddress) return [];
    const { address, family } = connection;
    return [{ index, port, address, family, ...relay }];
  });
}

/** What rtpengine has written, with another address where the reader is to be told another one. */
export function printEngine(
  session: SessionDescription,
  media: readonly RelayedMedium[],
  printed: PrintedAddress,
): string {
  const edit = new SdpEdit(session);
  const moved = new Map<string, string>();
  for (const relayed of media) {
    const address = printed(relayed);
    if (relayed.address === undefined || address === relayed.address) continue;
    moved.set(relayed.address, address);
    const medium = session.media[relayed.index]!;
    edit.setMedia(medium, { address, port: relayed.port, rtcpPort: medium.rtcpPort });
    moveCandidates(edit, medium, relayed.address, address);
  }
  const origin = session.origin && moved.get(session.origin.connection.address);
  if (origin !== undefined) edit.setOrigin(origin);
  return moved.size === 0 ? session.text : edit.toString();
}

/** The relay's own candidates say the same as `c=`. */
function moveCandidates(edit: SdpEdit, medium: MediaDescription, from: string, to: string): void {
  const { candidates } = medium;
  if (ipFamily(to) === 0 || !candidates.some(({ address }) => address === from)) return;
  edit.setCandidates(
    medium,
    candidates.map((candidate) => (candidate.address === from ? { ...candidate, address: to } : candidate)),
  );
}

import type { Relayed } from '../../media/control/media-control.ts';
import { SdpEdit } from '../../wire/sdp/edit.ts';
import { SessionDescription } from '../../wire/sdp/session-description.ts';
import type { MediaEnvironment } from './media-environment.ts';
import { type MediaReader, printedMediaAddress } from './printed-address.ts';

/** What is special about the descriptions of one call. */
export interface DescriptionStyle {
  /** An IP address that every reader is told, where a script says so. */
  readonly address: string | undefined;
  /** By how much the version in `o=` is raised, for this server has made offers of its own between (RFC 3264 §8). */
  readonly versionShift: number;
}

export const PLAIN_STYLE: DescriptionStyle = { address: undefined, versionShift: 0 };

/** The relayed description as one reader gets it. */
export function printDescription(
  relayed: Relayed,
  reader: MediaReader,
  { address, versionShift }: DescriptionStyle,
  { advertise, advertised }: Pick<MediaEnvironment, 'advertise' | 'advertised'>,
): string {
  const told = address === undefined ? reader : { ...reader, override: { host: address } };
  const text = relayed.print((relay) => {
    const configured = relay.local && relay.address !== undefined ? advertised(relay.address) : undefined;
    return printedMediaAddress({ ...relay, advertised: relay.advertised ?? configured }, told, advertise);
  });
  return versionShift === 0 ? text : raised(text, versionShift);
}

function raised(text: string, by: number): string {
  const parsed = SessionDescription.parse(text);
  const origin = parsed.ok ? parsed.session.origin : undefined;
  if (!parsed.ok || !origin) return text;
  const version = String(BigInt(origin.version) + BigInt(by));
  return new SdpEdit(parsed.session).setOrigin(origin.connection.address, version).toString();
}

import { type Channel, channel } from 'node:diagnostics_channel';

/**
 * The only way up for observability: lower floors publish here, loggers and metrics subscribe on the top floors.
 * A channel without subscribers costs one boolean test, so publish as `if (c.hasSubscribers) c.publish({…})`.
 * The shape that each channel carries is written beside it.
 */
export const channels: {
  /** `{ direction: 'in' | 'out', bytes: Uint8Array, transport, local, remote }`, one per message on the wire. */
  readonly wire: Channel;
  /** `{ reason: string, transport, remote }`: bytes that could not be framed, or a message refused at the door. */
  readonly refused: Channel;
  /** `{ level: 'debug'|'info'|'warn'|'error', area: string, text: string, callId?: string, …fields }` */
  readonly log: Channel;
  /** `{ event: 'opened'|'closed', transport, remote, reason? }` of stream connections. */
  readonly connection: Channel;
  /** `{ aor, event: 'added'|'refreshed'|'removed'|'expired', contact }` */
  readonly binding: Channel;
  /** `{ event: 'start'|'end', callId, method, status?, durationMs? }` of server transactions. */
  readonly transaction: Channel;
  /**
   * `{ event: 'begun'|'done'|'failed', callId, fromTag, media }` of recordings; at the end with `files` (`{ path, bytes,
   * dropped, fault }[]`), `dropped`, `fault` (the system's word, as ENOSPC) and `unmixed` (`{ payloadType, packets }[]`).
   */
  readonly recording: Channel;
  /** `{ event: 'active'|'inactive'|'off', relay, set, reason }` of media relays that are commanded. */
  readonly relay: Channel;
  /** `{ name, value }`: assignments of OpenSIPS scripts that are followed step by step; no others tell. */
  readonly step: Channel;
} = {
  wire: channel('viaduct:wire'),
  refused: channel('viaduct:refused'),
  log: channel('viaduct:log'),
  connection: channel('viaduct:connection'),
  binding: channel('viaduct:binding'),
  transaction: channel('viaduct:transaction'),
  recording: channel('viaduct:recording'),
  relay: channel('viaduct:relay'),
  step: channel('viaduct:step'),
};

/** Publishes a log line for whoever logs; free when nobody does. */
export function logLine(
  level: 'debug' | 'info' | 'warn' | 'error',
  area: string,
  text: string,
  fields?: Readonly<Record<string, unknown>>,
): void {
  if (channels.log.hasSubscribers) channels.log.publish({ level, area, text, ...fields });
}

import type { MediaConfig } from './config/server-config.ts';

const WHICH = {
  always: 'of all calls',
  nat: 'of calls whose phones may not reach each other',
  never: 'only where a script says so',
} as const;

/** Where the media of calls go, in one line. */
export function mediaSummary({ relay, rtpproxy, rtpengine, use, anchor }: MediaConfig): string {
  const sets = [...rtpproxy.sets, ...rtpengine.sets];
  const other = sets.find(({ name }) => name === use) ?? (relay ? undefined : sets[0]);
  if (!relay && !other) return 'go between the phones';
  if (other)
    return `${WHICH[anchor]}, through ${other.name}: ${other.nodes.map(({ name }) => name).join(', ')}`;
  return `${WHICH[anchor]}, through UDP ports ${portsText(relay!.ports)} of this server`;
}

/** `35000-65000`, `40000, 40001`. */
export function portsText(ports: NonNullable<MediaConfig['relay']>['ports']): string {
  return 'min' in ports ? `${ports.min}-${ports.max}` : ports.join(', ');
}

import { nearest } from '../../base/nearest.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { ParsedConfig } from './parsed-config.ts';
import type { ConfigPath, ConfigSource } from './place.ts';
import type { ServerConfig } from './server-config.ts';

/** The name of the relay in the server itself, among the sets. */
export const EMBEDDED_SET = 'embedded';

/** Looks for names of relays that mean nothing. */
export function checkMedia(
  parsed: ParsedConfig,
  { media }: ServerConfig,
  source: ConfigSource,
): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const say = (path: ConfigPath, kind: 'key' | 'value', message: string, hint: string): void => {
    found.push({ file: source.file, ...source.placeOf(path, kind), message, hint });
  };
  const others: string[] = [];
  for (const protocol of ['rtpproxy', 'rtpengine'] as const) {
    for (const name of Object.keys(parsed.media?.[protocol]?.sets ?? {})) {
      const path = ['media', protocol, 'sets', name];
      const hint = 'choose another name for the set';
      if (name === EMBEDDED_SET) say(path, 'key', `"${name}" is the relay in this server`, hint);
      if (others.includes(name)) say(path, 'key', `there is a set "${name}" of rtpproxy, too`, hint);
      others.push(name);
    }
  }
  const names = media.relay ? [EMBEDDED_SET, ...others] : others;
  if (media.use !== undefined && !names.includes(media.use)) {
    const near = nearest(media.use, names);
    const hint = near ? `did you mean ${near}?` : `one of ${names.join(', ')}`;
    say(
      ['media', 'use'],
      'value',
      `media.use: there is no set "${media.use}"`,
      names.length > 0 ? hint : 'name relays under media.rtpproxy.sets or media.rtpengine.sets',
    );
  }
  return found;
}

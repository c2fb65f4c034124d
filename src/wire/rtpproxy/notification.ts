import { ServerError } from '../../base/errors.ts';
import { eventKey, keyEvent } from '../rtp/telephone-event.ts';
import { parsePort } from '../sdp/lines.ts';
import { parseDecimal } from '../sip/text.ts';
import { splitWords } from './words.ts';

/** What a relay writes to a notify socket: the tag alone for media that stopped, more for a key. */
export type Notification =
  | { readonly kind: 'timeout'; readonly tag: string }
  | {
      readonly kind: 'key';
      readonly tag: string;
      /** The event of RFC 4733: 0 to 9, 10 `*`, 11 `#`, 12 to 15 `A` to `D`; the line has the key itself. */
      readonly event: number;
      readonly volume: number;
      readonly duration: number;
      /** Which of the session's two streams. */
      readonly stream: number;
    };

/** Where notifications go. */
export type NotifySocket =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** A host that stands for the address that the command came from. */
const CONTROLLER = '%%CC_SELF%%';

/** @returns undefined for a line that is neither a timeout nor a key */
export function parseNotification(line: string): Notification | undefined {
  const words = splitWords(line, 6);
  const tag = words[0];
  if (words.length === 1) return { kind: 'timeout', tag: tag! };
  if (words.length !== 5) return undefined;
  const event = keyEvent(words[1]!);
  const [volume, duration, stream] = words.slice(2).map(parseDecimal);
  if (event === undefined || volume === undefined || duration === undefined || stream === undefined)
    return undefined;
  return { kind: 'key', tag: tag!, event, volume, duration, stream };
}

/** @returns the line with its end. @throws ServerError SIP_BAD_FIELD for a tag of several words, and an event that is no key */
export function printNotification(notification: Notification): string {
  const { tag } = notification;
  if (splitWords(tag, 2)[0] !== tag) {
    throw new ServerError('SIP_BAD_FIELD', `notify tag: "${tag}" is not one word`);
  }
  if (notification.kind === 'timeout') return `${tag}\n`;
  const { event, volume, duration, stream } = notification;
  const key = eventKey(event);
  if (key === undefined) throw new ServerError('SIP_BAD_FIELD', `telephone event ${event} is no key`);
  return `${tag} ${key} ${volume} ${duration} ${stream}\n`;
}

/**
 * Reads where to notify: `unix:/path`, `/path`, `tcp:host:port`, `host:port`, IPv6 in brackets.
 * @param controller the address that the command came from, for `%%CC_SELF%%`
 */
export function parseNotifySocket(text: string, controller?: string): NotifySocket | undefined {
  if (text.startsWith('/')) return { kind: 'unix', path: text };
  if (text.startsWith('unix:')) return text.length > 5 ? { kind: 'unix', path: text.slice(5) } : undefined;
  const place = parseHostPort(text.startsWith('tcp:') ? text.slice(4) : text);
  const host = place?.host === CONTROLLER ? controller : place?.host;
  return place && host ? { kind: 'tcp', host, port: place.port } : undefined;
}

/** @returns what `host:port` says, a port but 0, IPv6 in brackets */
export function parseHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const colon = text.lastIndexOf(':');
  const port = parsePort(text.slice(colon + 1));
  let host = text.slice(0, Math.max(0, colon));
  if (host.startsWith('[') && host.endsWith(']')) host = host.slice(1, -1);
  else if (host.indexOf(':') >= 0) return undefined;
  return port && host !== '' ? { host, port } : undefined;
}

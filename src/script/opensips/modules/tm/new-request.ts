import type { HeaderEntry } from '../../../../wire/sip/build.ts';
import { NameAddr } from '../../../../wire/sip/name-addr.ts';
import { isToken } from '../../../../wire/sip/text.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';

export interface NewRequest {
  readonly method: string;
  readonly uri: string;
  /** `[display ]URI` */
  readonly from: string;
  readonly to: string;
  /** `type/subtype content` */
  readonly body: string | undefined;
}

/** Sends a request of the server's own, whose answer only the log hears of. @returns false where it cannot be written */
export function newRequest(m: ScriptMessage, { method, uri, from, to, body }: NewRequest): boolean {
  const sender = address(from);
  const receiver = address(to);
  if (!isToken(method) || Uri.parse(uri) === undefined || sender === undefined || receiver === undefined)
    return false;
  const headers: HeaderEntry[] = [];
  let content: Buffer | undefined;
  if (body !== undefined) {
    const blank = body.indexOf(' ');
    if (blank <= 0) return false;
    headers.push(['Content-Type', body.slice(0, blank)]);
    content = Buffer.from(body.slice(blank + 1), 'latin1');
  }
  const { program } = m;
  program.services.client
    .request({
      method,
      requestUri: uri,
      from: sender.uriText,
      to: receiver.uriText,
      headers,
      ...(content && { body: content }),
    })
    .catch((fault: unknown) => program.faulted(fault, undefined));
  return true;
}

function address(text: string): NameAddr | undefined {
  const parsed = NameAddr.parse(text.includes('<') ? text : text.replace(/^(.*\s)?(\S+)$/, '$1<$2>'));
  return parsed?.uri === undefined ? undefined : parsed;
}

import { ServerError } from '../base/errors.ts';
import { checkField, toByteString } from '../wire/sip/text.ts';
import { Uri } from '../wire/sip/uri.ts';
import type { Reply } from './api/answer.ts';
import type { ReplyOptions } from './api/call.ts';
import { scriptHeaders } from './script-text.ts';

/**
 * An answer from a script's words, all checked.
 * @throws ServerError SIP_BAD_FIELD for a status outside the range, or a part that would break out of its field
 */
export function scriptReply(status: number, options: ReplyOptions, least = 200, most = 699): Reply {
  if (!Number.isInteger(status) || status < least || status > most) {
    throw new ServerError('SIP_BAD_FIELD', `status: ${status} is not from ${least} to ${most}`);
  }
  const { reason, body } = options;
  const headers = scriptHeaders(options.headers);
  if (body !== undefined && !headers.some(([name]) => String(name).toLowerCase() === 'content-type')) {
    throw new ServerError('SIP_BAD_FIELD', 'body: a body needs a Content-Type among the headers');
  }
  return {
    kind: 'reply',
    status,
    reason: reason === undefined ? undefined : checkField('reason', toByteString(reason)),
    headers,
    body: body === undefined ? undefined : Buffer.from(body as Uint8Array),
  };
}

/** @throws ServerError SIP_BAD_FIELD for what is no URI */
export function redirection(contacts: string | readonly string[], status: number): Reply {
  const uris = typeof contacts === 'string' ? [contacts] : contacts;
  const values = uris.map((text) => {
    if (!Uri.parse(toByteString(text))) {
      throw new ServerError('SIP_BAD_FIELD', `Contact: ${JSON.stringify(text)} is no URI`);
    }
    return `<${text}>`;
  });
  return scriptReply(status, { headers: { Contact: values } });
}

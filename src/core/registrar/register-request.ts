import type { HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { NameAddr } from '../../wire/sip/name-addr.ts';
import { nextParam, unquote } from '../../wire/sip/params.ts';
import { parseDecimal } from '../../wire/sip/text.ts';
import type { Uri } from '../../wire/sip/uri.ts';

/** One Contact of a REGISTER. */
export interface WantedContact {
  readonly uri: Uri;
  /** In seconds; undefined where neither the Contact nor the header says it, 0 removes. */
  readonly expires: number | undefined;
  /** In thousandths; undefined where it does not say. */
  readonly q: number | undefined;
  readonly instance: string;
  /** 0 where there is none, or no instance with it (RFC 5626 §6). */
  readonly regId: number;
  /** All of its parameters as written, from the first `;` on. */
  readonly params: string;
}

/** A REGISTER taken apart. */
export interface RegisterRequest {
  /** `fetch` asks for the bindings, `remove-all` is the wildcard, `update` lists contacts. */
  readonly kind: 'fetch' | 'remove-all' | 'update';
  readonly contacts: readonly WantedContact[];
  readonly callId: string;
  readonly cseq: number;
  /** As written, topmost first. */
  readonly path: readonly string[];
  readonly userAgent: string;
  readonly supportsPath: boolean;
  readonly supportsOutbound: boolean;
  /** Whether something stands between the client and this server. */
  readonly viaProxy: boolean;
}

/** Why a REGISTER is refused, as parts of an answer. */
export interface RegisterRefusal {
  readonly ok: false;
  readonly status: 400 | 403 | 420 | 423 | 439 | 500 | 503;
  readonly reason: string;
  readonly headers: readonly HeaderEntry[];
}

export function refuse(
  status: RegisterRefusal['status'],
  reason: string,
  headers: readonly HeaderEntry[] = [],
): RegisterRefusal {
  return { ok: false, status, reason, headers };
}

/** What RFC 3261 §10.3 step 7 wants taken for an expiry that cannot be read. */
const MALFORMED_EXPIRES = 3600;
const MOST_CONTACTS = 64;
const MOST_PATHS = 16;
const MOST_SECONDS = 2 ** 32 - 1;
const LONGEST_USER_AGENT = 256;
/** Of one Contact or Path, and of a Call-ID, in bytes: all of it is kept as long as the binding. */
const LONGEST_ADDRESS = 2048;
const LONGEST_CALL_ID = 512;

/** Reads what a registrar needs; judges only what stands in the message, not what is registered. */
export function readRegister(request: SipMessage): RegisterRequest | RegisterRefusal {
  const { cseq, callId } = request;
  if (cseq === undefined) return refuse(400, 'Bad CSeq');
  if (callId === '') return refuse(400, 'Missing Call-ID');
  if (callId.length > LONGEST_CALL_ID) return refuse(400, 'Call-ID Too Long');
  const path = request.elements(H.Path).map((element) => element.text);
  if (path.length > MOST_PATHS) return refuse(400, 'Too Many Path Values');
  if (path.some((text) => text.length > LONGEST_ADDRESS || NameAddr.parse(text)?.uri === undefined)) {
    return refuse(400, 'Bad Path');
  }
  const elements = request.elements(H.Contact);
  if (elements.length > MOST_CONTACTS) return refuse(400, 'Too Many Contacts');
  if (elements.some(({ text }) => text.length > LONGEST_ADDRESS)) return refuse(400, 'Contact Too Long');
  const header = request.get(H.Expires);
  const expires = header === undefined ? undefined : readSeconds(header);
  const supported = request.elements(H.Supported).map((element) => element.text.toLowerCase());
  const parts = {
    callId,
    cseq: cseq.number,
    path,
    userAgent: (request.get(H.UserAgent) ?? '').slice(0, LONGEST_USER_AGENT),
    supportsPath: supported.includes('path'),
    supportsOutbound: supported.includes('outbound'),
    viaProxy: request.elements(H.Via).length > 1,
  };
  if (elements.length === 0) {
    if (request.has(H.Contact)) return refuse(400, 'Bad Contact');
    return { kind: 'fetch', contacts: [], ...parts };
  }
  if (elements.some((element) => element.text === '*')) {
    if (elements.length > 1 || expires !== 0)
      return refuse(400, 'Contact * Needs Expires: 0 And Nothing Else');
    return { kind: 'remove-all', contacts: [], ...parts };
  }
  const contacts: WantedContact[] = [];
  for (const element of elements) {
    const contact = readContact(element.text, expires);
    if (contact === undefined) return refuse(400, 'Bad Contact');
    contacts.push(contact);
  }
  // Which of them would be the flow could not be said (RFC 5626 §6).
  if (contacts.filter(adds).length > 1 && contacts.some((it) => adds(it) && it.regId > 0)) {
    return refuse(400, 'More Than One Contact With reg-id');
  }
  return { kind: 'update', contacts, ...parts };
}

function adds(contact: WantedContact): boolean {
  return contact.expires !== 0;
}

function readContact(text: string, header: number | undefined): WantedContact | undefined {
  const contact = NameAddr.parse(text);
  const uri = contact?.uri;
  if (contact === undefined || uri === undefined) return undefined;
  // Without angle brackets a URI with headers is ambiguous and not allowed (RFC 3261 §20, RFC 4475 §3.1.2.13).
  if (uri.headers !== '' && text.indexOf('<') < 0) return undefined;
  let expires = header;
  let q: number | undefined;
  let instance = '';
  let regId = 0;
  for (let param = nextParam(contact.params, 0); param; param = nextParam(contact.params, param.end)) {
    const value = param.value ?? '';
    switch (param.name.toLowerCase()) {
      case 'expires':
        expires = readSeconds(value);
        break;
      case 'q': {
        const read = readQ(value);
        if (read === undefined) return undefined;
        q = read;
        break;
      }
      case '+sip.instance':
        instance = withoutAngles(unquote(value));
        break;
      case 'reg-id': {
        const read = parseDecimal(value);
        if (read === undefined || read === 0 || read >= 2 ** 31) return undefined;
        regId = read;
        break;
      }
    }
  }
  return { uri, expires, q, instance, regId: instance === '' ? 0 : regId, params: contact.params };
}

function readSeconds(text: string): number {
  const seconds = parseDecimal(text.trim());
  return seconds === undefined ? MALFORMED_EXPIRES : Math.min(seconds, MOST_SECONDS);
}

/** `0`, `1`, and up to three digits behind the dot (RFC 3261 §25.1), in thousandths. */
export function readQ(text: string): number | undefined {
  const whole = text.charCodeAt(0) - 48;
  if (whole !== 0 && whole !== 1) return undefined;
  if (text.length === 1) return whole * 1000;
  if (text.charCodeAt(1) !== 0x2e || text.length > 5) return undefined;
  const digits = text.slice(2);
  if (digits === '') return whole * 1000;
  const fraction = parseDecimal(digits.padEnd(3, '0'));
  if (fraction === undefined || (whole === 1 && fraction > 0)) return undefined;
  return whole * 1000 + fraction;
}

function withoutAngles(text: string): string {
  return text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text;
}

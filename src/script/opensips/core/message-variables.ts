import { H } from '../../../wire/sip/header-name.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import { NameAddr } from '../../../wire/sip/name-addr.ts';
import type { Uri } from '../../../wire/sip/uri.ts';
import type { Index, VariableSpec } from '../frame/variable.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import type { Value } from '../value.ts';
import { pick } from './indexed.ts';
import { splitRoutes } from './route-list.ts';

type Variables = Readonly<Record<string, VariableSpec<undefined>>>;
type Read = (m: ScriptMessage) => Value;

function plain(describe: string, read: Read): VariableSpec<undefined> {
  return { describe, read };
}

/** The parts of a From, To or another header with one address. */
function address(
  name: string,
  of: (m: SipMessage) => NameAddr | undefined,
): Record<'uri' | 'user' | 'domain' | 'name' | 'tag', VariableSpec<undefined>> {
  return {
    uri: plain(`URI of ${name}.`, (m) => of(m.message)?.uriText ?? null),
    user: plain(`User in the URI of ${name}.`, (m) => of(m.message)?.uri?.user ?? null),
    domain: plain(`Domain in the URI of ${name}.`, (m) => of(m.message)?.uri?.host || null),
    name: plain(`Display name of ${name}.`, (m) => of(m.message)?.displayName || null),
    tag: plain(`Tag of ${name}.`, (m) => of(m.message)?.tag ?? null),
  };
}

/** The first address of a header that is looked up by name. */
function named(header: string): (message: SipMessage) => NameAddr | undefined {
  return (message) => {
    const text = message.header(header);
    return text === undefined ? undefined : NameAddr.parse(splitRoutes(text)[0] ?? '');
  };
}

const from = address('From', (m) => m.from);
const to = address('To', (m) => m.to);
const asserted = address('P-Asserted-Identity', named('P-Asserted-Identity'));
const preferred = address('P-Preferred-Identity', named('P-Preferred-Identity'));
const diversion = named('Diversion');
const referTo = address('Refer-To', named('Refer-To'));
const remoteParty = address('Remote-Party-ID', named('Remote-Party-ID'));

/** The value of a header in all its lines, or of one of them. */
function header(m: ScriptMessage, name: string, index: Index): Value {
  const { message } = m;
  const first = message.findNamed(name);
  if (first < 0) return null;
  if (index === undefined || index === 0) return message.valueAt(first);
  const values: string[] = [];
  for (let line = first; line >= 0; line = message.findNamed(name, line + 1))
    values.push(message.valueAt(line));
  return pick(values, index);
}

const CONTACT_FIELDS = {
  name: 'its display name',
  uri: 'its URI',
  q: 'its q',
  expires: 'its expires',
  methods: 'its methods',
  received: 'its received',
  params: 'all its parameters',
};

function contactField(text: string, field: string): Value {
  const contact = NameAddr.parse(text);
  if (!contact) return null;
  if (field === 'name') return contact.displayName || null;
  if (field === 'uri') return contact.uriText;
  if (field === 'params') return contact.params.replace(/^;/, '') || null;
  return contact.param(field) ?? null;
}

function contacts(m: ScriptMessage): readonly string[] {
  return m.message.elements(H.Contact).map(({ text }) => text);
}

function original(m: ScriptMessage): Uri | undefined {
  return m.context.request.uri;
}

/** What a request or a reply says of itself. */
export const messageVariables: Variables = {
  ai: asserted.uri,
  bf: {
    ...plain('Branch flags that are set.', (m) => [...m.target.flags].join(' ')),
    older: 'write $msg.branch.flags',
  },
  ci: plain('Call-ID.', (m) => m.message.callId || null),
  cl: plain('Content-Length.', (m) => m.message.get(H.ContentLength) ?? null),
  cs: plain('Number in CSeq.', (m) => (m.message.cseq === undefined ? null : String(m.message.cseq.number))),
  ct: {
    describe: 'A contact: name, URI and parameters.',
    indexed: true,
    read: (m, _s, _inner, index) => pick(contacts(m), index ?? 0),
  },
  'ct.fields': {
    describe: 'A part of a contact.',
    inner: 'name',
    fields: CONTACT_FIELDS,
    indexed: true,
    read: (m, _s, inner, index) => {
      const values = contacts(m).map((it) => contactField(it, inner));
      return pick(values, index ?? 0);
    },
  },
  di: plain('URI of Diversion.', (m) => diversion(m.message)?.uriText ?? null),
  dip: plain('`privacy` of Diversion.', (m) => diversion(m.message)?.param('privacy') ?? null),
  dir: plain('`reason` of Diversion.', (m) => diversion(m.message)?.param('reason') ?? null),
  fd: from.domain,
  'from.domain': from.domain,
  fn: from.name,
  ft: from.tag,
  fu: from.uri,
  from: from.uri,
  fU: from.user,
  'from.user': from.user,
  hdr: {
    describe: 'A header by its name; `[n]` for one of its lines, `[*]` for all.',
    inner: 'name',
    indexed: true,
    read: (m, _s, name, index) => header(m, name, index),
  },
  hdr_name: {
    describe: 'The name of the header on a line.',
    indexed: true,
    read: ({ message }, _s, _inner, index) =>
      pick(
        Array.from({ length: message.lineCount }, (_, line) => message.nameAt(line)),
        index ?? 0,
      ),
  },
  hdrcnt: {
    describe: 'How many lines a header has.',
    inner: 'name',
    read: ({ message }, _s, name) => {
      let count = 0;
      for (let line = message.findNamed(name); line >= 0; line = message.findNamed(name, line + 1)) count++;
      return count;
    },
  },
  mb: plain('The whole message.', (m) => m.message.toString()),
  mf: plain('Message flags that are set.', (m) => [...m.context.flags].join(' ')),
  ml: plain('Bytes of the message.', (m) => m.message.bodyEnd),
  'msg.is_request': plain('1 for a request, 0 for a reply.', (m) => (m.isRequest ? 1 : 0)),
  'msg.type': plain('`request` or `reply`.', (m) => (m.isRequest ? 'request' : 'reply')),
  od: plain('Domain of the Request-URI as it came.', (m) => original(m)?.host || null),
  op: plain('Port of the Request-URI as it came.', (m) => original(m)?.port ?? null),
  oP: plain('Transport of the Request-URI as it came.', (m) => original(m)?.param('transport') ?? 'udp'),
  ou: plain('The Request-URI as it came.', (m) => m.context.request.requestUri || null),
  ouri: plain('The Request-URI as it came.', (m) => m.context.request.requestUri || null),
  oU: plain('User of the Request-URI as it came.', (m) => original(m)?.user ?? null),
  path: plain('Path.', (m) => m.message.get(H.Path) ?? null),
  pd: preferred.domain,
  pn: preferred.name,
  pu: preferred.uri,
  pU: preferred.user,
  re: remoteParty.uri,
  rm: plain('Method; of a reply that in CSeq.', (m) =>
    m.isRequest ? m.message.method : (m.message.cseq?.method ?? null),
  ),
  rr: plain('Reason phrase of a reply.', (m) => (m.isRequest ? null : m.message.reason)),
  rs: plain('Status of a reply.', (m) => (m.isRequest ? null : m.message.status)),
  rt: referTo.uri,
  si: plain('Source address.', (m) => m.flow.remoteAddress),
  src_ip: plain('Source address.', (m) => m.flow.remoteAddress),
  sp: plain('Source port.', (m) => m.flow.remotePort),
  td: to.domain,
  'to.domain': to.domain,
  tn: to.name,
  tt: to.tag,
  tu: to.uri,
  to: to.uri,
  tU: to.user,
  'to.user': to.user,
  ua: plain('User-Agent.', (m) => m.message.get(H.UserAgent) ?? null),
};

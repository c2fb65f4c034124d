import type { MaybePromise } from '../../../../core/registrar/location-store.ts';
import {
  type RegisterRefusal,
  type RegisterRequest,
  readRegister,
  type WantedContact,
} from '../../../../core/registrar/register-request.ts';
import type { BindingUpdate } from '../../../../core/registrar/update-bindings.ts';
import { whenReady } from '../../../../core/registrar/when-ready.ts';
import type { HeaderEntry } from '../../../../wire/sip/build.ts';
import { undoEscapes } from '../../../../wire/sip/escape.ts';
import { H } from '../../../../wire/sip/header-name.ts';
import { NameAddr } from '../../../../wire/sip/name-addr.ts';
import { paramValue } from '../../../../wire/sip/params.ts';
import { parseDecimal } from '../../../../wire/sip/text.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import { sameUri } from '../../../../wire/sip/uri-compare.ts';
import { FIXED_CONTACTS } from '../../runtime/fixed-contacts.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { textOf } from '../../value.ts';
import { newContactId } from '../usrloc/contact-id.ts';
import type { LocationDomain } from '../usrloc/location-domain.ts';
import { addressOfRecord } from './aor.ts';
import { contactLine } from './contact-line.ts';
import type { SaveFlags } from './flags.ts';
import { methodsOf } from './methods.ts';
import { type ContactFacts, type SaveRules, saveContacts } from './save-contacts.ts';
import type { RegistrarState } from './state.ts';

/** Codes of `save`. */
const SAVED = 1;
const FAILED = -1;
const REFUSED = -2;

/** Longer than any registration lasts, so that the connection is still there when it is renewed. */
const SPARE_SECONDS = 10;

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  420: 'Bad Extension',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
};

const NO_FLAGS: SaveFlags = {
  memoryOnly: false,
  noReply: false,
  socketHeader: false,
  path: undefined,
  pathReceived: false,
  force: false,
  onlyRequested: false,
  maxContacts: undefined,
  minExpires: undefined,
  maxExpires: undefined,
  matching: undefined,
};

/** Carries out the REGISTER at hand; in a reply route the one that was answered. */
export function save(
  m: ScriptMessage,
  state: RegistrarState,
  domainName: string,
  flags: SaveFlags = NO_FLAGS,
  aorUri: string | undefined,
): MaybePromise<number> {
  const { request } = m.context;
  const wish = readRegister(request);
  const refuse = (status: number, problem: string, headers: readonly HeaderEntry[] = []) =>
    refused(m, state, flags, status, problem, headers);
  if ('ok' in wish) return refuse(400, wish.reason);
  const { maxContactLength } = state.settings;
  if (wish.contacts.some(({ uri }) => uri.toString().length > maxContactLength)) {
    return refuse(400, 'Contact/received too long');
  }
  const text = aorUri ?? request.to?.uriText ?? '';
  const found = addressOfRecord(state, text);
  if ('status' in found) return refuse(found.status, found.problem);
  const path = flags.path === undefined ? [] : wish.path;
  if (path.length > 0 && flags.path === 'strict' && !wish.supportsPath) {
    const echoed = path.map((value): HeaderEntry => [H.Path, value]);
    return refuse(420, 'No support for found Path indicated', [[H.Unsupported, 'path'], ...echoed]);
  }
  return whenReady(state.location.domain(domainName), (domain) => {
    const facts = factsOf(m, state, domain, found.aor, { ...wish, path }, flags);
    const rules = rulesOf(state, flags);
    const update = domain.change(found.aor, (stored) =>
      saveContacts(stored, { ...wish, path }, facts, rules),
    );
    return whenReady(update, (result) =>
      finish(m, state, { ...wish, path }, flags, result, { aor: found.aor, facts, domain }),
    );
  });
}

function rulesOf({ settings, location, context }: RegistrarState, flags: SaveFlags): SaveRules {
  const { deviation } = settings;
  const { ids } = context.services;
  return {
    flags,
    matching: flags.matching ?? (location.settings.matchCallId ? 'call-id' : 'contact'),
    maxContacts: flags.maxContacts ?? settings.maxContacts,
    minExpires: flags.minExpires ?? settings.minExpires,
    maxExpires: flags.maxExpires ?? settings.maxExpires,
    defaultExpires: settings.defaultExpires,
    defaultQ: settings.defaultQ,
    allowSameCseq: settings.allowSameCseq,
    cseqDelayMs: location.settings.cseqDelayMs,
    deviate: () => (deviation === 0 ? 0 : (ids.uint32() % (2 * deviation + 1)) - deviation),
  };
}

function factsOf(
  m: ScriptMessage,
  state: RegistrarState,
  domain: LocationDomain,
  aor: string,
  wish: RegisterRequest,
  flags: SaveFlags,
): ContactFacts {
  const { settings, location, context } = state;
  const { request, flow, target } = m.context;
  const { clock, ids } = context.services;
  const fixed = m.context.get(FIXED_CONTACTS);
  const fromPath = flags.pathReceived ? pathReceived(wish) : '';
  const avp = (name: string | undefined) => (name === undefined ? '' : (textOf(m.avps.get(name)) ?? ''));
  return {
    key: domain.keyOf(aor),
    arrival: { flow, natted: false, now: clock.wallNow(), bootId: domain.registrar.bootId },
    listener: (flags.socketHeader && socketOf(m, settings.socketHeader)) || flow.listener.name,
    flags: [...target.flags],
    natFlag: location.settings.natFlag,
    received: fromPath === '' ? avp(settings.receivedAvp) : fromPath,
    fromPath: fromPath !== '',
    attributes: avp(settings.attributesAvp),
    methods: (contact) => methodsOf(request, paramValue(contact.params, 'methods')),
    uriOf: (contact) => {
      const uri = contact.uri.toString();
      return fixed?.get(uri) ?? uri;
    },
    decidedExpires: m.isRequest ? undefined : decidedExpires(m, settings.contactAvp, wish),
    newId: () => newContactId(ids),
  };
}

/** `received` of the first Path value: the address of the phone as the proxy before has seen it. */
function pathReceived({ path }: RegisterRequest): string {
  const value = path[0] === undefined ? undefined : NameAddr.parse(path[0])?.uri?.param('received');
  return value === undefined ? '' : undoEscapes(value);
}

function socketOf(m: ScriptMessage, header: string | undefined): string | undefined {
  const text = header === undefined ? undefined : m.context.request.header(header);
  return text === undefined ? undefined : m.program.socket(text.trim())?.name;
}

/** The lifetime that the registrar which has answered gives the contact. */
function decidedExpires(
  m: ScriptMessage,
  contactAvp: string | undefined,
  wish: RegisterRequest,
): number | undefined {
  const changed = contactAvp === undefined ? undefined : textOf(m.avps.get(contactAvp));
  const sent = changed === undefined ? wish.contacts[0]?.uri : Uri.parse(changed);
  if (sent === undefined || wish.contacts[0]?.expires === 0) return undefined;
  for (const { address } of m.message.elements(H.Contact)) {
    const uri = address?.uri;
    if (address === undefined || uri === undefined || !sameUri(uri, sent)) continue;
    const expires = parseDecimal(paramValue(address.params, 'expires') ?? '');
    if (expires !== undefined) return expires;
  }
  return undefined;
}

function finish(
  m: ScriptMessage,
  state: RegistrarState,
  wish: RegisterRequest,
  flags: SaveFlags,
  update: BindingUpdate | RegisterRefusal,
  saved: { readonly aor: string; readonly facts: ContactFacts; readonly domain: LocationDomain },
): number {
  if (!update.ok) return refused(m, state, flags, update.status, update.reason, []);
  state.accepted++;
  keepConnection(m, state, update, saved.facts.arrival.now);
  if (flags.noReply || !m.isRequest) return SAVED;
  const headers: HeaderEntry[] = [];
  const shown = flags.onlyRequested ? requested(update, wish.contacts, saved.facts) : update.bindings;
  const line = contactLine(m, state, saved.aor, saved.domain.ordered(shown));
  if (line !== undefined) headers.push([H.Contact, line]);
  if (wish.kind === 'update' && wish.supportsPath && flags.path !== 'off') {
    for (const value of wish.path) headers.push([H.Path, value]);
  }
  return m.program.reply(m.context, 200, 'OK', { headers }) ? SAVED : FAILED;
}

function requested(
  { bindings }: BindingUpdate,
  contacts: readonly WantedContact[],
  facts: ContactFacts,
): BindingUpdate['bindings'] {
  const uris = new Set(contacts.map((it) => facts.uriOf(it)));
  return bindings.filter(({ contact }) => uris.has(contact));
}

/** A connection that a contact is reached by stays as long as the contact. */
function keepConnection(
  m: ScriptMessage,
  { settings }: RegistrarState,
  { added, refreshed }: BindingUpdate,
  now: number,
): void {
  const { persistFlag } = settings;
  const { flow, flags } = m.context;
  if (persistFlag === undefined || flow.connectionId === 0 || !flags.has(persistFlag)) return;
  const until = Math.max(0, ...[...added, ...refreshed].map(({ expiresAt }) => expiresAt - now));
  if (until > 0) flow.mayIdle?.(until + SPARE_SECONDS * 1000);
}

function refused(
  m: ScriptMessage,
  state: RegistrarState,
  flags: SaveFlags,
  status: number,
  problem: string,
  more: readonly HeaderEntry[],
): number {
  state.rejected++;
  if (flags.noReply || !m.isRequest) return REFUSED;
  const { retryAfter } = state.settings;
  const headers: HeaderEntry[] = [...more, ['P-Registrar-Error', problem]];
  if (status >= 500 && retryAfter > 0) headers.push([H.RetryAfter, String(retryAfter)]);
  m.program.reply(m.context, status, REASONS[status] ?? problem, { headers });
  return REFUSED;
}

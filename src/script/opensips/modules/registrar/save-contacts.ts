import type { Binding, Source } from '../../../../core/registrar/location-store.ts';
import {
  type RegisterRefusal,
  type RegisterRequest,
  refuse,
  type WantedContact,
} from '../../../../core/registrar/register-request.ts';
import { type Arrival, type BindingUpdate, makeBinding } from '../../../../core/registrar/update-bindings.ts';
import { paramValue, unquote } from '../../../../wire/sip/params.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import { sameUri } from '../../../../wire/sip/uri-compare.ts';
import { sourceOf } from '../usrloc/location-rows.ts';
import type { SaveFlags } from './flags.ts';

/** What decides which contacts are the same, how many there may be, and how long they live. */
export interface SaveRules {
  readonly flags: SaveFlags;
  readonly matching: 'contact' | 'call-id' | { readonly param: string };
  /** 0 for any number. */
  readonly maxContacts: number;
  /** Of times in seconds: 0 for no limit. */
  readonly minExpires: number;
  readonly maxExpires: number;
  readonly defaultExpires: number;
  readonly defaultQ: number;
  readonly allowSameCseq: boolean;
  readonly cseqDelayMs: number;
  /** A change of the lifetime in seconds, drawn anew. */
  readonly deviate: () => number;
}

/** What the message and the script say of each contact. */
export interface ContactFacts {
  readonly key: string;
  readonly arrival: Arrival;
  readonly listener: string;
  readonly flags: readonly string[];
  /** The flag of contacts behind a NAT. */
  readonly natFlag: string | undefined;
  /** The URI that the request is said to have come from; '' for none. */
  readonly received: string;
  /** The Path says where it came from. */
  readonly fromPath: boolean;
  readonly attributes: string;
  readonly methods: (contact: WantedContact) => number;
  /** What stands for a Contact that the script has rewritten. */
  readonly uriOf: (contact: WantedContact) => string;
  /** In seconds, where another server has decided it. */
  readonly decidedExpires: number | undefined;
  readonly newId: () => string;
}

/** RFC 3261 §10.3 as OpenSIPS carries it out: short lifetimes are made longer, and all is done or nothing. */
export function saveContacts(
  stored: readonly Binding[],
  wish: RegisterRequest,
  facts: ContactFacts,
  rules: SaveRules,
): BindingUpdate | RegisterRefusal {
  const { now } = facts.arrival;
  const live = stored.filter((it) => it.expiresAt > now);
  const expired = stored.filter((it) => it.expiresAt <= now);
  const unchanged = { ok: true, added: [], refreshed: [], removed: [], expired } as const;
  if (wish.kind === 'fetch') return { ...unchanged, bindings: live };
  if (wish.kind === 'remove-all') return { ...unchanged, bindings: [], removed: live };
  let bindings = live;
  const added: Binding[] = [];
  const refreshed: Binding[] = [];
  const removed: Binding[] = [];
  for (const contact of wish.contacts) {
    const uri = facts.uriOf(contact);
    const known = bindings.find((it) => isSame(it, uri, wish.callId, rules.matching));
    const order = known === undefined ? 'newer' : orderOf(known, wish, rules, now);
    if (order === 'older') return refuse(400, 'Invalid CSeq number');
    if (order === 'again') continue;
    const seconds = lifetime(contact, facts, rules);
    if (seconds === 0) {
      if (known === undefined) continue;
      removed.push(known);
      bindings = bindings.filter((it) => it !== known);
      continue;
    }
    if (known === undefined && rules.maxContacts > 0) {
      while (bindings.length >= rules.maxContacts) {
        const oldest = rules.flags.force ? oldestOf(bindings) : undefined;
        if (oldest === undefined) return refuse(503, 'Too many registered contacts');
        removed.push(oldest);
        bindings = bindings.filter((it) => it !== oldest);
      }
    }
    const keys = known?.notes?.keys ?? stored[0]?.notes?.keys;
    const made = bindingOf(contact, uri, seconds, wish, facts, rules, known?.notes?.id, keys);
    if (known === undefined) {
      added.push(made);
      bindings = [...bindings, made];
    } else {
      refreshed.push(made);
      bindings = bindings.map((it) => (it === known ? made : it));
    }
  }
  // What came and went within one request was never there.
  const stays = (it: Binding) => bindings.includes(it);
  return {
    ok: true,
    bindings,
    added: added.filter(stays),
    refreshed: refreshed.filter(stays),
    removed: removed.filter((it) => live.includes(it)),
    expired,
  };
}

function isSame(binding: Binding, uri: string, callId: string, matching: SaveRules['matching']): boolean {
  if (typeof matching === 'object') {
    const [mine, other] = [binding.contact, uri].map((it) => Uri.parse(it)?.param(matching.param));
    return mine !== undefined && mine === other;
  }
  if (matching === 'call-id') return binding.contact === uri && binding.callId === callId;
  if (binding.contact === uri) return true;
  const [a, b] = [Uri.parse(binding.contact), Uri.parse(uri)];
  return a !== undefined && b !== undefined && sameUri(a, b);
}

/** Within one Call-ID a request must not be older than the one that wrote the binding. */
function orderOf(
  known: Binding,
  { callId, cseq }: RegisterRequest,
  { matching, allowSameCseq, cseqDelayMs }: SaveRules,
  now: number,
): 'newer' | 'older' | 'again' {
  if (matching !== 'call-id' && known.callId !== callId) return 'newer';
  const counted = allowSameCseq ? cseq + 1 : cseq;
  if (counted > known.cseq) return 'newer';
  return counted === known.cseq && known.updatedAt + cseqDelayMs > now ? 'again' : 'older';
}

function lifetime(contact: WantedContact, { decidedExpires }: ContactFacts, rules: SaveRules): number {
  const { minExpires, maxExpires, defaultExpires } = rules;
  let seconds = decidedExpires ?? contact.expires ?? defaultExpires;
  if (seconds === 0) return 0;
  if (minExpires > 0) seconds = Math.max(seconds, minExpires);
  if (maxExpires > 0) seconds = Math.min(seconds, maxExpires);
  return seconds;
}

function oldestOf(bindings: readonly Binding[]): Binding | undefined {
  let oldest = bindings[0];
  for (const it of bindings) if (oldest !== undefined && it.updatedAt < oldest.updatedAt) oldest = it;
  return oldest;
}

function bindingOf(
  contact: WantedContact,
  uri: string,
  seconds: number,
  wish: RegisterRequest,
  facts: ContactFacts,
  rules: SaveRules,
  id: string | undefined,
  keys: Readonly<Record<string, string>> | undefined,
): Binding {
  const lifetimeSeconds = Math.max(1, seconds + rules.deviate());
  const base = makeBinding(facts.key, contact, lifetimeSeconds, wish, facts.arrival);
  const named = facts.fromPath ? undefined : paramValue(contact.params, 'received');
  const received = named === undefined || named === '' ? facts.received : unquote(named);
  const q = contact.q ?? rules.defaultQ;
  const flags = new Set(facts.flags);
  if (facts.fromPath && facts.natFlag !== undefined) flags.add(facts.natFlag);
  return {
    ...base,
    contact: uri,
    q: q < 0 ? 1000 : q,
    received: receivedFrom(received) ?? base.received,
    natted: received !== '',
    listener: facts.listener,
    // Flows of RFC 5626 are the server's own matter; a script's contacts are told apart by what the script says.
    regId: 0,
    notes: {
      id: id ?? facts.newId(),
      flags: [...flags],
      received,
      q,
      methods: facts.methods(contact),
      attributes: facts.attributes,
      memoryOnly: rules.flags.memoryOnly,
      keys,
    },
  };
}

function receivedFrom(text: string): Source | undefined {
  const uri = text === '' ? undefined : Uri.parse(text);
  return uri && sourceOf(uri);
}

import type { Flow } from '../../net/flow.ts';
import { H } from '../../wire/sip/header-name.ts';
import { NameAddr } from '../../wire/sip/name-addr.ts';
import { Uri } from '../../wire/sip/uri.ts';
import { sameUri } from '../../wire/sip/uri-compare.ts';
import type { Binding } from './location-store.ts';
import {
  type RegisterRefusal,
  type RegisterRequest,
  refuse,
  type WantedContact,
} from './register-request.ts';

/** What one registrar allows. Times in seconds. */
export interface RegistrarLimits {
  /** Live contacts of one address-of-record. */
  readonly maxContacts: number;
  /** What happens to one too many: it is refused (403), or takes the place of the one written longest ago. */
  readonly whenFull: 'refuse' | 'replace-oldest';
  /** A shorter expiry is refused with 423, unless it is an hour or more (RFC 3261 §10.3 step 7). */
  readonly minExpires: number;
  /** A longer expiry is cut to it. */
  readonly maxExpires: number;
  /** Where the request says none. */
  readonly defaultExpires: number;
  /**
   * What is done with a Path from a client that does not say that it supports it (RFC 3327 §5.3): `lazy` stores it
   * and does not echo it, `strict` refuses with 420, `ignore` passes over every Path.
   */
  readonly path: 'lazy' | 'strict' | 'ignore';
}

export const DEFAULT_REGISTRAR_LIMITS: RegistrarLimits = {
  maxContacts: 10,
  whenFull: 'replace-oldest',
  minExpires: 60,
  maxExpires: 7200,
  defaultExpires: 3600,
  path: 'lazy',
};

/** Where and when a REGISTER arrived. */
export interface Arrival {
  readonly flow: Flow;
  readonly natted: boolean;
  /** In ms since 1970. */
  readonly now: number;
  readonly bootId: string;
}

/** What becomes of the bindings of an address-of-record. */
export interface BindingUpdate {
  readonly ok: true;
  /** All that live afterwards. */
  readonly bindings: readonly Binding[];
  readonly added: readonly Binding[];
  readonly refreshed: readonly Binding[];
  readonly removed: readonly Binding[];
  /** Those of before that had lapsed. */
  readonly expired: readonly Binding[];
}

const HOUR = 3600;

/** RFC 3261 §10.3 steps 6 and 7: all of it or nothing. Pure: the caller stores what comes out. */
export function updateBindings(
  aor: string,
  stored: readonly Binding[],
  wish: RegisterRequest,
  arrival: Arrival,
  limits: RegistrarLimits,
): BindingUpdate | RegisterRefusal {
  const live = stored.filter((binding) => binding.expiresAt > arrival.now);
  const expired = stored.filter((binding) => binding.expiresAt <= arrival.now);
  if (wish.kind === 'fetch') {
    return { ok: true, bindings: live, added: [], refreshed: [], removed: [], expired };
  }
  if (wish.kind === 'remove-all') {
    if (live.some((binding) => outOfOrder(binding, wish))) return refuse(500, 'CSeq Out Of Order');
    return { ok: true, bindings: [], added: [], refreshed: [], removed: live, expired };
  }
  let bindings = live;
  const added: Binding[] = [];
  const refreshed: Binding[] = [];
  const removed: Binding[] = [];
  for (const contact of wish.contacts) {
    // Two Contacts of one request that are the same URI are one binding; the later one holds.
    const same = bindings.filter((binding) => isSame(binding, contact));
    const seconds = contact.expires ?? limits.defaultExpires;
    const late = same.filter((binding) => live.includes(binding) && outOfOrder(binding, wish));
    if (late.length > 0) {
      // The very request that wrote the binding, sent again because its answer was lost in a restart.
      if (seconds > 0 && late.every((binding) => binding.cseq === wish.cseq)) continue;
      return refuse(500, 'CSeq Out Of Order');
    }
    bindings = bindings.filter((binding) => !same.includes(binding));
    if (seconds === 0) {
      removed.push(...same);
      continue;
    }
    if (seconds < limits.minExpires && seconds < HOUR) {
      return refuse(423, 'Interval Too Brief', [[H.MinExpires, String(limits.minExpires)]]);
    }
    const binding = makeBinding(aor, contact, Math.min(seconds, limits.maxExpires), wish, arrival);
    bindings = [...bindings, binding];
    (same.length > 0 ? refreshed : added).push(binding);
  }
  if (bindings.length > limits.maxContacts && added.length > 0) {
    const fresh = added.length + refreshed.length;
    if (limits.whenFull === 'refuse' || fresh > limits.maxContacts) return refuse(403, 'Too Many Contacts');
    const old = bindings.filter((it) => it.updatedAt < arrival.now).sort((a, b) => a.updatedAt - b.updatedAt);
    const displaced = old.slice(0, bindings.length - limits.maxContacts);
    bindings = bindings.filter((binding) => !displaced.includes(binding));
    removed.push(...displaced);
  }
  return { ok: true, bindings, added, refreshed, removed, expired };
}

/** RFC 3261 §10.3: within one Call-ID only a higher CSeq may change a binding. */
function outOfOrder(binding: Binding, wish: RegisterRequest): boolean {
  return binding.callId === wish.callId && wish.cseq <= binding.cseq;
}

/** Two flows are the same by instance and reg-id (RFC 5626 §6), everything else by its URI. */
function isSame(binding: Binding, contact: WantedContact): boolean {
  if (binding.regId > 0 && contact.regId > 0) {
    return binding.regId === contact.regId && binding.instance === contact.instance;
  }
  if (binding.contact === contact.uri.toString()) return true;
  const uri = Uri.parse(binding.contact);
  return uri !== undefined && sameUri(uri, contact.uri);
}

/** A contact as it is kept. */
export function makeBinding(
  aor: string,
  contact: WantedContact,
  seconds: number,
  wish: RegisterRequest,
  { flow, natted, now, bootId }: Arrival,
): Binding {
  return {
    aor,
    contact: contact.uri.toString(),
    expiresAt: now + seconds * 1000,
    q: contact.q ?? 1000,
    callId: wish.callId,
    cseq: wish.cseq,
    path: wish.path,
    received: { transport: flow.transport, address: flow.remoteAddress, port: flow.remotePort },
    listener: flow.listener.name,
    connectionId: flow.connectionId,
    bootId,
    natted,
    instance: contact.instance,
    regId: contact.regId,
    userAgent: wish.userAgent,
    updatedAt: now,
  };
}

/** Whether the proxy next to the client keeps its flows: the last Path value says `ob` (RFC 5626 §5.1, §6). */
export function firstHopKeepsFlows(wish: RegisterRequest): boolean {
  if (!wish.viaProxy) return true;
  const last = wish.path.at(-1);
  return last !== undefined && NameAddr.parse(last)?.uri?.param('ob') !== undefined;
}

import { canonicalHost } from '../../../../base/ip.ts';
import { nextHops } from '../../../../core/proxy/next-hop.ts';
import type { Binding, MaybePromise } from '../../../../core/registrar/location-store.ts';
import { readRegister } from '../../../../core/registrar/register-request.ts';
import { whenReady } from '../../../../core/registrar/when-ready.ts';
import { NameAddr } from '../../../../wire/sip/name-addr.ts';
import { Uri } from '../../../../wire/sip/uri.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { textOf } from '../../value.ts';
import { addressOfRecord } from './aor.ts';
import type { RegistrarState } from './state.ts';

/** The address-of-record that is asked about: the given one, To of a REGISTER, From of anything else. */
function asked(m: ScriptMessage, state: RegistrarState, aorUri: string | undefined): string | undefined {
  const { request } = m.context;
  const header = request.method === 'REGISTER' ? request.to : request.from;
  const text = aorUri ?? (m.isRequest ? header?.uriText : undefined);
  const found = text === undefined ? undefined : addressOfRecord(state, text);
  return found === undefined || 'status' in found ? undefined : found.aor;
}

/** Whether a contact of an address-of-record is as wanted; false too for what is no address-of-record. */
function some(
  m: ScriptMessage,
  state: RegistrarState,
  domainName: string,
  aorUri: string | undefined,
  wanted: (binding: Binding) => boolean,
): MaybePromise<boolean> {
  const aor = asked(m, state, aorUri);
  if (aor === undefined) return false;
  return whenReady(state.location.domain(domainName), (domain) =>
    whenReady(domain.find(aor), (bindings) => bindings.some(wanted)),
  );
}

/** Whether there is a contact; its attributes go into the AVP for them. */
export function isRegistered(
  m: ScriptMessage,
  state: RegistrarState,
  domain: string,
  aorUri: string | undefined,
): MaybePromise<boolean> {
  const { attributesAvp } = state.settings;
  return some(m, state, domain, aorUri, ({ notes }) => {
    if (attributesAvp !== undefined) m.avps.append(attributesAvp, notes?.attributes ?? '');
    return true;
  });
}

export function isContactRegistered(
  m: ScriptMessage,
  state: RegistrarState,
  domain: string,
  aorUri: string | undefined,
  contact: string | undefined,
  callId: string | undefined,
): MaybePromise<boolean> {
  const wanted = contact ?? (callId === undefined ? firstContact(m) : undefined);
  if (wanted === undefined && callId === undefined) return false;
  return some(m, state, domain, aorUri, (binding) => {
    if (callId !== undefined && binding.callId !== callId) return false;
    return wanted === undefined || binding.contact === wanted;
  });
}

/** The first Contact that does not remove itself. */
function firstContact(m: ScriptMessage): string | undefined {
  const wish = readRegister(m.message);
  if ('ok' in wish) return undefined;
  return wish.contacts.find(({ expires }) => expires !== 0)?.uri.toString();
}

/** Whether a contact came from one of the addresses. @param ports one for each of them; undefined for any */
export function isIpRegistered(
  m: ScriptMessage,
  state: RegistrarState,
  domain: string,
  aorUri: string | undefined,
  addresses: readonly string[],
  ports: readonly number[] | undefined,
): MaybePromise<boolean> {
  const places = addresses.map((address, i) => ({ address: canonicalHost(address), port: ports?.[i] ?? 0 }));
  return some(m, state, domain, aorUri, (binding) => {
    const uri = Uri.parse(binding.notes?.received || binding.contact);
    if (uri === undefined) return false;
    const host = canonicalHost(uri.host);
    return places.some(
      ({ address, port }) => address === host && (port === 0 || port === (uri.port ?? 5060)),
    );
  });
}

/** The conditions of `remove`. */
export interface RemoveFilter {
  readonly contact: string | undefined;
  /** An address, or a name that is looked up. */
  readonly nextHop: string | undefined;
  readonly instance: string | undefined;
  readonly flag: string | undefined;
}

export function remove(
  m: ScriptMessage,
  state: RegistrarState,
  domainName: string,
  aorUri: string,
  { contact, nextHop, instance, flag }: RemoveFilter,
): MaybePromise<boolean> {
  const found = addressOfRecord(state, aorUri);
  if ('status' in found) return false;
  const bare = instance?.replace(/^<(.*)>$/, '$1');
  return whenReady(state.location.domain(domainName), (domain) =>
    whenReady(nextHop === undefined ? undefined : addressesOf(m, `sip:${nextHop}`), (hops) => {
      const filter = (binding: Binding, there: readonly string[] | undefined): boolean =>
        (contact === undefined || binding.contact === contact) &&
        (bare === undefined || binding.instance === bare) &&
        (flag === undefined || binding.notes?.flags.includes(flag) === true) &&
        (hops === undefined || there?.some((it) => hops.includes(it)) === true);
      if (hops === undefined) {
        return whenReady(
          domain.remove(found.aor, (it) => filter(it, undefined)),
          (removed) => removed !== undefined,
        );
      }
      return whenReady(domain.find(found.aor), async (bindings) => {
        const gone = new Set<string>();
        for (const binding of bindings) {
          if (filter(binding, await addressesOf(m, hopOf(binding)))) gone.add(binding.contact);
        }
        return (await domain.remove(found.aor, (it) => gone.has(it.contact))) !== undefined;
      });
    }),
  );
}

/** Where the way to a contact begins: its Path, the address that it came from, or itself. */
function hopOf({ path, notes, contact }: Binding): string {
  const first = path[0] === undefined ? undefined : NameAddr.parse(path[0])?.uriText;
  return first ?? (notes?.received || contact);
}

/** The addresses that a URI leads to; empty where it leads nowhere. */
function addressesOf(m: ScriptMessage, uri: string): MaybePromise<readonly string[]> {
  const { environment } = m.program.services;
  const hops = nextHops(
    {
      requestUri: uri,
      routes: [],
      source: undefined,
      connectionId: 0,
      received: m.flow.listener,
      forced: undefined,
    },
    environment,
  );
  return whenReady(hops, (found) => found.map(({ destination }) => destination.address));
}

/** Removes whatever came from an address and port. */
export function removeAddress(
  state: RegistrarState,
  domainName: string,
  ip: string,
  port: number,
  aorUri: string | undefined,
): MaybePromise<boolean> {
  const address = canonicalHost(ip);
  const there = ({ notes, contact }: Binding): boolean => {
    const uri = Uri.parse(notes?.received || contact);
    return uri !== undefined && canonicalHost(uri.host) === address && (uri.port ?? 5060) === port;
  };
  const found = aorUri === undefined ? undefined : addressOfRecord(state, aorUri);
  if (found !== undefined && 'status' in found) return false;
  return whenReady(state.location.domain(domainName), async (domain) => {
    const aors = found === undefined ? [...(await domain.byAor()).keys()] : [found.aor];
    let removed = 0;
    for (const aor of aors) removed += (await domain.remove(aor, there)) ?? 0;
    return removed > 0;
  });
}

/** Every value of a variable, an AVP's stack included, as texts. */
export function valuesOf(
  m: ScriptMessage,
  variable: { at(m: ScriptMessage, index: number): ReturnType<ScriptMessage['avps']['get']> },
): readonly string[] {
  const found: string[] = [];
  for (let i = 0; i < 100; i++) {
    const value = textOf(variable.at(m, i));
    if (value === undefined) break;
    found.push(value);
  }
  return found;
}

import type { Target } from '../proxy/target.ts';
import type { Binding } from './location-store.ts';

/**
 * The targets of an address-of-record: what has not lapsed, by q, the greatest first, among equals the newest first.
 * Of several flows of one instance only the newest stands in the list; the others are its `otherFlows`.
 * @param now in ms since 1970
 * @param bootId of this run: connections of other runs are gone
 */
export function targetsOf(bindings: readonly Binding[], now: number, bootId: string): readonly Target[] {
  const live = bindings
    .filter((binding) => binding.expiresAt > now)
    .sort((a, b) => b.updatedAt - a.updatedAt);
  const targets: Target[] = [];
  const flows = new Map<string, Target[]>();
  for (const binding of live) {
    if (binding.regId === 0) {
      targets.push(targetOf(binding, bootId));
      continue;
    }
    const others = flows.get(binding.instance);
    if (others !== undefined) {
      others.push(targetOf(binding, bootId));
    } else {
      const otherFlows: Target[] = [];
      flows.set(binding.instance, otherFlows);
      targets.push({ ...targetOf(binding, bootId), otherFlows });
    }
  }
  return targets.sort((a, b) => b.q - a.q);
}

function targetOf(binding: Binding, bootId: string): Target {
  // With a Path the request came by way of an edge proxy, whose flow says nothing about the contact.
  const direct = binding.path.length === 0;
  return {
    uri: requestUriOf(binding.contact),
    route: binding.path,
    q: binding.q,
    // A binding with a reg-id is a flow, and a flow is sent on, never resolved (RFC 5626 §5.3).
    source: direct && (binding.natted || binding.regId > 0) ? binding.received : undefined,
    listener: binding.listener,
    connectionId: direct && binding.bootId === bootId ? binding.connectionId : 0,
    instance: binding.instance,
    binding,
  };
}

/** Headers inside a registered URI are never followed: they could write any header (RFC 3261 §19.1.5, §16.6). */
function requestUriOf(contact: string): string {
  const scheme = contact.slice(0, 5).toLowerCase();
  if (!scheme.startsWith('sip:') && scheme !== 'sips:') return contact;
  const question = contact.indexOf('?', contact.indexOf('@') + 1);
  return question < 0 ? contact : contact.slice(0, question);
}

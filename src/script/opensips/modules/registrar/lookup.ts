import { ipFamily } from '../../../../base/ip.ts';
import type { Target } from '../../../../core/proxy/target.ts';
import type { Binding, MaybePromise } from '../../../../core/registrar/location-store.ts';
import { targetsOf } from '../../../../core/registrar/targets.ts';
import { whenReady } from '../../../../core/registrar/when-ready.ts';
import { addBranch } from '../../core/branch-variables.ts';
import { BranchTarget } from '../../runtime/branch-target.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import type { LocationDomain } from '../usrloc/location-domain.ts';
import { type AddressOfRecord, addressOfRecord } from './aor.ts';
import type { LookupFlags } from './flags.ts';
import { isMeant } from './gruu.ts';
import { methodBit } from './methods.ts';
import type { RegistrarState } from './state.ts';

/** Codes of `lookup`. */
const FOUND = 1;
const NOBODY = -1;
const NOT_THAT_METHOD = -2;
const FAULT = -3;

const NO_FLAGS: LookupFlags = {
  noBranches: false,
  toBranches: false,
  fromBranches: false,
  byMethod: false,
  agent: undefined,
  maxLatency: undefined,
  byLatency: false,
};

/** Puts the contacts of an address-of-record in place of the Request-URI, and into branches. */
export function lookup(
  m: ScriptMessage,
  state: RegistrarState,
  domainName: string,
  flags: LookupFlags = NO_FLAGS,
  aorUri: string | undefined,
): MaybePromise<number> {
  const uris = [aorUri ?? m.target.uri];
  if (flags.fromBranches) {
    uris.push(...m.context.branches.map(({ uri }) => uri));
    m.context.branches = [];
  }
  const wanted: AddressOfRecord[] = [];
  for (const uri of uris) {
    const found = addressOfRecord(state, uri);
    if ('status' in found) return FAULT;
    wanted.push(found);
  }
  return whenReady(state.location.domain(domainName), (domain) => {
    let code = NOBODY;
    let pushed = 0;
    const from = (at: number): MaybePromise<number> => {
      for (let i = at; i < wanted.length; i++) {
        const found = domain.find(wanted[i]!.aor);
        const take = (bindings: readonly Binding[]): void => {
          const chosen = choose(m, state, bindings, wanted[i]!, flags);
          if (typeof chosen === 'number') {
            if (pushed === 0) code = chosen;
            return;
          }
          for (const binding of chosen) {
            if (flags.noBranches && pushed > 0) break;
            if (push(m, state, domain, binding, pushed === 0 && !flags.toBranches)) pushed++;
          }
        };
        if (found instanceof Promise) {
          return found.then((bindings) => {
            take(bindings);
            return from(i + 1);
          });
        }
        take(found);
      }
      return pushed > 0 ? FOUND : code;
    };
    return from(0);
  });
}

/** The contacts that the flags let through, in their order; or the code for why there are none. */
function choose(
  m: ScriptMessage,
  { location }: RegistrarState,
  bindings: readonly Binding[],
  { gruu }: AddressOfRecord,
  flags: LookupFlags,
): readonly Binding[] | number {
  if (bindings.length === 0) return NOBODY;
  const bit = methodBit(m.context.request.method);
  const able = flags.byMethod
    ? bindings.filter(({ notes }) => notes === undefined || (notes.methods & bit) !== 0)
    : bindings;
  if (able.length === 0) return NOT_THAT_METHOD;
  const { agent, maxLatency } = flags;
  let chosen = able.filter((it) => {
    if (agent !== undefined && !agent.matcher(it.userAgent).find()) return false;
    if (maxLatency !== undefined && maxLatency > 0 && location.latencyOf(it) > maxLatency) return false;
    return isMeant(it, gruu);
  });
  if (gruu !== undefined) chosen = chosen.slice(0, 1);
  if (flags.byLatency) {
    const latency = (it: Binding) => location.latencyOf(it) || Number.POSITIVE_INFINITY;
    chosen = chosen.toSorted((a, b) => (latency(a) === latency(b) ? 0 : latency(a) - latency(b)));
  }
  return chosen.length === 0 ? NOBODY : chosen;
}

/** @returns false where the message has too many branches */
function push(
  m: ScriptMessage,
  state: RegistrarState,
  domain: LocationDomain,
  binding: Binding,
  first: boolean,
): boolean {
  const target = targetFor(domain, binding);
  const { notes } = binding;
  const branch = first ? m.target : new BranchTarget(target.uri);
  branch.take(target);
  branch.q = notes?.q ?? binding.q;
  // What the script was told of the way, where it is no address to send to.
  if (
    target.source === undefined &&
    target.route.length === 0 &&
    notes !== undefined &&
    notes.received !== ''
  ) {
    branch.du = notes.received;
  }
  for (const flag of notes?.flags ?? []) branch.flags.add(flag);
  branch.socket = m.program.services.environment.network.listeners.find(
    ({ name }) => name === binding.listener,
  );
  const { attributesAvp } = state.settings;
  if (attributesAvp !== undefined && notes !== undefined) {
    branch.attributes ??= new Map();
    branch.attributes.set(attributesAvp, notes.attributes);
  }
  return first || addBranch(m, branch);
}

function targetFor(domain: LocationDomain, binding: Binding): Target {
  const isAddress = ipFamily(binding.received.address) !== 0;
  const known = isAddress ? binding : { ...binding, natted: false };
  return targetsOf([known], 0, domain.registrar.bootId)[0]!;
}

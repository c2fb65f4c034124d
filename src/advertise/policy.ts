import { BoundedMap } from '../base/bounded-map.ts';
import type { AddressParts, Listener } from '../net/listener.ts';
import type { AdvertisedAddress } from './advertised-address.ts';
import type { DestinationClass, Networks } from './networks.ts';
import {
  type Decision,
  decide,
  decideApart,
  type Level,
  type Order,
  opensipsLevels,
  type PrintedPlace,
  viaductLevels,
} from './precedence.ts';

export interface PolicySettings {
  readonly networks: Networks;
  readonly global?: AddressParts | undefined;
  /** Default `viaduct`: the one precedence. */
  readonly order?: Order | undefined;
}

export interface PrintQuestion {
  /** The socket that sends; for the inbound half of a Record-Route or Path, the one that received. */
  readonly listener: Listener;
  /**
   * IP address of whoever reads what is printed: the next hop, or the sender for the inbound half. Undefined where it
   * is not known, which counts as outside.
   */
  readonly destination: string | undefined;
  /** What the script set for this transaction or branch, as {@link parseAddressParts} gives it. */
  readonly override?: AddressParts | undefined;
  /** Only the `opensips` order looks at it; default `via`. */
  readonly place?: PrintedPlace | undefined;
}

/** What was decided for one listener; by destination class in Viaduct's order, by place in that of OpenSIPS. */
interface Answers {
  readonly plain: Map<DestinationClass | PrintedPlace, AdvertisedAddress>;
  readonly overridden: Map<DestinationClass | PrintedPlace, BoundedMap<string, AdvertisedAddress>>;
}

const CACHED_OVERRIDES = 256;

/** Which address is printed: one precedence for every place. Immutable; a change makes a new policy. */
export class AdvertisePolicy {
  readonly networks: Networks;
  readonly global: AddressParts | undefined;
  readonly order: Order;
  readonly #answers = new WeakMap<Listener, Answers>();

  constructor(settings: PolicySettings) {
    this.networks = settings.networks;
    this.global = settings.global;
    this.order = settings.order ?? 'viaduct';
  }

  /**
   * The address that `listener` prints to `destination`. Answers are kept, so the same question gives the same object.
   * @throws ServerError SIP_BAD_FIELD where the override cannot be printed; {@link parseAddressParts} refuses such
   */
  printed(question: PrintQuestion): AdvertisedAddress {
    const answers = this.#answersOf(question.listener);
    const key =
      this.order === 'opensips' ? (question.place ?? 'via') : this.networks.classOf(question.destination);
    const { override } = question;
    if (override !== undefined) return this.#overridden(answers, key, override, question);
    const known = answers.plain.get(key);
    if (known !== undefined) return known;
    const { address } = this.decision(question);
    answers.plain.set(key, address);
    return address;
  }

  /** What was decided and by which level: {@link printed} without its memory. */
  decision(question: PrintQuestion): Decision {
    const levels = this.levels(question);
    const { listener } = question;
    return this.order === 'opensips' ? decideApart(listener, levels) : decide(listener, levels);
  }

  /** What each level says, in the order in which they are asked. */
  levels(question: PrintQuestion): readonly Level[] {
    const { listener, destination, override } = question;
    if (this.order === 'opensips') {
      return opensipsLevels(listener, this.global, question.place ?? 'via', override);
    }
    const hasInside = this.networks.hasInside(listener.address);
    return viaductLevels(listener, this.global, this.networks.classOf(destination), hasInside, override);
  }

  /** All that a listener can print without an override, by every level, whether or not another one hides it now. */
  reachable(listener: Listener): AdvertisedAddress[] {
    const { networks, global } = this;
    const base = viaductLevels(listener, global, networks.classOf(undefined), false, undefined);
    const bound = base.slice(-1);
    const tails = base.map((_, at) => base.slice(at));
    const byRule = networks.rules
      .filter((rule) => rule.as !== 'bound')
      .map((rule): Level => ({ name: 'destination-rule', parts: rule.as as AddressParts }))
      .flatMap((level) => [
        [level, ...base],
        [level, ...bound],
      ]);
    return [...tails, ...byRule].map((levels) => decide(listener, levels).address);
  }

  /** A policy with some settings replaced; this one stays as it is. */
  update(change: Partial<PolicySettings>): AdvertisePolicy {
    return new AdvertisePolicy({
      networks: this.networks,
      global: this.global,
      order: this.order,
      ...change,
    });
  }

  #overridden(
    answers: Answers,
    key: DestinationClass | PrintedPlace,
    override: AddressParts,
    question: PrintQuestion,
  ): AdvertisedAddress {
    let cache = answers.overridden.get(key);
    if (cache === undefined) {
      cache = new BoundedMap(CACHED_OVERRIDES, 'drop-oldest');
      answers.overridden.set(key, cache);
    }
    const text = `${override.host ?? ''} ${override.port ?? ''}`;
    const known = cache.get(text);
    if (known !== undefined) return known;
    const { address } = this.decision(question);
    cache.set(text, address);
    return address;
  }

  #answersOf(listener: Listener): Answers {
    const known = this.#answers.get(listener);
    if (known !== undefined) return known;
    const created: Answers = { plain: new Map(), overridden: new Map() };
    this.#answers.set(listener, created);
    return created;
  }
}

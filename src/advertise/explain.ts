import { formatHostPort, ipFamily } from '../base/ip.ts';
import type { AddressParts, Listener } from '../net/listener.ts';
import type { AdvertisedAddress } from './advertised-address.ts';
import type { AdvertisePolicy } from './policy.ts';
import type { Level, LevelName, PrintedPlace } from './precedence.ts';

/** One level of the precedence, as it was asked. */
export interface ExplainedStep {
  readonly level: LevelName;
  /** What the level says: `99.88.44.33`, `99.88.44.33:5060`, `:5080`, or undefined where it is not set. */
  readonly value: string | undefined;
  /** Which part of the printed address the level gave. */
  readonly gave: 'host and port' | 'host' | 'port' | 'nothing';
  readonly why: string;
}

/** What one listener prints to one destination, and why. */
export interface Explanation {
  readonly listener: Listener;
  readonly to: string;
  readonly printed: AdvertisedAddress;
  readonly steps: readonly ExplainedStep[];
}

export interface ExplainQuestion {
  /** IP address of the destination. */
  readonly to: string;
  readonly override?: AddressParts | undefined;
  readonly place?: PrintedPlace | undefined;
}

/** @returns one explanation for each listener whose address family fits the destination */
export function explain(
  policy: AdvertisePolicy,
  listeners: readonly Listener[],
  question: ExplainQuestion,
): readonly Explanation[] {
  const family = ipFamily(question.to);
  return listeners
    .filter((listener) => family === 0 || listener.family === family)
    .map((listener) => explainListener(policy, listener, question));
}

/** The levels and the decision are those of the policy itself; only the words are added here. */
export function explainListener(
  policy: AdvertisePolicy,
  listener: Listener,
  question: ExplainQuestion,
): Explanation {
  const { to, override, place } = question;
  const asked = { listener, destination: to, override, place };
  const { address, hostFrom, portFrom } = policy.decision(asked);
  const steps = policy.levels(asked).map((level): ExplainedStep => {
    const host = level.name === hostFrom;
    const port = level.name === portFrom;
    return {
      level: level.name,
      value: level.parts === undefined ? undefined : partsText(level.parts),
      gave: host && port ? 'host and port' : host ? 'host' : port ? 'port' : 'nothing',
      why: reason(level, policy, listener, to),
    };
  });
  return { listener, to, printed: address, steps };
}

/** The explanation for a terminal, a line for each level, the deciding ones marked. */
export function explanationText(explanation: Explanation): string {
  const { listener, to, printed, steps } = explanation;
  const lines = steps.map(({ level, value, gave, why }) => {
    const mark = gave === 'nothing' ? ' ' : '*';
    const given = gave === 'nothing' ? '' : ` → gives ${gave}`;
    return `  ${mark} ${level.padEnd(16)} ${(value ?? 'not set').padEnd(24)} ${why}${given}`;
  });
  return [`${listener.name} prints ${printed.printed} to ${to}`, ...lines].join('\n');
}

function partsText(parts: AddressParts): string {
  return parts.host === undefined ? `:${parts.port ?? ''}` : formatHostPort(parts.host, parts.port);
}

function reason(level: Level, policy: AdvertisePolicy, listener: Listener, to: string): string {
  switch (level.name) {
    case 'override':
      return level.parts === undefined ? 'no script set one' : 'set for this transaction';
    case 'destination-rule':
      return level.network === undefined ? `no rule has ${to}` : `${to} is in ${level.network}`;
    case 'inside':
      return insideReason(level, policy, listener, to);
    case 'listener':
      return level.parts === undefined
        ? `${listener.name} has no as part`
        : `the as part of ${listener.name}`;
    case 'global':
      if (policy.global === undefined) return 'no global address';
      return level.parts === undefined
        ? `${policy.global.host ?? ''} is no IPv${listener.family} address`
        : 'the global address';
    case 'bound':
      return `${listener.name} is bound to it`;
  }
}

function insideReason(level: Level, policy: AdvertisePolicy, listener: Listener, to: string): string {
  if (level.network === undefined) return `${to} is not inside`;
  const where = `${to} is inside ${level.network}`;
  if (level.parts !== undefined) return where;
  if (!policy.networks.hasInside(listener.address))
    return `${where}, but a listener on ${listener.address} has no inside`;
  return `${where}, but that is a public network and ${listener.address} is private`;
}

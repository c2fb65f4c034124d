import type { Advertise } from '../../advertise/advertise.ts';
import type { LevelName } from '../../advertise/precedence.ts';
import type { Listener } from '../../net/listener.ts';

/** What one socket prints, for tables. */
export interface ListenerRow {
  readonly listener: string;
  /** To the hosts of its own inside; the same as `outside` where it has none. */
  readonly inside: string;
  readonly outside: string;
  /** Which level decided what is printed outside. */
  readonly from: string;
}

/** Stand for anybody outside: documentation addresses, which no rule of an operator has any reason to name. */
export const OUTSIDE = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;

const WORDS: Readonly<Record<LevelName, string>> = {
  override: 'the script',
  'destination-rule': 'rule: advertise.to',
  inside: 'bound: inside',
  listener: 'as of the listener',
  global: 'advertise.address',
  bound: 'bound: nothing else is set',
};

export function listenerRows(advertise: Advertise): readonly ListenerRow[] {
  return advertise.listeners.map((listener) => listenerRow(advertise, listener));
}

function listenerRow({ policy, networks }: Advertise, listener: Listener): ListenerRow {
  const outside = policy.decision({ listener, destination: OUTSIDE[listener.family] });
  // A listener's neighbour is whoever has an address like its own.
  const inside = networks.hasInside(listener.address)
    ? policy.decision({ listener, destination: listener.address })
    : outside;
  return {
    listener: listener.name,
    inside: inside.address.printed,
    outside: outside.address.printed,
    from: WORDS[outside.hostFrom],
  };
}

// Whether the phones of a call have heard each other, and nobody else, by what came to them on the wire.
import { type CallPlan, mediaPort, type Place, soundOf } from './phones.ts';
import type { Flow } from './scenario.ts';
import type { Evidence } from './witness.ts';

const ANSWERED: readonly Flow[] = ['caller-hangs-up', 'callee-hangs-up', 're-invite'];
const HEADER = 12;
const ENOUGH = 5; // packets of 20 ms
const SIDES = ['caller', 'callee'] as const;

/** What is wrong with the sound of the calls, one line each; empty where all is well. */
export function silences(plans: readonly CallPlan[], { sound }: Evidence): string[] {
  const whose = new Map(
    plans.flatMap((plan) => SIDES.map((side) => [soundOf(plan, side), `${side} of ${plan.name}`])),
  );
  return plans
    .filter(({ flow }) => ANSWERED.includes(flow))
    .flatMap((plan) =>
      SIDES.flatMap((side) => {
        const place = side === 'caller' ? plan.from : plan.to;
        const heard = heardAt(sound, place, mediaPort(plan, side), whose);
        const other = `${side === 'caller' ? 'callee' : 'caller'} of ${plan.name}`;
        const count = heard.get(other) ?? 0;
        const strangers = [...heard.keys()].filter((who) => who !== other);
        const listener = `${side} of ${plan.name}, at ${place},`;
        return [
          ...(count < ENOUGH ? [`${listener} hears the other one in ${count} packets`] : []),
          ...strangers.map((who) => `${listener} hears ${who}`),
        ];
      }),
    );
}

/** Who was heard at a port, and in how many packets. */
function heardAt(
  sound: Evidence['sound'],
  place: Place,
  port: number,
  whose: ReadonlyMap<string, string>,
): Map<string, number> {
  const heard = new Map<string, number>();
  for (const { destinationPort, payload } of sound.get(place) ?? []) {
    if (destinationPort !== port) continue;
    const said = payload.toString('latin1', HEADER);
    const [text] = [...whose.keys()].filter((it) => said.includes(it));
    const who = text === undefined ? 'somebody unknown' : whose.get(text)!;
    heard.set(who, (heard.get(who) ?? 0) + 1);
  }
  return heard;
}

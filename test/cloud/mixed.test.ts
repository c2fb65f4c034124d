// The cloud in a box again, with phones on every transport and both address families, judged by the same rules.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADVERTISINGS, CloudServer, makeUsers } from './cloud-server.ts';
import { PASSWORD } from './matrix.ts';
import {
  FAMILY_CALLS,
  MIXED_USERS,
  type MixedOutcome,
  type MixedPlan,
  makeMixedCalls,
  nameOf,
  TRANSPORT_CALLS,
} from './mixed-matrix.ts';
import { PhoneHouse } from './phone-houses.ts';
import type { Place } from './phones.ts';
import { missingRequirement, noteSkipped } from './requirements.ts';
import { describeViolation, violationsOf } from './rules.ts';
import { Topology } from './topology.ts';

const reason = missingRequirement([]);
if (reason !== undefined) noteSkipped('The cloud in a box with every transport', reason);

/** Each transport with each, and each kind of IPv6 with each, a flow at a time. */
const FOR_WORKERS = [...TRANSPORT_CALLS, ...FAMILY_CALLS].filter((_, i) => i % 9 === 0);

let folder = '';
let net: Topology;
let houses: Record<Place, PhoneHouse>;

/** Each trouble once, with the calls that had it, so that the log stays readable. */
function complaints(outcomes: readonly MixedOutcome[]): string[] {
  const failed = outcomes.filter(({ trouble }) => trouble !== '');
  const calls = failed.map(({ plan, trouble }) => `${nameOf(plan)}: ${trouble.split('\n')[0]}`);
  const whole = failed.slice(0, 1).map(({ trouble }) => trouble);
  const seen = outcomes.flatMap((outcome) => outcome.seen).sort((a, b) => a.time - b.time);
  const byRule = Map.groupBy(violationsOf(seen), ({ rule, header }) => `${rule} ${header}`);
  return [
    ...calls,
    ...whole,
    ...[...byRule.values()].map((all) => `${all.length} × ${describeViolation(all[0]!)}`),
  ];
}

async function judge(plans: readonly MixedPlan[]): Promise<void> {
  const before = net.hairpins();
  const outcomes = await makeMixedCalls(houses, plans);
  expect(complaints(outcomes)).toEqual([]);
  expect(net.hairpins()).toEqual(before);
  expect(outcomes.length).toBe(plans.length);
}

describe.skipIf(reason !== undefined)('the cloud in a box with every transport', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'viaduct-mixed-'));
    net = await Topology.make();
    houses = {
      phone: new PhoneHouse(net, 'phone'),
      home: new PhoneHouse(net, 'home'),
      home2: new PhoneHouse(net, 'home2'),
      vpcphone: new PhoneHouse(net, 'vpcphone'),
    };
    await makeUsers(join(folder, 'users'), MIXED_USERS, PASSWORD);
  });

  afterAll(async () => {
    for (const house of Object.values(houses ?? {})) await house[Symbol.asyncDispose]();
    await net?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(ADVERTISINGS)('carries calls from each transport to each: $name', async (advertising) => {
    const own = join(folder, advertising.name.replaceAll(' ', '-'));
    await using _ = await CloudServer.start(net, advertising, own, join(folder, 'users'));
    await judge(TRANSPORT_CALLS);
  });

  it.each(ADVERTISINGS)('carries calls between IPv6 and IPv4: $name', async (advertising) => {
    const own = join(folder, `${advertising.name.replaceAll(' ', '-')}-6`);
    await using _ = await CloudServer.start(net, advertising, own, join(folder, 'users'));
    await judge(FAMILY_CALLS);
  });

  it('carries calls through two workers, between all transports and families', async () => {
    const own = join(folder, 'workers');
    // The machine is what is short here, not the server: more phones than cores.
    const two = { ...ADVERTISINGS[0]!, lines: ['workers: 2', 'overload: off'] };
    await using server = await CloudServer.start(net, two, own, join(folder, 'users'));
    await judge(FOR_WORKERS);
    expect(server.log()).toContain('"workers":2');
  });
});

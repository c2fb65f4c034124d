// npm run demo: one call from a phone at home to a phone in the cloud's private network, through Viaduct behind a 1:1
// NAT, all on this machine; prints what each message says to whom.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADVERTISINGS, CloudServer, makeUsers } from './cloud-server.ts';
import { ladder } from './ladder.ts';
import { PASSWORD, party } from './matrix.ts';
import { placeCall, SERVER_FOR } from './phones.ts';
import { missingRequirement } from './requirements.ts';
import { describeViolation } from './rules.ts';
import { Topology } from './topology.ts';
import { Witness } from './witness.ts';

async function demonstrate(folder: string): Promise<boolean> {
  await using net = await Topology.make();
  await makeUsers(join(folder, 'users'), ['alice', 'bob'], PASSWORD);
  await using server = await CloudServer.start(
    net,
    ADVERTISINGS[0]!,
    join(folder, 'server'),
    join(folder, 'users'),
  );
  const witness = await Witness.watch(net, folder);
  const alice = party('alice', 'bob');
  const bob = party('bob', 'alice');
  const places = { from: 'home', to: 'vpcphone', serverFor: SERVER_FOR } as const;
  const plan = {
    name: 'demo',
    flow: 'caller-hangs-up',
    transport: 'udp',
    caller: alice,
    callee: bob,
    port: 5070,
    media: 20_000,
  } as const;
  const outcome = await placeCall(net, { ...plan, ...places }, join(folder, 'call'));
  const { messages, violations } = await witness.end();
  console.log('\nViaduct listens on 10.0.0.34:5060 as 99.88.44.33:5060. Alice is at home, Bob in the VPC.\n');
  console.log(ladder(messages));
  for (const violation of violations) console.log(`\n${describeViolation(violation)}`);
  if (!outcome.ok) console.log(`\n${outcome.trouble}\nserver log:\n${server.log()}`);
  const verdict =
    violations.length === 0 ? 'every printed address is right' : `${violations.length} rules broken`;
  console.log(`\n${outcome.ok ? 'The call went through' : 'The call failed'}; ${verdict}.`);
  return outcome.ok && violations.length === 0;
}

const reason = missingRequirement(['sipp', 'dumpcap']);
if (reason !== undefined) {
  console.error(
    `The demo needs a Linux machine with sipp, dumpcap, nft, ip and network namespaces: ${reason}`,
  );
  process.exitCode = 1;
} else {
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-demo-'));
  // The namespaces and all that runs in them end with this process; only its files need a hand.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  process.once('SIGINT', () => process.exit(130));
  process.exitCode = (await demonstrate(folder)) ? 0 : 1;
}

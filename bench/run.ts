// npm run bench: what one call costs in processor time, Viaduct and its peers side by side on this machine.
//   --scenarios relay,phones,tcp,tls   which of them:
//        relay   stateful, record-routed calls over UDP, to the Request-URI
//        phones  calls between registered users: the default routes, with digest and look-up
//        tcp, tls  calls as of relay, over open connections, and what a connection takes in memory
//   --rates 1000,2000,3000   calls per second of relay     --phones-rate 1000   of phones     --stream-rate 500   of tcp and tls
//   --runs 3                 measured stretches of which the median counts
//   --seconds 3              of each stretch       --warm 3   seconds before the first
//   --only viaduct,floor     some of the servers (viaduct, "viaduct -f", kamailio, opensips, floor)
//   --quick                  one rate, and short stretches
//   --json FILE              also writes the results there
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LOAD_CORE, runBench, SERVER_CORE } from './cores.ts';
import { type Cost, compare, costOf, ratioCell, round } from './figures.ts';
import { IdleConnections } from './load/idle-connections.ts';
import { floor } from './peers/floor.ts';
import { kamailio } from './peers/kamailio.ts';
import { opensips } from './peers/opensips.ts';
import { type BenchTransport, type Candidate, CERTIFICATE_FILES, type Peer, PORT } from './peers/peer.ts';
import { viaduct, viaductScript } from './peers/viaduct.ts';
import { Notebook, publish, type Table } from './report.ts';
import { ServerUnderTest } from './server-under-test.ts';
import { type Load, type Run, runLoad, runStreamLoad } from './sipload.ts';
import { warmUp } from './warm-up.ts';

type Scenario = 'relay' | 'phones' | 'tcp' | 'tls';

/** So many at a time that none is lost in the buffers of sockets, and that the server never waits. */
const WINDOW = 80;
/** Of what a server does with {@link WINDOW}: rates to try where it loses or refuses some of them. */
const PACES = [1, 0.75, 0.5];
/** One call in so many may be lost, refused or late at the most that a server takes. */
const FEW = 1000;
const USERS = 1000;
const CONNECTIONS = 2000;

interface Result extends Cost {
  readonly scenario: Scenario;
  readonly server: string;
  /** Calls that were begun in a second; undefined where as many as could be. */
  readonly cps: number | undefined;
  /** Of each of the first calls after its start, in µs. */
  readonly freshUs: number;
  readonly lost: number;
  readonly refused: number;
  readonly late: number;
  readonly calls: number;
  readonly memoryMb: number;
  readonly connectionKb: number | undefined;
  readonly ratio: Readonly<Record<string, number>>;
}

const { values } = parseArgs({
  options: {
    scenarios: { type: 'string', default: 'relay,phones,tcp,tls' },
    rates: { type: 'string' },
    'phones-rate': { type: 'string', default: '1000' },
    'stream-rate': { type: 'string', default: '500' },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string' },
    warm: { type: 'string' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});

const runs = Number(values.runs);
const seconds = Number(values.seconds ?? (values.quick ? 1.5 : 3));
const warmSeconds = Number(values.warm ?? (values.quick ? 2 : 3));
const RATES: Readonly<Record<Scenario, string>> = {
  relay: values.rates ?? (values.quick ? '1000' : '1000,2000,3000'),
  phones: values['phones-rate'],
  tcp: values['stream-rate'],
  tls: values['stream-rate'],
};

const CANDIDATES: Readonly<Record<Scenario, () => readonly Candidate[]>> = {
  relay: () => [viaduct(), viaductScript(), kamailio(), opensips(), floor()],
  phones: () => [
    viaduct('udp', 'phones', { users: USERS }),
    viaductScript('udp', 'phones'),
    kamailio('udp', 'phones'),
    opensips('udp', 'phones'),
  ],
  tcp: () => [viaduct('tcp'), kamailio('tcp'), opensips('tcp')],
  tls: () => [viaduct('tls'), kamailio('tls'), opensips('tls')],
};

const TITLES: Readonly<Record<Scenario, string>> = {
  relay: 'Stateful, record-routed calls over UDP',
  phones: 'Calls between registered users over UDP: digest and look-up',
  tcp: 'Stateful, record-routed calls over TCP',
  tls: 'Stateful, record-routed calls over TLS',
};

// What the callee shows over TLS.
const folder = mkdtempSync(join(tmpdir(), 'viaduct-bench-'));
const credentials = Object.entries(CERTIFICATE_FILES).map(([name, text]) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
});

const notebook = new Notebook(values.only);

function transportOf(scenario: Scenario): BenchTransport {
  return scenario === 'tcp' || scenario === 'tls' ? scenario : 'udp';
}

function drive(scenario: Scenario, load: Load): Promise<Run> {
  const transport = transportOf(scenario);
  const users = scenario === 'phones' ? USERS : 0;
  if (transport === 'udp') return runLoad({ ...load, users }, LOAD_CORE);
  const [certificate, key] = credentials;
  return runStreamLoad({ ...load, transport, certificate: certificate!, key: key! }, LOAD_CORE);
}

/** Before anything is measured: does the server route as the scenario wants? @throws Error where it does not */
async function verify(scenario: Scenario, server: ServerUnderTest): Promise<void> {
  const load = {
    pids: server.pids(),
    port: PORT,
    cps: 100,
    warmSeconds: 0.2,
    seconds: 0.5,
    runs: 1,
    check: true,
  };
  const { summary } = await drive(scenario, load);
  const { calls, lost, refused, bad, acks } = summary;
  if (calls === 0 || lost + refused > 0 || bad > 0 || acks !== calls) {
    throw new Error(`it does not route as it should: ${JSON.stringify(summary)}`);
  }
}

/** One server, at all rates in turn, and then with as many calls as it takes. */
async function measure(scenario: Scenario, peer: Peer): Promise<Result[]> {
  await using server = await ServerUnderTest.start(peer, SERVER_CORE);
  await verify(scenario, server);
  const freshUs = await warmUp(peer, server.pids(), (load) => drive(scenario, load));
  const connectionKb = transportOf(scenario) === 'udp' ? undefined : await connectionSize(scenario, server);
  const noteRun = (cps: number | undefined, run: Run): Result =>
    note({ scenario, server: peer.name, cps, freshUs, connectionKb }, run);
  const load = { pids: server.pids(), port: PORT, warmSeconds, seconds, runs };
  const results: Result[] = [];
  for (const cps of RATES[scenario].split(',').map(Number)) {
    results.push(noteRun(cps, await drive(scenario, { ...load, cps })));
  }
  if (transportOf(scenario) === 'udp') {
    const most = await driveMost(scenario, { ...load, warmSeconds: 1, cps: 0 });
    results.push(noteRun(undefined, most));
  }
  return results;
}

/** As fast as the server goes: with so many calls open at any time, or at the highest rate that it bears. */
async function driveMost(scenario: Scenario, load: Load): Promise<Run> {
  let run = await drive(scenario, { ...load, window: WINDOW });
  const { perSecond } = costOf(run.stretches);
  for (const pace of PACES) {
    const { calls, lost, refused, late } = run.summary;
    if ((lost + refused + late) * FEW <= calls) break;
    run = await drive(scenario, { ...load, cps: Math.round(perSecond * pace) });
  }
  return run;
}

/** What an idle connection takes, in KB of the server's memory; each has sent one request. */
async function connectionSize(scenario: Scenario, server: ServerUnderTest): Promise<number> {
  const before = await server.keptKb();
  await using crowd = await IdleConnections.open(CONNECTIONS, PORT, scenario === 'tls');
  const kept = (await server.keptKb()) - before;
  return round(kept / crowd.count);
}

function note(
  of: Pick<Result, 'scenario' | 'server' | 'cps' | 'freshUs' | 'connectionKb'>,
  { stretches, summary }: Run,
): Result {
  const result: Result = {
    ...of,
    ...costOf(stretches),
    lost: summary.lost,
    refused: summary.refused,
    late: summary.late,
    calls: summary.calls,
    memoryMb: round(summary.pssKb / 1024),
    ratio: {},
  };
  const rate = of.cps === undefined ? `${result.perSecond} calls/s at most` : `${of.cps} calls/s`;
  console.log(`${of.scenario}, ${of.server}, ${rate}: ${result.us} µs per call`);
  return result;
}

function table(scenario: Scenario, results: readonly Result[]): Table {
  const udp = transportOf(scenario) === 'udp';
  const references = ['Kamailio', 'OpenSIPS', ...(scenario === 'relay' ? ['floor'] : [])];
  return {
    title: TITLES[scenario],
    columns: [
      'calls/s',
      'server',
      'µs/call',
      'user',
      'system',
      'fresh',
      ...references.map((name) => `× ${name}`),
      'delay p50 ms',
      'p99 ms',
      'lost',
      'refused',
      'late',
      'MB',
      ...(udp ? [] : ['KB/connection']),
    ],
    rows: results
      .filter((result) => result.scenario === scenario)
      .map((it) => [
        it.cps === undefined ? `most: ${it.perSecond}` : String(it.cps),
        it.server,
        it.us.toFixed(1),
        it.userUs.toFixed(1),
        it.systemUs.toFixed(1),
        it.freshUs.toFixed(0),
        ...references.map((name) => ratioCell(it.ratio, name)),
        it.p50Ms.toFixed(2),
        it.p99Ms.toFixed(2),
        `${it.lost}/${it.calls}`,
        String(it.refused),
        String(it.late),
        it.memoryMb.toFixed(0),
        ...(udp ? [] : [it.connectionKb?.toFixed(1) ?? '']),
      ]),
  };
}

async function bench(): Promise<void> {
  const scenarios = values.scenarios.split(',').filter((name): name is Scenario => name in TITLES);
  const results: Result[] = [];
  for (const scenario of scenarios) {
    for (const peer of notebook.present(CANDIDATES[scenario]())) {
      const found = await notebook.attempt(`${scenario}, ${peer.name}`, () => measure(scenario, peer));
      results.push(...(found ?? []));
    }
  }
  const compared = compare(
    results,
    (one, other) => one.scenario === other.scenario && one.cps === other.cps,
  ).sort((a, b) => (a.cps ?? Number.POSITIVE_INFINITY) - (b.cps ?? Number.POSITIVE_INFINITY) || 0);
  const about = {
    bench: 'Calls',
    scenario:
      'One call is INVITE, 100, 180, 200, ACK, BYE and 200 through the server, on loopback; one core, one worker; medians of ' +
      `${runs} stretches of ${seconds} s. "most" is as many as it takes without losing or refusing more than one in ${FEW}. ` +
      '"fresh" is what each of the first 1,500 after the start took; the others are those of a server that has learned. ' +
      'Delay is that of the INVITE from caller to callee; "late" calls would have sent a message again',
  };
  publish(
    notebook.report(
      about,
      scenarios.map((scenario) => table(scenario, compared)),
      compared,
    ),
    values.json,
  );
}

try {
  await runBench(bench);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

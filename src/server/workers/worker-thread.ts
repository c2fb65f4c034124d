import { networkInterfaces } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { RememberedAddress } from '../../advertise/remembered.ts';
import { SystemClock } from '../../base/clock.ts';
import { RandomIds } from '../../base/ids.ts';
import { passable } from '../../base/passable.ts';
import { SharedLocks } from '../../base/shared-locks.ts';
import { SharedNonceCounts } from '../../core/auth/shared-nonce-counts.ts';
import { sharedDatagrams } from '../../net/datagram-path.ts';
import { PortPeers } from '../../net/workers/port-peers.ts';
import { CommandTable } from '../../ops/admin/command-table.ts';
import { adminCommands } from '../../ops/admin/commands.ts';
import { scriptCommand } from '../../ops/admin/script-commands.ts';
import { LogLines } from '../../ops/log/log-lines.ts';
import { build, openGate } from '../build.ts';
import type { OwnRelay } from '../own-relay.ts';
import { ownsAor } from '../owner.ts';
import { loadProgram } from '../program.ts';
import { Storage } from '../storage.ts';
import type { Surroundings } from '../surroundings.ts';
import { unpack } from './portable.ts';
import { unpackConfig } from './portable-config.ts';
import { ReplicatedLocation } from './replicated-location.ts';
import { share, shareLocation } from './shared-state.ts';
import { ThreadLine } from './thread-line.ts';
import type { MainMethods, WorkerMethods, WorkerStart } from './worker-methods.ts';
import { WorkerServer } from './worker-server.ts';

/** The thread of a worker: see `supervisor.ts`, which calls its methods. */
const given = workerData as WorkerStart;
const clock = new SystemClock();
const peers = new PortPeers();
/** Lines to others, which say nothing until everything is there to hear it. */
const waiting = new Map(given.peers.map(({ index, port }) => [index, port]));
/** What others have printed since this thread was begun. */
const learned: RememberedAddress[] = [];
let isOpen = false;
let server: WorkerServer | undefined;
let commands: CommandTable | undefined;

const methods: WorkerMethods = {
  start,
  open,
  attach,
  detach,
  run: (method, params) => commands!.run(method, params),
  statistics: () => server!.statistics(),
  present: () => server!.present(),
  reload: async (config) => {
    const changes = await server!.apply(await unpackConfig(config));
    server!.rememberPrinted();
    return changes;
  },
  runDry: () => server!.runDry(),
  learn: (address) => {
    if (server) server.advertise.learn(address);
    else learned.push(address);
  },
  relayRestarted: () => relay?.restarted?.(),
  stop: async () => {
    await server?.[Symbol.asyncDispose]();
    await peers[Symbol.asyncDispose]();
  },
};
const main = new ThreadLine<MainMethods>(parentPort!, methods);
const relay: OwnRelay | undefined = given.hasRelay
  ? { connect: () => main.call('relayPort'), restarted: undefined }
  : undefined;

async function start(): Promise<{ readonly datagrams: string }> {
  await using resources = new AsyncDisposableStack();
  const { place } = given;
  const config = await unpackConfig(given.config);
  const program = await loadProgram(config);
  const storage = resources.use(new Storage(config.data));
  const lines = resources.use(
    new LogLines(config.log.level, clock, (level, fields, text) =>
      main.tell('log', level, passable({ ...fields, worker: place.index }), text),
    ),
  );
  const log: Surroundings['log'] = {
    setLevel: (level) => {
      lines.setLevel(level);
      main.tell('setLogLevel', level);
    },
  };
  const writing = new SharedLocks(given.writing, place.index);
  const bindings = storage.openLocation((write) => {
    writing.take(0);
    try {
      write();
    } finally {
      writing.give(0);
    }
  });
  shareLocation(bindings, peers, place);
  const location = new ReplicatedLocation(bindings, (aor) => ownsAor(place, aor));
  const parts = await build(
    { ...config, advertise: unpack(given.present.advertise) },
    program,
    {
      clock,
      ids: new RandomIds(),
      interfaces: networkInterfaces(),
      listeners: given.present.listeners,
      location,
      subscribers: storage.subscribers,
      key: storage.key,
      bootId: given.bootId,
      loopSalt: given.loopSalt,
      printed: given.printed,
      tellPrinted: (address) => main.tell('printed', { ...address }),
      relay,
      log,
      workers: {
        place,
        peers,
        nonceCounts: new SharedNonceCounts(given.nonces, place.index),
        datagrams: { name: 'accelerated', open: sharedDatagrams()!.openAs(place) },
      },
    },
    resources,
    () => server,
  );
  share(parts, peers, place, clock);
  // Those of the worker that had this place before have ended with it: see Sockets for their ids.
  if (place.life > 0) await parts.registrar.recall((id) => id % place.count === place.index);
  server = new WorkerServer(config, parts, resources.move(), main);
  for (const address of learned.splice(0)) server.advertise.learn(address);
  commands = new CommandTable(adminCommands(server), (name) => scriptCommand(server!.script, name));
  isOpen = true;
  for (const [index, port] of waiting) peers.attach(index, port);
  waiting.clear();
  return { datagrams: parts.datagrams };
}

function open(): void {
  openGate(server!.parts);
}

function attach(index: number, port: MessagePort): void {
  if (isOpen) peers.attach(index, port);
  else {
    waiting.get(index)?.close();
    waiting.set(index, port);
  }
}

function detach(index: number): void {
  waiting.get(index)?.close();
  waiting.delete(index);
  peers.detach(index);
}

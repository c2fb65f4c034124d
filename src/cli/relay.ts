import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { logLine } from '../base/channels.ts';
import { SystemClock } from '../base/clock.ts';
import { ipFamily } from '../base/ip.ts';
import type { ControlAddress } from '../media/server/control-address.ts';
import {
  type Door,
  type DoorContext,
  listenFailed,
  openDatagramDoor,
} from '../media/server/datagram-door.ts';
import { type RelayProgram, startRelay } from '../media/server/relay-program.ts';
import type { RelayServer } from '../media/server/relay-server.ts';
import { openStdioDoor } from '../media/server/stdio-door.ts';
import { openStreamDoor } from '../media/server/stream-door.ts';
import { CommandFault } from '../ops/admin/admin-command.ts';
import { VERSION } from '../ops/version.ts';
import { becomeUser } from './become-user.ts';
import type { AddressOptions } from './relay-addresses.ts';
import { logTo } from './relay-log.ts';
import { isRemote, type RelayOptions, type RelayOrders, relayOrders } from './relay-options.ts';
import { indent, paint, table } from './terminal.ts';

const INTERRUPTED = 130;
/** Npm hands Ctrl-C on to a process that the terminal gave it to already. */
const ONE_KEY_PRESS_MS = 250;
/** How often a relay that takes no more calls looks whether it has any left. */
const LOOK_MS = 500;

/** `viaduct relay`: resolves when the relay has stopped. */
export async function relay(options: RelayOptions, listen: AddressOptions['listen']): Promise<void> {
  const orders = await relayOrders(options, listen, openFiles());
  checkRights(orders, options.F === true);
  const stopLog = logTo(process.stderr, orders.logLevel);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  if (orders.niceness !== undefined) setPriority(orders.niceness);
  for (const { address } of orders.program.relay.addresses) await checkAddress(address);
  const clock = new SystemClock();
  await using server = startRelay(orders.program, clock);
  const stop = Promise.withResolvers<void>();
  const context: DoorContext = {
    execute: (text, source) => server.execute(text, source),
    clock,
    counters: server.statistics.doors,
  };
  await using doors = new AsyncDisposableStack();
  const names: string[] = [];
  for (const address of orders.doors) {
    const door = doors.use(await openDoor(address, context, orders, () => stop.resolve()));
    names.push(door.name);
  }
  if (orders.pidFile !== undefined) {
    const file = orders.pidFile;
    writePid(file);
    doors.defer(() => rm(file, { force: true }));
  }
  if (orders.user) becomeUser(orders.user, orders.doors);
  const release = handleSignals(server, stop.resolve);
  // The standard output belongs to the answers where commands come by the standard input.
  const say = orders.doors.some(({ kind }) => kind === 'stdio') ? process.stderr : process.stdout;
  say.write(banner(orders, names, server));
  await stop.promise;
  release();
  stopLog();
}

/** Else the first call would find out. @throws ServerError NET_LISTEN_FAILED */
async function checkAddress(address: string): Promise<void> {
  const socket = createSocket(ipFamily(address) === 6 ? 'udp6' : 'udp4');
  try {
    socket.bind(0, address);
    await once(socket, 'listening');
  } catch (error) {
    throw listenFailed(`media on ${address}`, error);
  } finally {
    socket.close();
  }
}

function openDoor(
  address: ControlAddress,
  context: DoorContext,
  { socketMode }: RelayOrders,
  onEnd: () => void,
): Door | Promise<Door> {
  switch (address.kind) {
    case 'udp':
    case 'udp6':
      return openDatagramDoor(address, context);
    case 'stdio': {
      const { stdin: input, stdout: output } = process;
      return openStdioDoor({ input, output }, context, () => address.endsWithInput && onEnd());
    }
    default:
      return openStreamDoor(address, context, { mode: socketMode });
  }
}

/** Whoever reaches the port commands the process: that shall not be one that may do everything. */
function checkRights({ doors, user }: RelayOrders, isForced: boolean): void {
  if (isForced || user || process.getuid?.() !== 0) return;
  const remote = doors.find(isRemote);
  if (!remote) return;
  throw new CommandFault(
    'commands would come by the network to a process of root, and they have no password',
    '-u USER goes on as another user, -s udp:127.0.0.1:22222 keeps to this machine, -F does it all the same',
  );
}

function handleSignals(server: RelayServer, stop: () => void): () => void {
  let interruptedAt: number | undefined;
  let look: NodeJS.Timeout | undefined;
  const end = () => {
    const now = performance.now();
    if (interruptedAt !== undefined && now - interruptedAt > ONE_KEY_PRESS_MS) process.exit(INTERRUPTED);
    interruptedAt ??= now;
    stop();
  };
  const drain = () => {
    if (look) return;
    server.relay.refuseNew();
    logLine(
      'info',
      'relay',
      `no new sessions from now on; ends after the last of ${server.relay.sessionCount}`,
    );
    look = setInterval(() => {
      if (server.relay.sessionCount === 0) stop();
    }, LOOK_MS);
  };
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', drain);
  return () => {
    clearInterval(look);
    process.off('SIGINT', end).off('SIGTERM', end).off('SIGHUP', drain);
  };
}

/** It is taken away at the end: that must not be a device. */
function writePid(file: string): void {
  try {
    if (existsSync(file) && !statSync(file).isFile()) throw new Error('this is no file');
    writeFileSync(file, `${process.pid}\n`);
  } catch (error) {
    throw new CommandFault(`-p ${file}: ${(error as Error).message}`);
  }
}

/** How many files this process may open; Node has raised it as far as it may. */
function openFiles(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

function banner({ program, notices }: RelayOrders, doors: readonly string[], server: RelayServer): string {
  const { relay, notifySockets, sound, recordsAll } = program;
  const { folders } = sound.recordings;
  const rows = [
    ['Commands', doors.join(', ')],
    ['Media', relay.addresses.map(addressText).join(', ')],
    ['Ports', portsText(relay.ports)],
    ['Packets', `by the ${server.pathName} path`],
    [
      'Recordings',
      folders ? `${folders.directory}${recordsAll ? ', of every session' : ''}` : 'none: -r FOLDER',
    ],
    ['Notifications', notifySockets.length > 0 ? notifySockets.join(', ') : 'none: -n SOCKET'],
    ['Stop', 'Ctrl-C; SIGHUP when the last session has ended'],
  ];
  const title = `${paint('bold', `Viaduct ${VERSION}`)} relays media, process ${process.pid}.`;
  const notes = notices.map((notice) => `\n${indent(`note: ${notice}`)}`).join('');
  return `\n${title}\n\n${indent(table(rows))}\n${notes}${notes ? '\n' : ''}\n`;
}

function addressText({
  address,
  advertised,
  label,
  role,
}: RelayProgram['relay']['addresses'][number]): string {
  const told = advertised === undefined ? '' : ` told as ${advertised}`;
  const isSilent = advertised === undefined && (address === '0.0.0.0' || address === '::');
  return `${label ?? role ?? ''}${(label ?? role) ? ': ' : ''}${address}${told}${isSilent ? ' (answers have no address)' : ''}`;
}

function portsText(ports: RelayProgram['relay']['ports']): string {
  return 'min' in ports ? `${ports.min} to ${ports.max}` : `${ports.length} of a list`;
}

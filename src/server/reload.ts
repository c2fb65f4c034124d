import { networkInterfaces } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Advertise } from '../advertise/advertise.ts';
import type { Cidr } from '../base/ip.ts';
import type { FrontDoor } from '../core/front-door/front-door.ts';
import type { OverloadControl } from '../core/front-door/overload.ts';
import type { Listener } from '../net/listener.ts';
import { subnetsOf } from '../net/select-listener.ts';
import type { Sockets } from '../net/sockets.ts';
import type { WorkerPlace } from '../net/worker-place.ts';
import { listenersOf } from '../ops/config/listeners-of.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import type { ServerMedia } from './media.ts';
import { loadProgram, type RoutingRuntime, replaceProgram } from './program.ts';
import { makeSelfSignedFiles } from './self-signed-files.ts';
import { frontDoorSettings, overloadSettings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';

/** What a reload may change. */
export interface Reloadable {
  readonly network: Sockets;
  readonly advertise: Advertise;
  readonly frontDoor: FrontDoor;
  readonly overload: OverloadControl;
  readonly runtime: RoutingRuntime;
  readonly media: ServerMedia;
  readonly log: Surroundings['log'];
  readonly place: WorkerPlace | undefined;
  /** Of the machine's interfaces, which may have changed too. */
  readonly subnets: Map<string, Cidr>;
}

/** What is made once and stays. */
const NEED_RESTART = [
  'data',
  'workers',
  'limits',
  'timers',
  'registrar',
  'auth',
  'nat',
  'dns',
  'webSocket',
  'connectionReuse',
] as const;

/**
 * Puts another configuration in force: everything that can fail is done first, so that either all of it holds or
 * nothing has changed.
 * @returns a line for each change
 * @throws ServerError CFG_ROUTES_INVALID, NET_…
 */
export async function reloadServer(
  server: Reloadable,
  before: ServerConfig,
  next: ServerConfig,
): Promise<readonly string[]> {
  const { network, advertise, frontDoor, overload, runtime, media, log, subnets, place } = server;
  const interfaces = networkInterfaces();
  const wanted = settled(listenersOf(next, interfaces), network.listeners);
  const program = await loadProgram(next);
  makeSelfSignedFiles(wanted, next.advertise.domains ?? [], Date.now());
  const present = new Map(network.listeners.map((listener) => [listener.name, { ...listener }]));
  const changes = await openNew(
    network,
    wanted.filter(({ name }) => !present.has(name)),
  );
  try {
    for (const { name, advertised } of wanted) network.advertise(name, advertised);
    const staying = network.listeners.filter(({ name }) => wanted.some((it) => it.name === name));
    advertise.update({ settings: next.advertise, listeners: staying, interfaces });
  } catch (error) {
    for (const { name, advertised } of present.values()) network.advertise(name, advertised);
    for (const { name } of network.listeners) if (!present.has(name)) await network.remove(name);
    throw error;
  }
  for (const [name, open] of present) {
    const listener = wanted.find((it) => it.name === name);
    if (!listener) {
      await network.remove(name);
      changes.push(`${name} is closed`);
    } else if (!isSameSocket(listener, open)) {
      changes.push(`${name}: another socket under the same name needs a restart`);
    } else if (!isDeepStrictEqual(listener.tls, open.tls)) {
      changes.push(`${name}: other TLS settings need a restart`);
    }
  }
  network.reloadCertificates();
  frontDoor.update(frontDoorSettings(next, place));
  overload.update(overloadSettings(next));
  const replaced = await replaceProgram(runtime, next, program);
  changes.push(...media.configure(next.media));
  log.setLevel(next.log.level);
  subnets.clear();
  for (const [address, subnet] of subnetsOf(interfaces)) subnets.set(address, subnet);
  changes.push(replaced);
  if (!isDeepStrictEqual(before.advertise, next.advertise)) changes.push('printed addresses have changed');
  for (const key of NEED_RESTART) {
    if (!isDeepStrictEqual(before[key], next[key])) changes.push(`${key}: the change needs a restart`);
  }
  return changes;
}

/** A port that the system chose stays chosen. */
function settled(wanted: readonly Listener[], present: readonly Listener[]): readonly Listener[] {
  return wanted.map((listener) => {
    const { port, transport, address, advertised } = listener;
    const open = port === 0 && present.find((it) => it.transport === transport && it.address === address);
    return open ? { ...open, advertised } : listener;
  });
}

function isSameSocket(a: Listener, b: Listener): boolean {
  return a.transport === b.transport && a.address === b.address && a.port === b.port;
}

/** All of them or none. */
async function openNew(network: Sockets, listeners: readonly Listener[]): Promise<string[]> {
  const opened: string[] = [];
  try {
    for (const listener of listeners) opened.push((await network.add(listener)).name);
  } catch (error) {
    for (const name of opened) await network.remove(name);
    throw error;
  }
  return opened.map((name) => `${name} is open`);
}

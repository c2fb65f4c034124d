import { constants, existsSync } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { Advertise } from '../../advertise/advertise.ts';
import type { Interfaces } from '../../advertise/networks.ts';
import type { Clock } from '../../base/clock.ts';
import type { ServerError } from '../../base/errors.ts';
import { Cidr, ipFamily, LOOPBACK_NETWORKS, PRIVATE_NETWORKS } from '../../base/ip.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import type { Listener } from '../../net/listener.ts';
import { Sockets } from '../../net/sockets.ts';
import { daysLeft, readCertificate } from '../../net/tls-contexts.ts';
import type { CertificateFiles } from '../../net/tls-settings.ts';
import { callControl } from '../admin/control-client.ts';
import { controlPath } from '../admin/control-path.ts';
import { listenerRows } from '../admin/listener-rows.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { mediaProbe } from './media-probe.ts';
import { type Finding, failed, ok, type Probe, warning } from './probe.ts';

const OLDEST_NODE = 24;
/** Before this was written no clock can be right. */
const EARLIEST = Date.UTC(2026, 0, 1);
/** Those who renew by themselves do so a month before the end. */
const FEW_DAYS = 21;
const LEAST_DISK = 100 * 1_048_576;

export interface Patient {
  readonly config: ServerConfig;
  /** The listeners of the configuration on this machine. */
  readonly listeners: readonly Listener[];
  readonly interfaces: Interfaces;
  readonly clock: Clock;
}

/** Everything that can be looked at without a call. */
export function probes(patient: Patient): readonly Probe[] {
  return [
    { name: 'Node', run: async () => [nodeVersion()] },
    { name: 'Clock', run: async () => [clockIsSane(patient.clock)] },
    { name: 'Data', run: () => dataDirectory(patient.config.data) },
    { name: 'Server', run: () => serverRuns(patient) },
    { name: 'TLS', run: async () => certificates(patient) },
    { name: 'Addresses', run: async () => printedAddresses(patient) },
    mediaProbe(patient),
  ];
}

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= OLDEST_NODE
    ? ok(`Node ${process.versions.node}`)
    : failed(`Node ${process.versions.node}`, `${OLDEST_NODE} or newer is needed`);
}

function clockIsSane(clock: Clock): Finding {
  const now = new Date(clock.wallNow());
  return now.getTime() >= EARLIEST
    ? ok(now.toISOString())
    : failed(now.toISOString(), 'the clock is behind: nonces and registrations depend on it; set up NTP');
}

async function dataDirectory(data: string): Promise<readonly Finding[]> {
  try {
    await mkdir(data, { recursive: true, mode: 0o700 });
    await access(data, constants.W_OK);
    const { bavail, bsize } = await statfs(data);
    const free = bavail * bsize;
    const text = `${data} is writable, ${Math.floor(free / 1_048_576)} MB free`;
    return [free < LEAST_DISK ? warning(text, 'the disk is nearly full') : ok(text)];
  } catch (error) {
    return [
      failed(`${data} cannot be written: ${(error as Error).message}`, 'set data: DIR in the configuration'),
    ];
  }
}

/** Where a server runs, its sockets are open; where none does, they can be tried. */
async function serverRuns(patient: Patient): Promise<readonly Finding[]> {
  const { config, listeners } = patient;
  const running = await callControl(controlPath(config.data), 'listeners', []).catch(() => undefined);
  if (!running?.ok)
    return [warning('no server runs on this data directory'), ...(await tryListeners(patient))];
  const rows = running.result as readonly { readonly listener: string }[];
  const open = new Set(rows.map(({ listener }) => listener));
  return listeners.map(({ name }) =>
    open.has(name) ? ok(`${name} is open`) : failed(`${name} is not open`, 'reload, or restart the server'),
  );
}

async function tryListeners({ listeners, clock }: Patient): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const sink = { message: () => {}, flowFailed: () => {} };
  for (const listener of listeners) {
    if (listener.tls?.selfSigned && !existsSync(listener.tls.certificate.certificate)) continue;
    try {
      const sockets = await Sockets.open([listener], { clock, wheel: new TimerWheel(clock) }, sink);
      await sockets[Symbol.asyncDispose]();
      findings.push(ok(`${listener.name} can be opened`));
    } catch (error) {
      const { message, hint } = error as ServerError;
      findings.push(failed(message, hint));
    }
  }
  return findings;
}

function certificates({ listeners, clock }: Patient): readonly Finding[] {
  const findings = new Map<string, Finding>();
  for (const { tls } of listeners) {
    for (const files of tls ? [tls.certificate, ...tls.servers] : []) {
      findings.set(files.certificate, certificate(files, tls?.selfSigned === true, clock.wallNow()));
    }
  }
  return [...findings.values()];
}

function certificate(files: CertificateFiles, selfSigned: boolean, wallNow: number): Finding {
  const file = files.certificate;
  if (selfSigned && !existsSync(file)) return ok(`${file} is made when the server starts`);
  try {
    const state = readCertificate(files);
    const days = daysLeft(state, wallNow);
    const text = `${file} is good for ${days} days: ${state.names}`;
    if (days < 0)
      return failed(`${file} ended ${-days} days ago`, 'put a new one in its place: it is read at once');
    if (days < FEW_DAYS) return warning(text, 'renew it: the server reads the new one without a restart');
    return selfSigned
      ? warning(text, 'it signs itself: phones and browsers have to be told to trust it')
      : ok(text);
  } catch (error) {
    const { message, hint } = error as ServerError;
    return failed(message, hint);
  }
}

function printedAddresses({ config, listeners, interfaces, clock }: Patient): readonly Finding[] {
  const key = Buffer.alloc(16);
  const advertise = new Advertise({ settings: config.advertise, listeners, key, clock, interfaces });
  const unrouted = [...PRIVATE_NETWORKS, ...LOOPBACK_NETWORKS].map((text) => Cidr.parse(text)!);
  return listenerRows(advertise).map(({ listener, inside, outside, from }) => {
    const bound = listeners.find(({ name }) => name === listener)!;
    const text = `${listener} prints ${outside}${inside === outside ? '' : ` (inside ${inside})`}, by ${from}`;
    if (bound.address.startsWith('127.') || bound.address === '::1') return ok(text);
    const host = outside.slice(0, outside.lastIndexOf(':'));
    if (!unrouted.some((network) => network.contains(host))) return ok(text);
    const example = ipFamily(bound.address) === 6 ? '[2001:db8::1]' : '99.88.44.33';
    const hint = `phones on the Internet cannot reach that: give the public address, as in "as ${example}"`;
    return warning(text, hint);
  });
}

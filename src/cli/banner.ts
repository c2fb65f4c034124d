import { isIPv4 } from 'node:net';
import type { Advertise } from '../advertise/advertise.ts';
import { Cidr, LOOPBACK_NETWORKS, PRIVATE_NETWORKS } from '../base/ip.ts';
import { listenerRows } from '../ops/admin/listener-rows.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import { mediaSummary } from '../ops/media-summary.ts';
import type { NewUser } from '../ops/subscribers.ts';
import { VERSION } from '../ops/version.ts';
import { indent, paint, table } from './terminal.ts';

const UNREACHABLE = [...PRIVATE_NETWORKS, ...LOOPBACK_NETWORKS].map((text) => Cidr.parse(text)!);

export interface BannerFacts {
  readonly config: ServerConfig;
  readonly advertise: Advertise;
  /** Made by this very start. */
  readonly newUsers: readonly NewUser[];
  /** Why there are fewer workers than is wished. */
  readonly notice: string | undefined;
  /** How this program is called: `viaduct`, or `bin/viaduct` in a checkout. */
  readonly program: string;
}

/** What a person needs to know when the server has started. */
export function banner(facts: BannerFacts): string {
  const { config, advertise, newUsers, notice, program } = facts;
  const parts = [
    `${paint('bold', `Viaduct ${VERSION}`)} is running, process ${process.pid}.`,
    listeners(advertise),
  ];
  const [domain = hostFor(advertise)] = config.advertise.domains ?? [];
  if (newUsers.length > 0) parts.push(users(newUsers, domain));
  parts.push(
    indent(
      table([
        ['Configuration', config.file ?? 'built-in defaults'],
        [
          'Routes',
          config.script
            ? 'those of the script'
            : (config.routes ?? 'built-in: users register, and call each other'),
        ],
        ['Media', mediaSummary(config.media)],
        ...(config.workers > 1 ? [['Workers', notice ?? String(config.workers)]] : []),
        ['Data', config.data],
        ['Log', config.log.file],
        ...certificates(advertise),
        ['Add a user', `${program} user add NAME${meant(config)}`],
        ['Look inside', `${program} ctl status${meant(config)}`],
        ['Stop', 'Ctrl-C'],
      ]),
    ),
  );
  return `\n${parts.join('\n\n')}\n`;
}

/** The option by which other commands find the same server. */
function meant({ file, script }: ServerConfig): string {
  return file === undefined ? '' : ` ${script ? '-f' : '-c'} ${file}`;
}

/** Somebody has to tell the phones to trust what signs itself. */
function certificates(advertise: Advertise): string[][] {
  const signed = advertise.listeners.filter(({ tls }) => tls?.selfSigned);
  const files = new Set(signed.map(({ tls }) => tls!.certificate.certificate));
  return [...files].map((file) => [
    'Certificate',
    `${file}: signs itself, so phones must be told to trust it`,
  ]);
}

function listeners(advertise: Advertise): string {
  const rows = listenerRows(advertise);
  const text = table(
    rows.map(({ listener, inside, outside, from }) => [listener, inside, outside, from]),
    ['Listens on', 'prints inside', 'prints outside', 'which comes from'],
  );
  const isPrivate = rows.every(({ outside }) => UNREACHABLE.some((it) => it.contains(hostOf(outside))));
  if (!isPrivate) return indent(text);
  const example = '-l "udp:0.0.0.0:5060 as 99.88.44.33"';
  return `${indent(text)}\n\n${indent(`Phones on the Internet need a public address to be printed: ${example}`)}`;
}

function users(newUsers: readonly NewUser[], host: string): string {
  const rows = newUsers.map(({ user, password }) => [
    `sip:${user}@${host}`,
    `user ${user}`,
    `password ${password}`,
  ]);
  const note = 'Two users were made for the first call. Their passwords are shown only now:';
  return `${indent(note)}\n\n${indent(table(rows), 4)}`;
}

/** The address to type into a phone: a public one where there is one, IPv4 before IPv6. */
function hostFor(advertise: Advertise): string {
  const hosts = listenerRows(advertise).map(({ outside }) => hostOf(outside));
  const isLoopback = (host: string) => host === '::1' || host.startsWith('127.');
  const candidates = hosts.filter((host) => !isLoopback(host));
  return candidates.find(isIPv4) ?? candidates[0] ?? hosts[0] ?? '127.0.0.1';
}

function hostOf(printed: string): string {
  return printed.slice(0, printed.lastIndexOf(':'));
}

// The servers that are measured: each relays to the request URI, record-routes and keeps transactions, on one core.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A server under test. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  readonly flags: string; // how it was started, as far as it matters for speed
  readonly files: Readonly<Record<string, string>>; // written into its folder before it starts
  readonly command: readonly string[]; // run in that folder
}

/** The port that every server under test listens on, on loopback. */
export const PORT = 5066;

const ROOT = dirname(fileURLToPath(new URL('.', import.meta.url)));

function output(command: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

export function viaduct(): Peer {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const commit = output('git', '-C', ROOT, 'rev-parse', '--short', 'HEAD')?.trim();
  const configuration = `listen:\n  - udp:127.0.0.1:${PORT}\ndomains: [example.com]\ndata: ./viaduct-data\n`;
  const routes = join(ROOT, 'bench', 'viaduct-routes.ts');
  return {
    name: 'Viaduct',
    version: [version, commit].filter(Boolean).join(' '),
    flags: `Node ${process.version}`,
    files: { 'viaduct.yaml': configuration },
    command: [process.execPath, join(ROOT, 'bin', 'viaduct'), '-c', 'viaduct.yaml', '--routes', routes],
  };
}

const ROUTE = `
  if (!mf_process_maxfwd_header(MAX_HOPS)) { sl_send_reply(483, "Too Many Hops"); exit; }
  if (has_totag()) {
    loose_route();
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) { t_relay(); exit; }
  record_route();
  t_relay();
`;

// One worker: the comparison is per core. TLSF is the allocator that its makers recommend for speed.
const KAMAILIO = `
debug=0
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:${PORT}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
request_route {${ROUTE.replace('MAX_HOPS', '"70"').replace('sl_send_reply(483', 'sl_send_reply("483"')}}
`;

/** Kamailio as installed; undefined where it is not. */
export function kamailio(): Peer | undefined {
  const version = output('kamailio', '-v')?.split('\n')[0]?.replace('version: ', '');
  if (version === undefined) return undefined;
  const flags = '-x tlsf -X tlsf -m 1024 -M 32';
  return {
    name: 'Kamailio',
    version,
    flags,
    files: { 'kamailio.cfg': KAMAILIO },
    command: ['kamailio', '-DD', '-E', ...flags.split(' '), '-f', 'kamailio.cfg'],
  };
}

const OPENSIPS = (modules: string): string => `
log_level=0
stderror_enabled=yes
udp_workers=1
socket=udp:127.0.0.1:${PORT}
mpath="${modules}"
loadmodule "proto_udp.so"
loadmodule "signaling.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "sipmsgops.so"
route {${ROUTE.replace('MAX_HOPS', '70')}}
`;

/** The OpenSIPS that OPENSIPS_BIN names, with its modules in OPENSIPS_MODULES; undefined where it is not set. */
export function opensips(): Peer | undefined {
  const binary = process.env.OPENSIPS_BIN;
  if (!binary) return undefined;
  const modules = process.env.OPENSIPS_MODULES ?? join(dirname(binary), 'modules');
  const flags = '-m 1024 -M 32';
  return {
    name: 'OpenSIPS',
    version: output(binary, '-V')?.split('\n')[0]?.replace('version: ', '') ?? 'unknown',
    flags,
    files: { 'opensips.cfg': OPENSIPS(modules) },
    command: [binary, '-F', ...flags.split(' '), '-f', 'opensips.cfg'],
  };
}

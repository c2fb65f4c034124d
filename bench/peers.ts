// The servers that are measured: each relays to the request URI, record-routes and keeps transactions, on one core.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeSelfSigned } from '../src/net/self-signed.ts';

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

/** What the calls are carried by. */
export type BenchTransport = 'udp' | 'tcp' | 'tls';

/** Of every server under test and of the callee, in the folder that the server is started in. */
const CERTIFICATE = 'certificate.pem';
const KEY = 'key.pem';
const pair = makeSelfSigned(['127.0.0.1', 'example.com'], Date.now());

export const CERTIFICATE_FILES: Readonly<Record<string, string>> = {
  [CERTIFICATE]: pair.certificate,
  [KEY]: pair.key,
};

export function viaduct(transport: BenchTransport = 'udp'): Peer {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const commit = output('git', '-C', ROOT, 'rev-parse', '--short', 'HEAD')?.trim();
  const tls =
    transport === 'tls' ? `tls: { certificate: ${CERTIFICATE}, key: ${KEY}, verifyServers: false }\n` : '';
  const configuration = `listen:\n  - ${transport}:127.0.0.1:${PORT}\n${tls}domains: [example.com]\ndata: ./viaduct-data\n`;
  const routes = join(ROOT, 'bench', 'viaduct-routes.ts');
  return {
    name: 'Viaduct',
    version: [version, commit].filter(Boolean).join(' '),
    flags: `Node ${process.version}`,
    files: { 'viaduct.yaml': configuration, ...CERTIFICATE_FILES },
    command: [process.execPath, join(ROOT, 'bin', 'viaduct'), '-c', 'viaduct.yaml', '--routes', routes],
  };
}

/** Viaduct with the same script as OpenSIPS. */
export function viaductScript(transport: BenchTransport = 'udp'): Peer {
  const peer = viaduct(transport);
  const script = `log_level=0\nsocket=${transport}:127.0.0.1:${PORT}\n${OPENSIPS_ROUTING}`;
  return {
    ...peer,
    name: 'Viaduct -f opensips.cfg',
    files: { 'opensips.cfg': script, ...CERTIFICATE_FILES },
    command: [process.execPath, join(ROOT, 'bin', 'viaduct'), '-f', 'opensips.cfg'],
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

const KAMAILIO_CORE: Readonly<Record<BenchTransport, string>> = {
  udp: 'disable_tcp=yes',
  tcp: 'tcp_children=1',
  tls: 'tcp_children=1\nenable_tls=yes',
};

const KAMAILIO_TLS = `
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "./${CERTIFICATE}")
modparam("tls", "private_key", "./${KEY}")
`;

function kamailioHasTls(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-bench-'));
  try {
    writeFileSync(join(folder, 'tls.cfg'), 'enable_tls=yes\nloadmodule "tls.so"\nrequest_route { exit; }\n');
    return output('kamailio', '-c', '-f', join(folder, 'tls.cfg')) !== undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// One worker: the comparison is per core. TLSF is the allocator that its makers recommend for speed.
const kamailioConfig = (transport: BenchTransport): string => `
debug=0
log_stderror=yes
children=1
${KAMAILIO_CORE[transport]}
auto_aliases=no
dns=no
rev_dns=no
listen=${transport}:127.0.0.1:${PORT}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
${transport === 'tls' ? KAMAILIO_TLS : ''}
request_route {${ROUTE.replace('MAX_HOPS', '"70"').replace('sl_send_reply(483', 'sl_send_reply("483"')}}
`;

/** Kamailio as installed; undefined where it is not, or has no TLS (Debian: kamailio-tls-modules). */
export function kamailio(transport: BenchTransport = 'udp'): Peer | undefined {
  const version = output('kamailio', '-v')?.split('\n')[0]?.replace('version: ', '');
  if (version === undefined || (transport === 'tls' && !kamailioHasTls())) return undefined;
  const flags = '-x tlsf -X tlsf -m 1024 -M 32';
  return {
    name: 'Kamailio',
    version,
    flags,
    files: { 'kamailio.cfg': kamailioConfig(transport), ...CERTIFICATE_FILES },
    command: ['kamailio', '-DD', '-E', '-w', '.', ...flags.split(' '), '-f', 'kamailio.cfg'],
  };
}

/** What OpenSIPS scripts of the scenario say of modules and routes. */
export const OPENSIPS_ROUTING = `
loadmodule "signaling.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "sipmsgops.so"
route {${ROUTE.replace('MAX_HOPS', '70')}}
`;

const OPENSIPS = (modules: string): string => `
log_level=0
stderror_enabled=yes
udp_workers=1
socket=udp:127.0.0.1:${PORT}
mpath="${modules}"
loadmodule "proto_udp.so"
${OPENSIPS_ROUTING}`;

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

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import {
  type BenchTransport,
  type Candidate,
  CERTIFICATE,
  CERTIFICATE_FILES,
  DOMAIN,
  type Job,
  KEY,
  output,
  PASSWORD,
  PORT,
} from './peer.ts';

const NAME = 'Kamailio';
const DATABASE = 'kamailio.db';
/** Where Debian's kamailio-sqlite-modules has the tables. */
const TABLES = '/usr/share/kamailio/db_sqlite';

export interface KamailioOptions {
  /** Bindings are written to SQLite before they are answered for. */
  readonly sqlite?: boolean;
}

const CORE: Readonly<Record<BenchTransport, string>> = {
  udp: 'disable_tcp=yes',
  tcp: 'tcp_children=1\ntcp_max_connections=20000',
  tls: 'tcp_children=1\ntcp_max_connections=20000\ntls_max_connections=20000\nenable_tls=yes',
};

const TLS = `
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "./${CERTIFICATE}")
modparam("tls", "private_key", "./${KEY}")
`;

const MODULES: Readonly<Record<Job, readonly string[]>> = {
  relay: [],
  dialogs: ['dialog'],
  registrar: ['usrloc', 'registrar'],
  phones: ['usrloc', 'registrar', 'auth'],
};

const relay = (initial: string): string => `
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    loose_route();
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) { t_relay(); exit; }
  ${initial}
  record_route();
  t_relay();
`;

// All users have one password, so that no database is asked: the cheapest there is.
const PHONES = `
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    if (!loose_route()) { if (is_method("ACK") && t_check_trans()) t_relay(); exit; }
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) { t_relay(); exit; }
  if (is_method("REGISTER")) {
    if (!pv_www_authenticate("${DOMAIN}", "${PASSWORD}", "0")) { www_challenge("${DOMAIN}", "1"); exit; }
    save("location");
    exit;
  }
  if (!pv_proxy_authenticate("${DOMAIN}", "${PASSWORD}", "0")) { proxy_challenge("${DOMAIN}", "1"); exit; }
  consume_credentials();
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  record_route();
  t_relay();
`;

const ROUTES: Readonly<Record<Job, string>> = {
  relay: relay(''),
  dialogs: relay('if (is_method("INVITE")) dlg_manage();'),
  registrar: '\n  if (is_method("REGISTER")) save("location");\n',
  phones: PHONES,
};

const STORED = `
loadmodule "db_sqlite.so"
modparam("usrloc", "db_url", "sqlite:///./${DATABASE}")
modparam("usrloc", "db_mode", 1)
modparam("db_sqlite", "db_set_journal_mode", "./${DATABASE}=WAL;")
`;

// One worker: the comparison is per core. Tables as large as their makers advise for many phones.
const configuration = (transport: BenchTransport, job: Job, sqlite: boolean): string => {
  const modules = ['tm', 'sl', 'rr', 'maxfwd', 'pv', 'siputils', 'textops', ...MODULES[job]];
  const registrar = modules.includes('usrloc');
  return `
debug=0
log_stderror=yes
children=1
${CORE[transport]}
auto_aliases=no
dns=no
rev_dns=no
listen=${transport}:127.0.0.1:${PORT}
${modules.map((name) => `loadmodule "${name}.so"`).join('\n')}
${registrar ? 'modparam("usrloc", "hash_size", 14)\nmodparam("registrar", "max_expires", 3600)' : ''}
${sqlite ? STORED : ''}
${transport === 'tls' ? TLS : ''}
request_route {${ROUTES[job]}}
`;
};

/** Whether Kamailio takes a module, which may be in a package of its own. */
function has(module: string, before = ''): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'viaduct-bench-'));
  try {
    const file = join(folder, 'try.cfg');
    writeFileSync(file, `${before}loadmodule "${module}.so"\nrequest_route { exit; }\n`);
    return output('kamailio', '-c', '-f', file) !== undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Kamailio as installed, with TLSF, the allocator that its makers recommend for speed. */
export function kamailio(
  transport: BenchTransport = 'udp',
  job: Job = 'relay',
  { sqlite = false }: KamailioOptions = {},
): Candidate {
  const name = sqlite ? `${NAME}+SQLite` : NAME;
  const version = output('kamailio', '-v')?.split('\n')[0]?.replace('version: ', '').trim();
  if (version === undefined) return { name, absent: 'kamailio is not installed' };
  if (transport === 'tls' && !has('tls', 'enable_tls=yes\n')) {
    return { name, absent: 'it has no tls (Debian: kamailio-tls-modules)' };
  }
  if (sqlite && !(has('db_sqlite') && existsSync(TABLES))) {
    return { name, absent: 'it has no db_sqlite (Debian: kamailio-sqlite-modules)' };
  }
  const flags = '-x tlsf -X tlsf -m 1024 -M 32';
  return {
    name,
    version,
    flags: sqlite ? `${flags}, usrloc db_mode 1` : flags,
    files: { 'kamailio.cfg': configuration(transport, job, sqlite), ...CERTIFICATE_FILES },
    command: ['kamailio', '-DD', '-E', '-w', '.', ...flags.split(' '), '-f', 'kamailio.cfg'],
    prepare: (folder) => {
      if (sqlite) makeTables(join(folder, DATABASE));
    },
    lingerSeconds: 8,
  };
}

function makeTables(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL');
  for (const name of ['standard', 'usrloc']) {
    database.exec(readFileSync(join(TABLES, `${name}-create.sql`), 'utf8'));
  }
  database.close();
}

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { opensipsRouting } from './opensips-script.ts';
import {
  type BenchTransport,
  type Candidate,
  CERTIFICATE,
  CERTIFICATE_FILES,
  type Job,
  KEY,
  output,
  PORT,
} from './peer.ts';

const NAME = 'OpenSIPS';
/** The memory allocator that is built for speed; the default of a build may be one for debugging. */
const ALLOCATOR = ['-a', 'F_MALLOC'];
const MEMORY = '-m 1024 -M 32';

const TLS = `
loadmodule "tls_openssl.so"
loadmodule "tls_mgm.so"
modparam("tls_mgm", "server_domain", "bench")
modparam("tls_mgm", "match_ip_address", "[bench]*")
modparam("tls_mgm", "certificate", "[bench]./${CERTIFICATE}")
modparam("tls_mgm", "private_key", "[bench]./${KEY}")
modparam("tls_mgm", "verify_cert", "[bench]0")
modparam("tls_mgm", "require_cert", "[bench]0")
modparam("tls_mgm", "client_domain", "out")
modparam("tls_mgm", "match_ip_address", "[out]*")
modparam("tls_mgm", "certificate", "[out]./${CERTIFICATE}")
modparam("tls_mgm", "private_key", "[out]./${KEY}")
modparam("tls_mgm", "verify_cert", "[out]0")
`;

const configuration = (modules: string, transport: BenchTransport, job: Job): string => `
log_level=0
stderror_enabled=yes
udp_workers=1
tcp_workers=1
tcp_max_connections=20000
auto_aliases=no
socket=${transport}:127.0.0.1:${PORT}
mpath="${modules}"
loadmodule "proto_${transport}.so"
${transport === 'tls' ? TLS : ''}
${opensipsRouting(job)}`;

/** The OpenSIPS that OPENSIPS_BIN names, with its modules in OPENSIPS_MODULES or in `modules` beside it. */
export function opensips(transport: BenchTransport = 'udp', job: Job = 'relay'): Candidate {
  const binary = process.env.OPENSIPS_BIN;
  if (!binary) return { name: NAME, absent: 'OPENSIPS_BIN names no build' };
  const version = output(binary, ...ALLOCATOR, '-V')
    ?.split('\n')[0]
    ?.replace('version: ', '');
  if (version === undefined) return { name: NAME, absent: `${binary} does not start` };
  const modules = process.env.OPENSIPS_MODULES ?? join(dirname(binary), 'modules');
  if (transport === 'tls' && !existsSync(join(modules, 'tls_openssl.so'))) {
    return { name: NAME, absent: 'the build has no tls_openssl' };
  }
  const flags = [...ALLOCATOR, ...MEMORY.split(' ')];
  return {
    name: NAME,
    version,
    flags: flags.join(' '),
    files: { 'opensips.cfg': configuration(modules, transport, job), ...CERTIFICATE_FILES },
    command: [binary, '-F', '-w', '.', ...flags, '-f', 'opensips.cfg'],
    lingerSeconds: 8,
  };
}

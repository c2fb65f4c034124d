import { moduleParts, type ScriptModule } from '../frame/module.ts';
import {
  ignored,
  listParameter,
  type Parameter,
  type ParameterValues,
  parsedParameter,
} from '../frame/parameter.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import { type ByDomain, domainsOf, type TlsDomain, tlsOf } from './tls_mgm/domains.ts';

interface State {
  readonly domains: readonly TlsDomain[];
  readonly context: ModuleContext;
}

const { fn, variable, define } = moduleParts<State>();

const NONE: ByDomain = new Map();
const NO_TABLE = 'domains stand in the script';
const NO_DETAILS = 'of a certificate only its SIP domains are kept: is_peer_verified()';
const METHODS = /^(?:sslv23|(?:tlsv1(?:_[123])?)?-(?:tlsv1(?:_[123])?)?|tlsv1(?:_[123])?)$/i;

/** `[domain]value`, or a value for all domains. */
function ofDomain(
  describe: string,
  problem: (value: string) => string | undefined = () => undefined,
): Parameter<ByDomain> {
  return parsedParameter(NONE, `${describe} Written \`[domain]value\`.`, (given, before) => {
    const match = /^\s*(?:\[([^\]]*)\])?\s*(.*?)\s*$/s.exec(String(given))!;
    const [, domain = '', value = ''] = match;
    const wrong = value === '' ? 'there is no value' : problem(value);
    if (wrong !== undefined) return { ok: false, problem: wrong, hint: 'write "[domain]value"' };
    return { ok: true, value: new Map([...before, [domain, value]]) };
  });
}

function flag(value: string): string | undefined {
  return value === '0' || value === '1' ? undefined : `${JSON.stringify(value)} is neither 0 nor 1`;
}

const COLUMNS = [
  'domain',
  'match_ip_address',
  'match_sip_domain',
  'tls_method',
  'verify_cert',
  'require_cert',
  'certificate',
  'private_key',
  'crl_check_all',
  'crl_dir',
  'ca_list',
  'ca_dir',
  'ciphers_list',
  'dh_params',
  'ec_curve',
];

const params = {
  server_domain: listParameter('A domain of those who connect.'),
  client_domain: listParameter('A domain of those who are connected to.'),
  match_ip_address: ofDomain(
    'The sockets that a domain is meant for, or those of servers: `IP:port, …`, `*`.',
  ),
  match_sip_domain: ofDomain('The names that a domain is meant for, with commas between; `*`, `none`.'),
  tls_method: ofDomain('The versions of TLS: the least of them counts, and 1.2 at least.', (value) =>
    METHODS.test(value) ? undefined : `${JSON.stringify(value)} is no version of TLS`,
  ),
  verify_cert: ofDomain('0: no certificates are looked at; default 1.', flag),
  require_cert: ofDomain('0: who connects need not show a certificate; default 1.', flag),
  certificate: ofDomain('The certificate (PEM).'),
  private_key: ofDomain('Its key.'),
  ca_list: ofDomain('The authorities that are believed (PEM); by default those of Node.'),
  ciphers_list: ofDomain('Ciphers in OpenSSL’s notation.'),
  ca_dir: ignored('text', 'A folder of authorities.', 'write ca_list'),
  crl_dir: ignored('text', 'Revoked certificates.', 'lists of revoked certificates are not looked at'),
  crl_check_all: ignored('text', 'Revoked certificates.', 'lists of revoked certificates are not looked at'),
  dh_params: ignored('text', 'Diffie-Hellman.', 'the usual groups are used'),
  ec_curve: ignored('text', 'Elliptic curves.', 'the usual curves are used'),
  tls_library: ignored('text', 'A library.', 'there is one'),
  client_tls_domain_avp: ignored(
    'text',
    'Names a domain.',
    'match_sip_domain is compared with where a request goes',
  ),
  client_sip_domain_avp: ignored(
    'text',
    'Names a SIP domain.',
    'match_sip_domain is compared with where a request goes',
  ),
  db_url: ignored('text', 'Domains from a table.', NO_TABLE),
  db_table: ignored('text', 'Its name.', NO_TABLE),
  ...Object.fromEntries(COLUMNS.map((name) => [`${name}_col`, ignored('text', 'A column.', NO_TABLE)])),
};

type Params = ParameterValues<Omit<typeof params, `${string}_col`>>;

/** Where no client domain says otherwise, what is said for all holds. */
function verifiesServers({ verify_cert: table }: Params): boolean {
  return table.get('') !== '0';
}

export const module: ScriptModule = define({
  name: 'tls_mgm',
  summary: 'Certificates of `tls:` and `wss:` sockets, and of connections to others.',
  params,
  configure: (values) => {
    const given = values as Params;
    const domains = domainsOf(given);
    return { tls: (host, ports) => tlsOf(domains, verifiesServers(given), host, ports) };
  },
  start: (values, context) => ({ domains: domainsOf(values as Params), context }),
  functions: {
    is_peer_verified: fn({
      args: [],
      routes: ['request'],
      describe: 'Whether the message came over TLS from who has proved by a certificate who it is.',
      run: (m) => m.flow.peerDomains !== undefined,
    }),
  },
  variables: {
    tls_peer_verified: variable({
      describe: '1 where `is_peer_verified()` holds, else 0.',
      read: (m) => (m.flow.peerDomains === undefined ? 0 : 1),
    }),
  },
  commands: {
    'tls_mgm:list': {
      describe: 'Lists the domains.',
      aliases: ['tls_list'],
      run: ({ domains }) => ({
        Domains: domains.map((it) => ({
          name: it.name,
          type: it.kind === 'server' ? 'TLS_DOMAIN_SRV' : 'TLS_DOMAIN_CLI',
          'IP ADDRESS FILTERS': it.addresses.length > 0 ? it.addresses : ['*'],
          'SIP DOMAIN FILTERS': it.sipDomains,
          METHOD: it.method,
          VERIFY_CERT: it.verify,
          REQ_CLI_CERT: it.require,
          CRL_CHECKALL: false,
          CERT_FILE: it.files.certificate,
          CRL_DIR: '',
          CA_FILE: it.ca ?? '',
          CA_DIR: '',
          PKEY_FILE: it.files.key,
          CIPHER_LIST: it.ciphers ?? '',
          DH_PARAMS_FILE: '',
          EC_CURVE: '',
        })),
      }),
    },
    'tls_mgm:reload': {
      describe: 'Reads the files of certificates again, which happens by itself, too, when they change.',
      aliases: ['tls_reload'],
      run: ({ context }) => {
        context.services.environment.network.reloadCertificates?.();
        return 'OK';
      },
    },
  },
  missing: Object.fromEntries(
    [
      'tls_version',
      'tls_description',
      'tls_cipher_info',
      'tls_cipher_bits',
      'tls_peer_subject',
      'tls_peer_subject_cn',
      'tls_peer_issuer',
      'tls_peer_san_hostname',
      'tls_peer_serial',
      'tls_my_subject_cn',
    ].map((name) => [name, NO_DETAILS]),
  ),
  notes:
    'Domains that share a socket must agree in `verify_cert`, `require_cert`, `ca_list`, `tls_method` and `ciphers_list`: a certificate is asked for before the name is known. Paths are relative to where the server runs.',
});

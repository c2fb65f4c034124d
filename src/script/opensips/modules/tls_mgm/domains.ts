import { ServerError } from '../../../../base/errors.ts';
import { formatHostPort } from '../../../../base/ip.ts';
import type { CertificateFiles, TlsClient, TlsSettings } from '../../../../net/tls-settings.ts';
import type { TlsWish } from '../../frame/module.ts';

/** What `modparam` lines say of each TLS domain, by its name; '' for what names none and holds for all. */
export type ByDomain = ReadonlyMap<string, string>;

/** The parameters of domains. */
export interface DomainParams {
  readonly server_domain: readonly string[];
  readonly client_domain: readonly string[];
  readonly match_ip_address: ByDomain;
  readonly match_sip_domain: ByDomain;
  readonly tls_method: ByDomain;
  readonly certificate: ByDomain;
  readonly private_key: ByDomain;
  readonly ca_list: ByDomain;
  readonly ciphers_list: ByDomain;
  readonly verify_cert: ByDomain;
  readonly require_cert: ByDomain;
}

const TABLES = [
  'match_ip_address',
  'match_sip_domain',
  'tls_method',
  'certificate',
  'private_key',
  'ca_list',
  'ciphers_list',
  'verify_cert',
  'require_cert',
] as const;

/** A virtual TLS domain. */
export interface TlsDomain {
  readonly name: string;
  readonly kind: 'server' | 'client';
  /** `IP` or `IP:port`; empty for any. */
  readonly addresses: readonly string[];
  /** In lower case; `*` and `none` among them as they are. */
  readonly sipDomains: readonly string[];
  readonly method: string;
  readonly files: CertificateFiles;
  /** Whether the script names its certificate. */
  readonly ownFiles: boolean;
  readonly ca: string | undefined;
  readonly ciphers: string | undefined;
  readonly verify: boolean;
  readonly require: boolean;
}

export const DEFAULT_DOMAIN = 'default';
const ANY_HOSTS: readonly string[] = ['0.0.0.0', '::', '*'];

function invalid(message: string, hint: string): ServerError {
  return new ServerError('CFG_INVALID', `tls_mgm: ${message}`, { hint });
}

/** @throws ServerError CFG_INVALID for what is said of a domain that is none */
export function domainsOf(params: DomainParams): readonly TlsDomain[] {
  const { server_domain: servers, client_domain: clients } = params;
  const known = new Set(['', DEFAULT_DOMAIN, ...servers, ...clients]);
  for (const param of TABLES) {
    for (const name of params[param].keys()) {
      if (known.has(name)) continue;
      throw invalid(
        `${param}: there is no domain ${name}`,
        `write modparam("tls_mgm", "server_domain", "${name}") or "client_domain"`,
      );
    }
  }
  return [
    ...(servers.length > 0 ? servers : [DEFAULT_DOMAIN]).map((name) => domain(name, 'server', params)),
    ...clients.map((name) => domain(name, 'client', params)),
  ];
}

function domain(name: string, kind: TlsDomain['kind'], params: DomainParams): TlsDomain {
  const of = (table: ByDomain): string | undefined => table.get(name) ?? table.get('');
  const list = (table: ByDomain): string[] => {
    const words = (of(table) ?? '*').split(',').map((word) => word.trim().toLowerCase());
    return words.filter((word) => word !== '');
  };
  const addresses = list(params.match_ip_address);
  return {
    name,
    kind,
    addresses: addresses.includes('*') ? [] : addresses,
    sipDomains: list(params.match_sip_domain),
    method: of(params.tls_method) ?? 'SSLv23',
    files: {
      certificate: of(params.certificate) ?? 'tls/cert.pem',
      key: of(params.private_key) ?? 'tls/ckey.pem',
    },
    ownFiles: of(params.certificate) !== undefined,
    ca: of(params.ca_list),
    ciphers: of(params.ciphers_list),
    verify: of(params.verify_cert) !== '0',
    require: of(params.require_cert) !== '0',
  };
}

/**
 * What a socket does TLS with; undefined where no server domain is meant for it.
 * @throws ServerError CFG_INVALID for domains of one socket that cannot go together
 */
export function tlsOf(
  domains: readonly TlsDomain[],
  verifyServers: boolean,
  host: string,
  ports: readonly number[],
): TlsWish | undefined {
  const here = [host, ...ports.map((port) => formatHostPort(host, port))];
  const meant = domains.filter(
    ({ kind, addresses }) =>
      kind === 'server' &&
      (addresses.length === 0 || ANY_HOSTS.includes(host) || addresses.some((it) => here.includes(it))),
  );
  const standard =
    meant.find(({ sipDomains }) => sipDomains.includes('*') || sipDomains.includes('none')) ?? meant[0];
  if (standard === undefined) return undefined;
  for (const other of meant) checkAgreement(standard, other, here.at(-1)!);
  const { files, ca, ciphers } = standard;
  return {
    ...files,
    servers: meant.flatMap(({ sipDomains, files: own }) =>
      sipDomains.filter((name) => name !== '*' && name !== 'none').map((name) => ({ name, ...own })),
    ),
    clientCertificates: clientCertificates(standard),
    verifyServers,
    clients: domains
      .filter(({ kind }) => kind === 'client')
      .toSorted(bySpecificity)
      .map(client),
    minVersion: minVersion(standard),
    ...(ca !== undefined && { ca }),
    ...(ciphers !== undefined && { ciphers }),
  };
}

/** Asking for certificates comes before a name is known, so that domains of one socket cannot differ in it. */
function checkAgreement(one: TlsDomain, other: TlsDomain, socket: string): void {
  const differs = (what: string): ServerError =>
    invalid(
      `the domains ${one.name} and ${other.name} differ in ${what}, on the socket ${socket}`,
      'give them sockets of their own, by match_ip_address, or the same value',
    );
  if (clientCertificates(one) !== clientCertificates(other)) throw differs('verify_cert or require_cert');
  if (one.ca !== other.ca) throw differs('ca_list');
  if (minVersion(one) !== minVersion(other)) throw differs('tls_method');
  if (one.ciphers !== other.ciphers) throw differs('ciphers_list');
}

function clientCertificates({ verify, require: needed }: TlsDomain): TlsSettings['clientCertificates'] {
  if (!verify) return 'off';
  return needed ? 'required' : 'optional';
}

/** The lower end of a range; older ones than TLS 1.2 are not spoken. */
function minVersion({ method }: TlsDomain): TlsSettings['minVersion'] {
  return method.split('-')[0]!.toLowerCase() === 'tlsv1_3' ? 'TLSv1.3' : 'TLSv1.2';
}

function client({ sipDomains, addresses, ownFiles, files, ca, verify }: TlsDomain): TlsClient {
  return {
    domains: sipDomains.includes('*') ? [] : sipDomains,
    addresses,
    certificate: ownFiles ? files : undefined,
    ca,
    verify,
  };
}

/** Whole names before patterns, and those before what means any; addresses before any. */
function bySpecificity(a: TlsDomain, b: TlsDomain): number {
  return rank(b) - rank(a);
}

function rank({ sipDomains, addresses }: TlsDomain): number {
  const name = sipDomains.includes('*') ? 0 : sipDomains.some((it) => it.startsWith('*.')) ? 1 : 2;
  return name * 2 + (addresses.length > 0 ? 1 : 0);
}

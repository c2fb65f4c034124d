import { canonicalHost } from '../base/ip.ts';
import { type TransportName, transportName } from '../net/transport-name.ts';
import { parseAddressParts } from './advertised-address.ts';

/** A further name that this server answers to. */
export interface Alias {
  /** Undefined: any transport. */
  readonly transport: TransportName | undefined;
  /** As written; IPv6 without brackets. */
  readonly host: string;
  /** Undefined: any port. */
  readonly port: number | undefined;
  /** Names that end in `.host` are meant too. */
  readonly acceptSubdomain: boolean;
}

export type ParsedAlias =
  | { readonly ok: true; readonly alias: Alias }
  | { readonly ok: false; readonly reason: string };

/** Reads `[PROTO:]HOST[:PORT] [accept_subdomain]`, where PROTO may be `any`; what is left out matches everything. */
export function parseAlias(text: string): ParsedAlias {
  const [address = '', flag, ...rest] = text.trim().split(/\s+/);
  if (rest.length > 0 || (flag !== undefined && flag !== 'accept_subdomain')) {
    return { ok: false, reason: 'an alias is written as [PROTO:]HOST[:PORT] [accept_subdomain]' };
  }
  const colon = address.indexOf(':');
  const word = colon < 0 ? '' : address.slice(0, colon).toLowerCase();
  const transport = transportName(word);
  const hasProtocol = transport !== undefined || word === 'any';
  const parsed = parseAddressParts(hasProtocol ? address.slice(colon + 1) : address);
  if (!parsed.ok) return parsed;
  const { host, port } = parsed.parts;
  if (host === undefined) return { ok: false, reason: 'an alias needs a host' };
  return { ok: true, alias: { transport, host, port, acceptSubdomain: flag !== undefined } };
}

/**
 * @param host canonical
 * @param port undefined asks for any
 * @param transport undefined asks for any
 */
export function aliasMatches(
  alias: Alias,
  host: string,
  port: number | undefined,
  transport: TransportName | undefined,
): boolean {
  if (alias.port !== undefined && port !== undefined && alias.port !== port) return false;
  if (alias.transport !== undefined && transport !== undefined && alias.transport !== transport) return false;
  const name = canonicalHost(alias.host);
  return host === name || (alias.acceptSubdomain && host.endsWith(`.${name}`));
}

import { ServerError } from '../../base/errors.ts';
import { canonicalHost } from '../../base/ip.ts';
import type { ServerConfig } from './server-config.ts';

/** Not an address: subscribers' hashes hold it, and a server's address may change. */
const NO_DOMAIN = 'viaduct';

/** The realm of challenges, under which the addresses of the server itself are filed too. */
export function defaultRealm(config: ServerConfig): string {
  return config.auth.realm ?? config.advertise.domains?.[0] ?? NO_DOMAIN;
}

/**
 * Whom `alice` or `alice@example.com` means among the subscribers. Where no domains are configured, all users are those
 * of the server itself, however its address is written.
 * @throws ServerError USER_UNKNOWN for a domain that is not served here
 */
export function subscriberName(config: ServerConfig, text: string): { user: string; realm: string } {
  const at = text.lastIndexOf('@');
  const realm = defaultRealm(config);
  if (at < 0) return { user: text, realm };
  const user = text.slice(0, at);
  const domain = canonicalHost(text.slice(at + 1));
  const domains = config.advertise.domains ?? [];
  if (domain === realm || domains.length === 0 || config.auth.realm !== undefined) return { user, realm };
  if (domains.includes(domain)) return { user, realm: domain };
  throw new ServerError('USER_UNKNOWN', `${domain} is no domain of this server`, {
    hint: `its domains are ${domains.join(', ')}: add others under "domains" in the configuration`,
  });
}

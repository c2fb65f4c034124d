/** Who the phone is, and where its server listens. */
export interface Account {
  /** `sip:alice@example.com` */
  readonly address: string;
  readonly password: string;
  /** `wss://sip.example.com` */
  readonly server: string;
  /** What others see; may be empty. */
  readonly name: string;
  /** `stun:stun.example.com`; empty for none. */
  readonly stun: string;
}

const KEY = 'viaduct-phone-account';
const NOBODY: Account = { address: '', password: '', server: '', name: '', stun: '' };

type Fields = Partial<Record<keyof Account, string>>;

function remembered(): Fields {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}') as Fields;
  } catch {
    return {};
  }
}

/**
 * What is known before anybody has typed: what the address line says behind `#` (`#address=sip:alice@example.com&…`),
 * else what was typed the last time. The address line forgets it at once, for it may hold a password.
 * @returns `whole` where the address line said all that it takes to sign in
 */
export function knownAccount(): { readonly account: Account; readonly whole: boolean } {
  const said = Object.fromEntries(new URLSearchParams(location.hash.slice(1))) as Fields;
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
  const account = { ...NOBODY, ...remembered(), ...said };
  return {
    account,
    whole: said.address !== undefined && said.password !== undefined && said.server !== undefined,
  };
}

/** Keeps everything but the password for the next time. */
export function remember(account: Account): void {
  const { password: _, ...rest } = account;
  try {
    localStorage.setItem(KEY, JSON.stringify(rest));
  } catch {
    // A browser that keeps nothing (private windows) loses a convenience only.
  }
}

/** Reads what a person typed: the schemes may be left out. @returns what is wrong with it, or the account */
export function readAccount(typed: Account): Account | { readonly trouble: string } {
  const address = withScheme(typed.address, 'sip:');
  const server = typed.server.includes('://') ? typed.server.trim() : `wss://${typed.server.trim()}`;
  const stun = typed.stun.trim() === '' ? '' : withScheme(typed.stun, 'stun:');
  if (!/^sips?:[^@\s]+@[^@\s]+$/.test(address)) {
    return { trouble: 'The SIP address looks like sip:alice@example.com.' };
  }
  if (!/^wss?:$/.test(URL.parse(server)?.protocol ?? '')) {
    return { trouble: 'The server looks like wss://sip.example.com.' };
  }
  if (server.startsWith('ws:') && location.protocol === 'https:') {
    return { trouble: 'A page that came over https: may connect to wss: only.' };
  }
  return { ...typed, address, server, stun };
}

function withScheme(text: string, scheme: string): string {
  const trimmed = text.trim();
  return /^[a-z]+:/i.test(trimmed) ? trimmed : scheme + trimmed;
}

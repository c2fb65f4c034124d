/** In place of `=`, which a parameter cannot hold. */
const PADDING = '-';

/** What stands between two URIs: with either of them the other is found again. @param secret '' for none */
export function keep(a: string, b: string, secret: string): string {
  const length = Math.max(a.length, b.length);
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = code(a, i) ^ code(b, i) ^ key(secret, i);
  return bytes.toString('base64').replaceAll('=', PADDING);
}

/** The other of the two URIs; undefined for what `keep` has not made. */
export function other(kept: string, uri: string, secret: string): string | undefined {
  const bytes = Buffer.from(kept.replaceAll(PADDING, '='), 'base64');
  if (bytes.length === 0 || bytes.length < uri.length) return undefined;
  let found = '';
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i]! ^ code(uri, i) ^ key(secret, i);
    if (c === 0) break;
    found += String.fromCharCode(c);
  }
  return /^[a-z][a-z0-9+.-]*:[^\s<>"]+$/i.test(found) ? found : undefined;
}

function code(text: string, at: number): number {
  return at < text.length ? text.charCodeAt(at) : 0;
}

function key(secret: string, at: number): number {
  return secret === '' ? 0 : secret.charCodeAt(at % secret.length);
}

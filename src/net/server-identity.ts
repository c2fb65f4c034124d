import { X509Certificate } from 'node:crypto';
import { canonicalHost, ipFamily } from '../base/ip.ts';

/** Names beyond these are not looked at. */
const MOST_NAMES = 256;

/**
 * The SIP domains that a certificate speaks for (RFC 5922 §7.1): the hosts of its `sip` URIs without a user, and its
 * DNS names; lower case. A certificate without either speaks for none: the subject's common name is not used.
 */
export function certificateDomains(certificate: X509Certificate): readonly string[] {
  const domains: string[] = [];
  for (const [kind, value] of alternativeNames(certificate.subjectAltName ?? '')) {
    if (kind === 'DNS') domains.push(value.toLowerCase());
    if (kind === 'URI') {
      const host = sipHost(value);
      if (host !== undefined) domains.push(host);
    }
  }
  return domains;
}

/**
 * Whether a certificate was made for a domain, or for an IP address where a URI gave nothing else. Names are compared
 * as a whole: a wildcard stands for nothing (RFC 5922 §7.2).
 */
export function isCertificateFor(certificate: X509Certificate, host: string): boolean {
  const wanted = canonicalHost(host);
  if (ipFamily(wanted) === 0)
    return certificateDomains(certificate).includes(withoutRoot(wanted.toLowerCase()));
  return alternativeNames(certificate.subjectAltName ?? '').some(
    ([kind, value]) => kind === 'IP Address' && canonicalHost(value) === wanted,
  );
}

/**
 * For `checkServerIdentity` of `tls.connect`.
 * @returns what is wrong, undefined where nothing is
 */
export function serverIdentityFault(raw: Uint8Array, host: string): Error | undefined {
  const certificate = new X509Certificate(raw);
  if (isCertificateFor(certificate, host)) return undefined;
  const names = certificate.subjectAltName?.slice(0, 200) ?? 'none';
  return new Error(`the certificate is not for ${host}: its names are ${names}`);
}

function withoutRoot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** `sip:example.com` and `sip:example.com:5061` name a domain; a user, or another scheme, names something else. */
function sipHost(uri: string): string | undefined {
  if (uri.slice(0, 4).toLowerCase() !== 'sip:' || uri.includes('@')) return undefined;
  const end = uri.slice(4).search(/[:;?]/);
  const host = (end < 0 ? uri.slice(4) : uri.slice(4, 4 + end)).toLowerCase();
  return host === '' ? undefined : host;
}

/**
 * Takes apart what Node prints: `DNS:a.example.com, URI:sip:example.com`. A value with a comma or a quote in it is
 * printed as a JSON string; whatever does not look like that ends the list.
 */
function alternativeNames(text: string): [kind: string, value: string][] {
  const names: [string, string][] = [];
  let at = 0;
  while (at < text.length && names.length < MOST_NAMES) {
    const colon = text.indexOf(':', at);
    if (colon < 0) break;
    const kind = text.slice(at, colon);
    let value: string;
    if (text[colon + 1] === '"') {
      const end = closingQuote(text, colon + 2);
      if (end < 0) break;
      value = JSON.parse(text.slice(colon + 1, end + 1)) as string;
      at = end + 1;
    } else {
      const end = text.indexOf(', ', colon);
      at = end < 0 ? text.length : end;
      value = text.slice(colon + 1, at);
    }
    names.push([kind, value]);
    if (text.slice(at, at + 2) !== ', ') break;
    at += 2;
  }
  return names;
}

function closingQuote(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}

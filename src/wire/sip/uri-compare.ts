import { canonicalHost } from '../../base/ip.ts';
import { undoUnreservedEscapes } from './escape.ts';
import { nextParam } from './params.ts';
import type { Uri } from './uri.ts';

/**
 * Whether two URIs are equivalent: RFC 3261 §19.1.4 for `sip:` and `sips:`, RFC 3966 §4 for `tel:`, the same text for
 * other schemes. Symmetric, but not transitive: parameters that only one side has are mostly passed over.
 */
export function sameUri(a: Uri, b: Uri): boolean {
  if (a.kind !== b.kind || a.scheme !== b.scheme) return false;
  if (a.kind === 'tel') return sameTel(a, b);
  if (a.kind === 'other') return a.params === b.params;
  return (
    sameText(a.user, b.user) &&
    sameText(a.password, b.password) &&
    canonicalHost(a.host) === canonicalHost(b.host) &&
    // A port left out is not the default port: it may come out of an SRV record.
    a.port === b.port &&
    sameParams(paramMap(a.params), paramMap(b.params)) &&
    sameHeaders(a.headers, b.headers)
  );
}

/** Parameters that make two URIs different where only one has them, even with their default value. */
const DECISIVE: readonly string[] = ['user', 'ttl', 'method', 'maddr', 'transport'];

function sameParams(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other !== undefined && other !== value) return false;
  }
  return DECISIVE.every((name) => a.has(name) === b.has(name));
}

/** Parameters by name, both in lower case and with escapes undone; the first of a name counts. */
function paramMap(text: string): Map<string, string> {
  const params = new Map<string, string>();
  for (let param = nextParam(text, 0); param; param = nextParam(text, param.end)) {
    const name = undoUnreservedEscapes(param.name).toLowerCase();
    if (name === '' || params.has(name)) continue;
    params.set(name, undoUnreservedEscapes(param.value ?? '').toLowerCase());
  }
  return params;
}

/** Headers are never passed over: both sides must have the same, in any order. */
function sameHeaders(a: string, b: string): boolean {
  if (a === b) return true;
  const left = headerList(a);
  const right = headerList(b);
  return left.length === right.length && left.every((header, i) => header === right[i]);
}

function headerList(text: string): string[] {
  return text
    .slice(1)
    .split('&')
    .map((header) => {
      const equals = header.indexOf('=');
      const name = equals < 0 ? header : header.slice(0, equals);
      const value = equals < 0 ? '' : header.slice(equals + 1);
      return `${undoUnreservedEscapes(name).toLowerCase()}=${undoUnreservedEscapes(value)}`;
    })
    .sort();
}

function sameText(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && undoUnreservedEscapes(a) === undoUnreservedEscapes(b);
}

function sameTel(a: Uri, b: Uri): boolean {
  if (bareNumber(a.user ?? '') !== bareNumber(b.user ?? '')) return false;
  const left = telParams(a.params);
  const right = telParams(b.params);
  return left.size === right.size && [...left].every(([name, value]) => right.get(name) === value);
}

function telParams(text: string): Map<string, string> {
  const params = paramMap(text);
  for (const name of ['ext', 'phone-context']) {
    const value = params.get(name);
    // A context may be a domain, whose dots and hyphens belong to it.
    if (value !== undefined && (name === 'ext' || value.startsWith('+'))) params.set(name, bareNumber(value));
  }
  return params;
}

/** A telephone number without its visual separators, in lower case (RFC 3966 §3, §5.1.1). */
export function bareNumber(number: string): string {
  let out = '';
  for (const c of number) {
    if (c !== '-' && c !== '.' && c !== '(' && c !== ')') out += c;
  }
  return out.toLowerCase();
}

import { canonicalHost, ipFamily } from '../../../base/ip.ts';

/** The bytes of an address as a byte string; undefined for what is none. */
export function toBytes(address: string): string | undefined {
  const family = ipFamily(address);
  if (family === 4) return String.fromCharCode(...address.split('.').map(Number));
  if (family !== 6) return undefined;
  const [head = '', tail] = canonicalHost(address).split('::');
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  const all = [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
  return String.fromCharCode(...all.flatMap((group) => [group >> 8, group & 255]));
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** The address of 4 or 16 bytes. */
export function fromBytes(bytes: string): string | undefined {
  const codes = [...bytes].map((c) => c.charCodeAt(0));
  if (codes.length === 4) return codes.join('.');
  if (codes.length !== 16) return undefined;
  const written = Array.from({ length: 8 }, (_, i) =>
    ((codes[2 * i]! << 8) | codes[2 * i + 1]!).toString(16),
  );
  return canonicalHost(written.join(':'));
}

import type { Endpoint } from './packet-path.ts';

/** Both are canonical. */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}

/** Whether it stands for no address: on hold in a session description (RFC 2543 §B.5), any in a listener. */
export function isNullAddress(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

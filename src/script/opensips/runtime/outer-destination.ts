import { nextHops } from '../../../core/proxy/next-hop.ts';
import type { Listener } from '../../../net/listener.ts';
import type { HeaderEntry } from '../../../wire/sip/build.ts';
import { Uri } from '../../../wire/sip/uri.ts';
import type { ServerServices } from './server-services.ts';

/** An address that a destination of a table has; port 0 where any will do. */
export interface OuterAddress {
  readonly address: string;
  readonly port: number;
}

/** The addresses behind a URI, by RFC 3263; none where there are none, or it cannot be read. */
export async function addressesOf(
  uri: string,
  { environment }: ServerServices,
  forced?: Listener,
): Promise<readonly OuterAddress[]> {
  const received = forced ?? environment.network.listeners[0];
  if (received === undefined || Uri.parse(uri) === undefined) return [];
  const hops = await nextHops(
    { requestUri: uri, routes: [], source: undefined, connectionId: 0, received, forced },
    environment,
  );
  return hops.map(({ destination: { address, port } }) => ({ address, port }));
}

/** Whether one of the addresses is that. @param port 0 for any */
export function isAmong(addresses: readonly OuterAddress[], address: string, port: number): boolean {
  return addresses.some((it) => it.address === address && (port === 0 || it.port === 0 || it.port === port));
}

export interface Probe {
  readonly method: string;
  readonly from: string;
  readonly socket: Listener | undefined;
  readonly headers?: readonly HeaderEntry[];
}

/** Asks a destination whether it is there. @returns the status of its answer; 408 where there is none */
export async function probe(uri: string, wanted: Probe, { client }: ServerServices): Promise<number> {
  try {
    const { status, response } = await client.request({
      method: wanted.method,
      requestUri: uri,
      from: wanted.from,
      ...(wanted.socket && { listener: wanted.socket.name }),
      ...(wanted.headers && { headers: wanted.headers }),
    });
    return response === undefined ? 408 : status;
  } catch {
    // A URI of the table that cannot be written leads nowhere.
    return 408;
  }
}

/** `501, 403`: statuses besides 200 that tell that a destination is there; ranges as `5xx` too. */
export function replyCodes(text: string | undefined): (status: number) => boolean {
  const codes = (text ?? '')
    .split(',')
    .map((it) => it.trim().toLowerCase())
    .filter((it) => it !== '');
  return (status) =>
    status === 200 ||
    codes.some((it) => (it.endsWith('xx') ? it[0] === String(status)[0] : Number(it) === status));
}

/** The name in `$avp(name)`, or of a name alone. */
export function avpName(written: string): string {
  return /^\$?avp\((.+)\)$/.exec(written.trim())?.[1] ?? written.trim();
}

/** FNV-1a: where a text leads among several is the same each time. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

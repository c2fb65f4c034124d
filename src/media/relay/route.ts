import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { ipFamily } from '../../base/ip.ts';

const DISCARD = 9;

/** @returns the address of this machine from which packets to `address` would leave; undefined without a route */
export async function addressTowards(address: string): Promise<string | undefined> {
  const family = ipFamily(address);
  if (family === 0) return undefined;
  const socket = createSocket({
    type: family === 4 ? 'udp4' : 'udp6',
    lookup: (host, _, found) => found(null, host, family),
  });
  try {
    // Connecting a datagram socket sends nothing: the kernel only looks the route up.
    const connected = once(socket, 'connect');
    socket.connect(DISCARD, address);
    await connected;
    return socket.address().address;
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}

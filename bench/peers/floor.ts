import { join } from 'node:path';
import { loadAccelerator } from '../../src/net/accelerator.ts';
import { type Peer, PORT, ROOT } from './peer.ts';

/** A proxy of the same messages that keeps nothing: what JavaScript with this server's input and output cannot undercut. */
export function floor(): Peer {
  const batched = loadAccelerator() !== undefined;
  return {
    name: 'floor',
    version: 'floor-proxy.ts',
    flags: `Node ${process.version}, ${batched ? 'batched datagrams' : 'node:dgram'}, no transactions`,
    files: {},
    command: [process.execPath, join(ROOT, 'bench', 'load', 'floor-proxy.ts'), String(PORT)],
    learns: true,
    lingerSeconds: 0,
  };
}

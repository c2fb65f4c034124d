import { openAcceleratedIo } from './accelerated-io.ts';
import { loadAccelerator } from './accelerator.ts';
import type { OpenDatagramIo } from './datagram-io.ts';
import { openDgramIo } from './dgram-io.ts';

/** `auto` takes the accelerated path where it was built, `portable` never. */
export type DatagramChoice = 'auto' | 'portable';

/** How datagrams pass between the kernel and this process. */
export interface DatagramPath {
  readonly name: 'accelerated' | 'portable';
  readonly open: OpenDatagramIo;
}

export function datagramPath(choice: DatagramChoice): DatagramPath {
  const accelerator = choice === 'auto' ? loadAccelerator() : undefined;
  if (!accelerator) return { name: 'portable', open: openDgramIo };
  return { name: 'accelerated', open: openAcceleratedIo(accelerator) };
}

import { openAcceleratedIo } from './accelerated-io.ts';
import { loadAccelerator } from './accelerator.ts';
import type { OpenDatagramIo } from './datagram-io.ts';
import { openDgramIo } from './dgram-io.ts';
import type { WorkerPlace } from './worker-place.ts';

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

/** Datagram sockets that the workers of this process share. */
export interface SharedDatagrams {
  /** How the worker of that place opens its end of a socket; the first to open one binds it. */
  openAs(place: WorkerPlace): OpenDatagramIo;
  /** For when all workers have ended: closes the sockets of those that could not close them. */
  closeAbandoned(): void;
}

/** @returns undefined where the accelerator is not built for this machine: then there can be only one worker */
export function sharedDatagrams(): SharedDatagrams | undefined {
  const accelerator = loadAccelerator();
  return (
    accelerator && {
      openAs: (place) => openAcceleratedIo(accelerator, place),
      closeAbandoned: () => accelerator.closeAbandoned(),
    }
  );
}

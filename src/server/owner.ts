import type { WorkerPlace } from '../net/worker-place.ts';
import { aorOwner, callOwner } from '../wire/sip/owner.ts';

/** Whether the bindings of an address-of-record are this worker's to look after. */
export function ownsAor({ index, count }: WorkerPlace, aor: string): boolean {
  return aorOwner(aor, count) === index;
}

/** Whether an address of another server is this worker's to ask. */
export function ownsAddress(place: WorkerPlace | undefined, address: string): boolean {
  return place === undefined || callOwner(address, place.count) === place.index;
}

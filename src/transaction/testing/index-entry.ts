import type { Indexed } from '../server-index.ts';
import type { ServerKey } from '../server-key.ts';

/** What a `ServerIndex` holds, and no more. */
export class IndexEntry implements Indexed<IndexEntry> {
  readonly key: ServerKey;
  keyHash = 0;
  nextOfBucket: IndexEntry | undefined = undefined;

  constructor(key: ServerKey) {
    this.key = key;
  }
}

import type { MessagePort } from 'node:worker_threads';

/** To the relay's thread. */
export type ThreadOrder =
  /** Commands come by this port from now on; it is transferred. */
  | { readonly kind: 'connect'; readonly port: MessagePort }
  /** End calls, complete files, and be done. */
  | { readonly kind: 'stop' };

/** From the relay's thread. */
export type ThreadReport =
  | { readonly kind: 'started' }
  /** It ends without having started, by a fault that an operator can mend. */
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly hint: string | undefined;
    }
  /** A line for the log: the thread has channels of its own. */
  | { readonly kind: 'log'; readonly line: object }
  /** The same of recordings. */
  | { readonly kind: 'recording'; readonly event: object };

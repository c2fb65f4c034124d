/** Whoever runs scripts, and knows what is theirs. */
export interface FaultSink {
  /** Whether something was thrown by a file of the program. */
  isScriptFault(error: unknown): boolean;
  /** Logs what was thrown outside any handler. */
  strayFault(error: unknown): void;
}

/**
 * Catches what scripts throw outside their handlers, in timers and in promises that nobody waits for, so that it ends in
 * the log and not in the end of the process. A rejection often does not tell whose it is (that of `fetch` has no frame of
 * the script), so none ends the process. What the server itself throws does, as ever: nobody knows what state it left.
 * @returns what takes the watch off again
 */
export function watchStrayFaults(runtime: FaultSink): Disposable {
  const thrown = (error: unknown): void => {
    if (!runtime.isScriptFault(error)) throw error;
    runtime.strayFault(error);
  };
  const rejected = (error: unknown): void => runtime.strayFault(error);
  process.on('uncaughtException', thrown).on('unhandledRejection', rejected);
  return {
    [Symbol.dispose]: () => {
      process.off('uncaughtException', thrown).off('unhandledRejection', rejected);
    },
  };
}

const POLL_MS = 20;

/** Asks until it is so. */
export async function until<T>(ask: () => T | Promise<T>, isSo: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (isSo(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

import { createRequire } from 'node:module';

/**
 * Loads an addon of `native/`. Each thread loads it anew.
 * @returns undefined where it was not built for this machine, or cannot be loaded
 */
export function loadNativeAddon(name: 'datagram' | 'relay'): unknown {
  const file = `${name}-${process.platform}-${process.arch}.node`;
  const require = createRequire(import.meta.url);
  // From the sources, and from the compiled package, which lies one folder deeper.
  for (const folder of ['../../native/build', '../../../native/build']) {
    try {
      return require(`${folder}/${file}`);
    } catch {}
  }
  return undefined;
}

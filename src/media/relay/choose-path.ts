import { logLine } from '../../base/channels.ts';
import { AcceleratedPath } from './accelerated-path.ts';
import { KernelPath, type KernelPathOptions } from './kernel/kernel-path.ts';
import type { PacketPath } from './packet-path.ts';
import { PortablePath } from './portable-path.ts';
import { loadRelayAddon } from './relay-thread.ts';

/**
 * Ways for packets to move. `auto` is the best that changes nothing of the machine: the accelerated one, or the portable
 * one. The kernel's passes by the machine's own firewall, so it is for whoever runs the machine to choose.
 */
export type PathChoice = 'auto' | PacketPath['name'];

/** @returns the path that was chosen; where it cannot be had, the one before it, which is said once */
export function choosePath(choice: PathChoice, options: KernelPathOptions): PacketPath {
  if (choice === 'kernel') return new KernelPath(choosePath('auto', options), options);
  if (choice === 'portable') return new PortablePath(options.clock);
  const addon = loadRelayAddon();
  if (addon) return new AcceleratedPath(addon, options);
  logLine('warn', 'relay', 'packets take the portable path: the accelerator is not built for this machine');
  return new PortablePath(options.clock);
}

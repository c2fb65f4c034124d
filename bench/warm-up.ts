// What a server goes through before it is measured.
import { costOf } from './figures.ts';
import { type Peer, PORT } from './peers/peer.ts';
import type { Load, Run } from './sipload.ts';

/** Slow enough that a server that has compiled nothing yet is not overrun. */
const FIRST = { cps: 500, warmSeconds: 0, seconds: 3, runs: 1 };
/** While a server learns, as many calls come as it can do with so many open; over connections, at a rate that it bears. */
const LEARNING = { window: 20, cps: 600, warmSeconds: 12, seconds: 0, runs: 0 };

/**
 * Drives calls until a server's tables are made and its code is compiled. A program of machine code is what it is after
 * the first calls; one that is compiled while it runs is handed on to better code over some 20,000 of them.
 *
 * @returns what each of the first calls of its life cost, in µs
 */
export async function warmUp(
  { learns = false }: Peer,
  pids: readonly number[],
  drive: (load: Load) => Promise<Run>,
): Promise<number> {
  const { stretches } = await drive({ pids, port: PORT, ...FIRST });
  if (learns) await drive({ pids, port: PORT, ...LEARNING });
  return costOf(stretches).us;
}

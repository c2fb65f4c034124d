import { lookup } from 'node:dns/promises';

/** Asks the system: files, DNS, whatever it is set to. */
export async function findAddress(host: string, family: 4 | 6): Promise<string | undefined> {
  try {
    return (await lookup(host, { family })).address;
  } catch {
    return undefined;
  }
}

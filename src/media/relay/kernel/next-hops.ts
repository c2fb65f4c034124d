import { readFileSync } from 'node:fs';
import type { KernelTools } from './tools.ts';

/** Devices whose names need no thought about quoting. */
const PLAIN_NAME = /^[\w.:@-]{1,15}$/;
/** What every link must carry (RFC 8200 §5), where nobody says how much a device does. */
const LEAST_MTU = 1280;

/** Which way packets to an address go. */
export interface Route {
  readonly to: string;
  /** The address of this machine that they have; undefined: as the kernel chooses. */
  readonly from: string | undefined;
}

/** The answer, for an address on another machine. */
export interface Hop {
  readonly device: string;
  /** The router, or the address itself. */
  readonly neighbour: string;
  /** The address of this machine that packets have. */
  readonly source: string;
  /** The longest packet, in bytes. */
  readonly mtu: number;
}

/** What `ip -json route get` prints, as far as it is read. */
interface Answer {
  readonly type?: string;
  readonly dst?: string;
  readonly from?: string;
  readonly prefsrc?: string;
  readonly gateway?: string;
  readonly via?: unknown;
  readonly dev?: string;
}

/** Ways out of this machine, kept until they are asked for afresh. */
export class NextHops {
  readonly #tools: KernelTools;
  #hops = new Map<string, Hop | undefined>();

  constructor(tools: KernelTools) {
    this.#tools = tools;
  }

  /** @returns undefined where none was found: this machine itself, no route, many receivers */
  get(route: Route): Hop | undefined {
    return this.#hops.get(keyOf(route));
  }

  /** Finds what is not known yet. */
  async resolve(routes: readonly Route[]): Promise<void> {
    const unknown = routes.map(keyOf).filter((key) => !this.#hops.has(key));
    for (const [key, hop] of await this.#ask(unknown)) this.#hops.set(key, hop);
  }

  /** Asks for all of these anew, and forgets the rest. */
  async refresh(routes: readonly Route[]): Promise<void> {
    this.#hops = await this.#ask(routes.map(keyOf));
  }

  async #ask(keys: readonly string[]): Promise<Map<string, Hop | undefined>> {
    const hops = new Map<string, Hop | undefined>(keys.map((key) => [key, undefined]));
    if (hops.size === 0) return hops;
    const questions = [...hops.keys()].map((key) => `route get ${key}\n`).join('');
    // With -force what has no answer does not keep the rest from theirs, but fails the whole.
    const { text } = await this.#tools.run('ip', ['-json', '-force', '-batch', '-'], questions);
    const mtus = new Map<string, number>();
    for (const line of text.split('\n')) {
      const answer = parse(line);
      if (answer?.dst === undefined) continue;
      const given = keyOf({ to: answer.dst, from: answer.from });
      hops.set(hops.has(given) ? given : answer.dst, hopOf(answer, mtus));
    }
    return hops;
  }
}

function keyOf({ to, from }: Route): string {
  return from === undefined ? to : `${to} from ${from}`;
}

/** Each answer is a list of one, on a line. */
function parse(line: string): Answer | undefined {
  try {
    return (JSON.parse(line) as Answer[])[0];
  } catch {
    return undefined;
  }
}

/** @param mtus of devices that were met before */
function hopOf(
  { type, dst, from, prefsrc, gateway, via, dev }: Answer,
  mtus: Map<string, number>,
): Hop | undefined {
  const source = from === undefined || from === '::' ? prefsrc : from;
  // Routes of other kinds lead nowhere, to all, or here; a neighbour of the other family is beyond nftables.
  if (type !== undefined && type !== 'unicast') return undefined;
  if (dst === undefined || dev === undefined || source === undefined || via !== undefined) return undefined;
  if (!PLAIN_NAME.test(dev) || dev === 'lo') return undefined;
  const mtu = mtus.get(dev) ?? mtuOf(dev);
  mtus.set(dev, mtu);
  return { device: dev, neighbour: gateway ?? dst, source, mtu };
}

function mtuOf(device: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${device}/mtu`, 'latin1')) || LEAST_MTU;
  } catch {
    return LEAST_MTU;
  }
}

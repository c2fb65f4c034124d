import { readFileSync, statSync } from 'node:fs';
import type { Clock } from '../../base/clock.ts';
import { canonicalHost, ipFamily } from '../../base/ip.ts';

const LOOK_EVERY_MS = 5000;
const MOST_BYTES = 1_048_576;
const NONE: readonly string[] = [];

/** The names of the machine's own file, which go before DNS as they do everywhere (hosts(5)); read again when it changes. */
export class HostsFile {
  readonly #path: string;
  readonly #clock: Clock;
  #hosts: ReadonlyMap<string, readonly string[]> = new Map();
  #lookAt = Number.NEGATIVE_INFINITY;
  #version = '';

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** The addresses of a host in canonical form; empty where the file does not name it. */
  find(host: string): readonly string[] {
    const now = this.#clock.now();
    if (now >= this.#lookAt) {
      this.#lookAt = now + LOOK_EVERY_MS;
      this.#read();
    }
    return this.#hosts.get(host) ?? NONE;
  }

  #read(): void {
    try {
      const { mtimeMs, size } = statSync(this.#path);
      const version = `${mtimeMs} ${size}`;
      if (version === this.#version || size > MOST_BYTES) return;
      this.#hosts = parse(readFileSync(this.#path, 'latin1'));
      this.#version = version;
    } catch {
      // No file, no names.
      this.#hosts = new Map();
      this.#version = '';
    }
  }
}

function parse(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.split('#', 1)[0]!.trim().split(/\s+/);
    if (ipFamily(address) === 0) continue;
    for (const name of names) {
      const host = canonicalHost(name);
      const addresses = hosts.get(host) ?? [];
      if (!addresses.includes(canonicalHost(address))) addresses.push(canonicalHost(address));
      hosts.set(host, addresses);
    }
  }
  return hosts;
}

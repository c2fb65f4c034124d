import type { KernelTools, Output } from '../tools.ts';

interface FakeTable {
  readonly maps: Map<string, Map<string, string>>;
  readonly chains: Map<string, string[]>;
  readonly counters: Map<string, { packets: number; bytes: number }>;
}

const DONE: Output = { ok: true, text: '', error: '' };

/** Does what `nft` and `ip` would, as far as the kernel path asks them, and remembers what it was asked. */
export class FakeKernel implements KernelTools {
  readonly tables: Map<string, FakeTable> = new Map();
  /** By destination, what `ip route get` says beside it; others have no route. */
  readonly routes: Map<string, object> = new Map();
  /** The scripts that `nft` was given. */
  readonly scripts: string[] = [];
  /** What the next scripts fail with, one each. */
  readonly faults: string[] = [];
  #gate: Promise<void> = Promise.resolve();

  get table(): FakeTable | undefined {
    return [...this.tables.values()][0];
  }

  /** What packets are found by, and where it leads. */
  get elements(): string[] {
    return [...(this.table?.maps.values() ?? [])].flatMap((map) =>
      [...map].map(([key, to]) => `${key} : ${to}`),
    );
  }

  /** Scripts that are given from now on are done only when the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return resolve;
  }

  async run(program: 'nft' | 'ip', words: readonly string[], input = ''): Promise<Output> {
    if (program === 'ip') return words.includes('link') ? DONE : this.#route(input);
    if (words[0] === '-f') {
      this.scripts.push(input);
      await this.#gate;
      const fault = this.faults.shift();
      return fault === undefined ? this.#load(input) : failed(fault);
    }
    if (words[0] === 'delete')
      return this.tables.delete(words.at(-1)!) ? DONE : failed('No such file or directory');
    return this.#list(words);
  }

  runNow(_program: 'nft', words: readonly string[]): void {
    this.tables.delete(words.at(-1)!);
  }

  #route(input: string): Output {
    const lines = input.split('\n').flatMap((line) => {
      const [, , dst = '', , from] = line.split(' ');
      const route = this.routes.get(dst);
      return route === undefined ? [] : [JSON.stringify([{ dst, ...(from ? { from } : {}), ...route }])];
    });
    return { ok: false, text: lines.join('\n'), error: '' };
  }

  #list(words: readonly string[]): Output {
    if (words.includes('tables')) return listed([...this.tables.keys()].map((name) => ({ table: { name } })));
    const table = this.tables.get(words.at(-1)!);
    if (table === undefined) return failed('No such file or directory');
    return listed([...table.counters].map(([name, counts]) => ({ counter: { name, ...counts } })));
  }

  /** All or nothing. */
  #load(input: string): Output {
    const before = structuredClone([...this.tables]);
    for (const line of input.trim().split('\n')) {
      if (this.#obey(line)) continue;
      this.tables.clear();
      for (const [name, table] of before) this.tables.set(name, table);
      return failed(line);
    }
    return DONE;
  }

  #obey(line: string): boolean {
    const [verb, kind, , tableName = '', name = '', ...rest] = line.split(' ');
    if (verb === 'add' && kind === 'table') {
      if (!this.tables.has(tableName)) {
        this.tables.set(tableName, { maps: new Map(), chains: new Map(), counters: new Map() });
      }
      return true;
    }
    const table = this.tables.get(tableName);
    if (table === undefined) return false;
    if (kind === 'element') {
      const [key = '', to] = rest.slice(1, -1).join(' ').split(' : goto ');
      const map = table.maps.get(name);
      if (verb === 'delete') return map?.delete(key) === true;
      return map !== undefined && table.chains.has(to!) && map.set(key, to!) === map;
    }
    if (kind === 'rule') return (table.chains.get(name)?.push(rest.join(' ')) ?? 0) > 0;
    const isReferred = [...table.maps.values()].some((map) => [...map.values()].includes(name));
    if (verb === 'delete') {
      return kind === 'chain' ? !isReferred && table.chains.delete(name) : table.counters.delete(name);
    }
    if (kind === 'map') table.maps.set(name, new Map());
    else if (kind === 'chain') table.chains.set(name, rest.length > 0 ? [rest.join(' ')] : []);
    else table.counters.set(name, { packets: 0, bytes: 0 });
    return true;
  }
}

function failed(error: string): Output {
  return { ok: false, text: '', error };
}

function listed(nftables: readonly object[]): Output {
  return { ok: true, text: JSON.stringify({ nftables: [{ metainfo: {} }, ...nftables] }), error: '' };
}

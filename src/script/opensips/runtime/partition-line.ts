/** What a `partition` parameter says: `name: param = value; param = value`, or `default: name`. */
export interface PartitionLine {
  readonly name: string;
  readonly params: ReadonlyMap<string, string>;
  /** The partition that it stands for; undefined for one of its own. */
  readonly is: string | undefined;
}

/**
 * The partitions of a module, each once; the default one is among them where the module's own parameters name it, or
 * nothing else does.
 * @param named whether they do
 */
export function partitionLines(written: readonly string[], named: boolean): readonly PartitionLine[] {
  const lines = written.map(partitionLine);
  const own = !lines.some(({ name }) => name === 'default') && (named || lines.length === 0);
  return own ? [{ name: 'default', params: new Map(), is: undefined }, ...lines] : lines;
}

/** Puts partitions in place of others, where the script says so. */
export function takeStandIns<P>(partitions: Map<string, P>, lines: readonly PartitionLine[]): void {
  for (const { name, is } of lines) {
    const found = is === undefined ? undefined : partitions.get(is);
    if (found !== undefined) partitions.set(name, found);
  }
}

function partitionLine(line: string): PartitionLine {
  const [, name = '', list = ''] = /^\s*([^:]*?)\s*(?::([\s\S]*))?$/.exec(line)!;
  const params = new Map<string, string>();
  let is: string | undefined;
  for (const part of list.split(';').map((it) => it.trim())) {
    const equals = part.indexOf('=');
    if (equals > 0) params.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
    else if (part !== '') is = part;
  }
  return { name, params, is };
}

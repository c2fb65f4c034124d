import { CommandFault } from '../ops/admin/admin-command.ts';
import { callControl } from '../ops/admin/control-client.ts';
import { controlPath } from '../ops/admin/control-path.ts';
import { type ConfigOptions, configOf } from './config-options.ts';
import { harmless, print, table } from './terminal.ts';

/** `viaduct ctl COMMAND …`: the management commands of the server that runs on this data directory. */
export async function control(
  name: string | undefined,
  args: readonly string[],
  options: ConfigOptions & { readonly json?: true },
): Promise<void> {
  const { data } = await configOf(options);
  const answer = await callControl(controlPath(data), name ?? 'help', args);
  if (!answer.ok) throw new CommandFault(answer.error.message, answer.error.data?.hint);
  print(options.json ? harmless(JSON.stringify(answer.result, null, 2)) : resultText(answer.result));
}

type Row = Readonly<Record<string, unknown>>;

/** Text as it is, lists of objects as a table with a head, one object as a table of its keys. */
function resultText(result: unknown): string {
  if (Array.isArray(result)) {
    if (result.length === 0) return 'none';
    if (!result.every(isFlat)) return texts(result);
    const rows = result as readonly Row[];
    const head = Object.keys(rows[0]!);
    const cells = rows.map((row) => head.map((key) => harmless(String(row[key] ?? ''))));
    return table(
      cells,
      head.map((key) => key.toUpperCase()),
    );
  }
  if (typeof result === 'object' && result !== null) {
    if (!isFlat(result)) return harmless(JSON.stringify(result, null, 2));
    return table(Object.entries(result).map(([key, value]) => [key, harmless(String(value))]));
  }
  return harmless(String(result ?? 'done'));
}

/** Whether something is an object of plain values, which a table can show. */
function isFlat(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((it) => typeof it !== 'object' || it === null)
  );
}

/** A list of texts as lines; anything else as it is in JSON. */
function texts(list: readonly unknown[]): string {
  return list.every((it) => typeof it === 'string')
    ? list.map(harmless).join('\n')
    : harmless(JSON.stringify(list, null, 2));
}

// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';

/** JSON documents in variables: read by path, changed, printed. */
export interface JsonNames {
  /** Makes one part the same as another, so that a change of one is seen in both. */
  json_link(dest: string, source: string): boolean;
  /** Merges the second document into the first, and gives the result. */
  json_merge(main: string, patch: string, result: string): boolean;
  /** A JSON document or a part of it: `name/key[index]`, with `[]` behind an array for a new element, `.keys` or `.values` for `for … in`. `=` sets text or a number, `:=` reads the text as JSON, NULL removes. */
  $json(name: string, index?: number | '*'): Value;
  /** As `$json`, with line breaks: `name/key[index]`, with `[]` behind an array for a new element, `.keys` or `.values` for `for … in`. */
  $json_pretty(name: string, index?: number | '*'): Value;
  /** As `$json`, without blanks: `name/key[index]`, with `[]` behind an array for a new element, `.keys` or `.values` for `for … in`. */
  $json_compact(name: string, index?: number | '*'): Value;
  /** As `$json_compact`, slashes as they are: `name/key[index]`, with `[]` behind an array for a new element, `.keys` or `.values` for `for … in`. */
  $json_compact_noescape(name: string, index?: number | '*'): Value;
}

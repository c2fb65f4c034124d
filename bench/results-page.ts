// bench/RESULTS.md.
import type { Machine } from './machine.ts';
import type { Report, Table } from './report.ts';

/** What one bench came to. */
export type Section = { readonly command: string; readonly seconds: number } & (
  | { readonly report: Report }
  | { readonly failure: string }
);

export function resultsPage(where: Machine, sections: readonly Section[], quick: boolean): string {
  const { processor, cores, memoryGb, kernel, governor, node, load, date } = where;
  const minutes = Math.ceil(sections.reduce((sum, { seconds }) => sum + seconds, 0) / 60);
  const head = [
    '# Results',
    '',
    `Written by \`npm run bench:all${quick ? ' -- --quick' : ''}\` in ${minutes} minutes; [docs/performance.md](../docs/performance.md) says how to read`,
    'them. Ratios within one table are the point: absolute figures change with the machine.',
    '',
    `- ${processor}, ${cores} cores, ${memoryGb} GB, ${governor}; load ${load} before`,
    `- Linux ${kernel}, Node ${node}`,
    `- ${date.slice(0, 16).replace('T', ' ')} UTC`,
    ...(quick ? ['- Quick: short stretches, and fewer of them'] : []),
    '',
  ];
  const lines = [...head, ...sections.flatMap(sectionLines)];
  return `${lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}

function sectionLines(section: Section): string[] {
  const { command } = section;
  if ('failure' in section) return [`## ${command}`, '', `Failed: ${section.failure}`, ''];
  const { bench, scenario, servers, absent, failures, tables } = section.report;
  return [
    `## ${bench}`,
    '',
    `\`${command}\``,
    '',
    `${scenario}.`,
    '',
    ...tables.flatMap(tableLines),
    ...servers.map(({ name, version, flags }) => `- ${name}: ${version}${flags === '' ? '' : ` (${flags})`}`),
    ...absent.map(({ name, absent: why }) => `- ${name} is not measured: ${why}`),
    ...failures.map((failure) => `- Failed: ${failure}`),
    '',
  ];
}

function tableLines({ title, columns, rows }: Table): string[] {
  const all = [columns, ...rows].map((row) => row.map((text) => text.replaceAll('|', '\\|')));
  const widths = columns.map((_, at) => Math.max(3, ...all.map((row) => row[at]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, at) => text.padEnd(widths[at]!)).join(' | ')} |`;
  const [head, ...body] = all.map(line);
  return [
    `### ${title}`,
    '',
    head!,
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...body,
    '',
  ];
}

// bench/RESULTS.md.
import type { Machine } from './machine.ts';
import type { Report, Table } from './report.ts';

/** What one bench came to. */
export type Section = {
  readonly command: string;
  readonly seconds: number; // that it took
  readonly where: Machine; // before it began
} & ({ readonly report: Report } | { readonly failure: string });

export function resultsPage(sections: readonly Section[]): string {
  const head = [
    '# Results',
    '',
    'Written by `npm run bench:all`; [docs/performance.md](../docs/performance.md) says how to read it. Ratios within one table are',
    'the point: absolute figures change with the machine, and with whoever else works on it.',
    '',
    ...new Set(sections.map(({ where }) => machineLine(where))),
    '',
  ];
  const lines = [...head, ...sections.flatMap(sectionLines)];
  return `${lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}

function machineLine({ processor, cores, memoryGb, governor, kernel, node }: Machine): string {
  return `- ${processor}, ${cores} cores, ${memoryGb} GB, ${governor}; Linux ${kernel}, Node ${node}`;
}

function sectionLines(section: Section): string[] {
  const { command, seconds, where } = section;
  const when = `\`${command}\`, ${where.date.slice(0, 16).replace('T', ' ')} UTC, ${seconds} s, load ${where.load} before.`;
  if ('failure' in section) return [`## ${command}`, '', when, '', `Failed: ${section.failure}`, ''];
  const { bench, scenario, servers, absent, failures, tables } = section.report;
  return [
    `## ${bench}`,
    '',
    when,
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

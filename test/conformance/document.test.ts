import { expect, it } from 'vitest';
import { RFC4475 } from './rfc4475/table.ts';
import { RFC5118 } from './rfc5118/table.ts';
import { type TortureCase, tableCells } from './torture-case.ts';

const HEADINGS = ['Message', 'Section', 'What it is', 'As', 'What the RFC wants', 'What Viaduct does'];

/** A Markdown table with its columns lined up, as the formatter wants it. */
function table(cases: readonly TortureCase[]): string {
  const lines = [HEADINGS, ...cases.map(tableCells)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const printed = lines.map((line) => `| ${line.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`);
  return [
    printed[0],
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...printed.slice(1),
  ].join('\n');
}

const DOCUMENT = `# Conformance

Printed from the tables in \`test/conformance\`, whose tests send every message through parser and verdict. "As" says in
which role Viaduct meets the message. Where the RFC leaves a choice between refusing and guessing, Viaduct refuses; what
a proxy does not need it does not judge.

## RFC 4475: SIP torture test messages

${RFC4475.length} of ${RFC4475.length} messages.

${table(RFC4475)}

## RFC 5118: SIP torture test messages for IPv6

${RFC5118.length} of ${RFC5118.length} messages.

${table(RFC5118)}
`;

it('docs/conformance.md says what the tests hold (vitest -u writes it)', async () => {
  await expect(DOCUMENT).toMatchFileSnapshot('../../docs/conformance.md');
});

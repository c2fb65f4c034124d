import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedDocs } from '../../scripts/print-docs.ts';
import { checkConfig } from '../../src/ops/config/check-config.ts';
import { readYaml } from '../../src/ops/config/yaml-source.ts';

const ROOT = join(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT });
const generated = await generatedDocs();

describe('the documents', () => {
  it.each(Object.entries(generated))('%s is current; else run node scripts/print-docs.ts', (name, text) => {
    expect(readFileSync(join(ROOT, 'docs', name), 'utf8')).toBe(text);
  });

  it('show only configurations that are valid', () => {
    for (const page of pages) {
      const text = readFileSync(join(ROOT, page), 'utf8');
      for (const [, example = ''] of text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)) {
        const read = readYaml(page, example, { PUBLIC_IP: '99.88.44.33' });
        expect(read.ok && checkConfig(read.source), `${page}:\n${example}`).toMatchObject({ ok: true });
      }
    }
  });

  it('link to files that are there', () => {
    const broken = pages.flatMap((page) => {
      const text = readFileSync(join(ROOT, page), 'utf8');
      const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!);
      return links
        .filter((link) => !link.includes('://') && !existsSync(join(ROOT, dirname(page), link)))
        .map((link) => `${page}: ${link}`);
    });
    expect(broken).toEqual([]);
  });
});

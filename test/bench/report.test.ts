import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Notebook, publish } from '../../bench/report.ts';
import { resultsPage } from '../../bench/results-page.ts';

const SERVER = { name: 'ours', version: '1.0', flags: 'fast' };
const ABOUT = { bench: 'Calls', scenario: 'A call' };
const TABLE = {
  title: 'Cost',
  columns: ['server', 'µs'],
  rows: [
    ['ours', '7'],
    ['a|b', '12'],
  ],
};

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a report', () => {
  it('says who was measured, who is missing and what failed', async () => {
    const notebook = new Notebook();
    expect(notebook.present([SERVER, { name: 'theirs', absent: 'it is not installed' }])).toEqual([SERVER]);
    const good = await notebook.attempt('ours', async () => 7);
    const bad = await notebook.attempt('other', () => Promise.reject(new Error('log\nit does not listen')));
    expect([good, bad]).toEqual([7, undefined]);
    expect(notebook.report(ABOUT, [TABLE, { ...TABLE, rows: [] }], [7])).toMatchObject({
      ...ABOUT,
      servers: [SERVER],
      absent: [{ name: 'theirs', absent: 'it is not installed' }],
      failures: ['other: it does not listen'],
      tables: [TABLE],
      results: [7],
    });
  });

  it('leaves out, missing or not, who is not wanted', () => {
    const notebook = new Notebook('ours,plain');
    const candidates = [SERVER, { ...SERVER, name: 'Plain' }, { name: 'theirs', absent: 'why not' }];
    expect(notebook.present(candidates).map(({ name }) => name)).toEqual(['ours', 'Plain']);
    expect(notebook.report(ABOUT, [], []).absent).toEqual([]);
    expect([notebook.isWanted('OURS'), notebook.isWanted('theirs')]).toEqual([true, false]);
  });

  it('says of a failure what its log says first of an error', async () => {
    const notebook = new Notebook();
    await notebook.attempt('it', () => Promise.reject(new Error('starting\nERROR: no file\nbye')));
    expect(notebook.failures).toEqual(['it: ERROR: no file']);
  });

  it('is written as JSON where a file is named', () => {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-report-'));
    try {
      const file = join(folder, 'report.json');
      const report = new Notebook().report(ABOUT, [TABLE], []);
      publish(report, undefined);
      publish(report, file);
      expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(report);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the page of results', () => {
  const machine = {
    processor: 'A processor',
    cores: 2,
    memoryGb: 8,
    kernel: '6.1',
    governor: 'performance',
    node: 'v26',
    load: 0.1,
    date: '2026-01-02T03:04:05.000Z',
  };

  it('has tables of Markdown, and what could not be measured', async () => {
    const notebook = new Notebook();
    notebook.present([
      SERVER,
      { ...SERVER, name: 'plain', flags: '' },
      { name: 'theirs', absent: 'why not' },
    ]);
    await notebook.attempt('other', () => Promise.reject(new Error('no')));
    const report = notebook.report(ABOUT, [TABLE], []);
    const section = { command: 'npm run bench', seconds: 61, where: machine, report };
    const page = resultsPage([section, section]);
    expect(page).toContain('`npm run bench`, 2026-01-02 03:04 UTC, 61 s, load 0.1 before.');
    expect(page.match(/^- A processor.*$/gm)).toEqual([
      '- A processor, 2 cores, 8 GB, performance; Linux 6.1, Node v26',
    ]);
    expect(page).toContain('| server | µs  |\n| ------ | --- |\n| ours   | 7   |\n| a\\|b   | 12  |\n');
    expect(page).toContain(
      '- ours: 1.0 (fast)\n- plain: 1.0\n- theirs is not measured: why not\n- Failed: other: no\n',
    );
  });

  it('says which bench failed', () => {
    const section = { command: 'npm run bench', seconds: 3, where: machine, failure: 'it ended with 1' };
    const page = resultsPage([section]);
    expect(page).toContain('## npm run bench\n');
    expect(page).toContain('\nFailed: it ended with 1\n');
  });
});

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { sqliteSchema } from '../db/sql-text.ts';
import { command } from '../testing/call.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { DIALPLAN_TABLE } from './dialplan/partition.ts';

type RuleRow = Readonly<Record<string, string | number>>;

const RULES: readonly RuleRow[] = [
  {
    dpid: 1,
    pr: 5,
    match_op: 1,
    match_exp: '^(0040|\\+40|0|40)21[0-9]+',
    subst_exp: '^(0040|\\+40|0|40)(.+)',
    repl_exp: '40\\2',
    attrs: 'ro',
  },
  { dpid: 1, pr: 9, match_op: 1, match_exp: '^((Germany)|(Deutschland))', match_flags: 1, repl_exp: 'DE' },
  { dpid: 1, pr: 1, match_op: 1, match_exp: '^021456[0-9]{5}$', attrs: 'serviceX' },
  { dpid: 1, pr: 2, match_op: 0, match_exp: 'SIP server', repl_exp: 'OpenSIPS' },
  { dpid: 1, pr: 2, match_op: 0, match_exp: 'any case', match_flags: 1, repl_exp: 'yes' },
  { dpid: 2, pr: 5, match_op: 0, match_exp: '112', repl_exp: 'text' },
  { dpid: 2, pr: 4, match_op: 1, match_exp: '^1', repl_exp: 'pattern' },
  {
    dpid: 2,
    pr: 7,
    match_op: 1,
    match_exp: '^9',
    repl_exp: 'first',
    timerec: 'UTC|19990101T000000|20000101T000000',
  },
  {
    dpid: 2,
    pr: 8,
    match_op: 1,
    match_exp: '^9',
    repl_exp: 'second',
    timerec: 'UTC|20000101T000000|20900101T000000',
  },
  { dpid: 2, pr: 1, match_op: 1, match_exp: '^8', repl_exp: 'off', disabled: 1 },
  {
    dpid: 2,
    pr: 1,
    match_op: 1,
    match_exp: '^7(.*)$',
    subst_exp: '^7(.*)$',
    repl_exp: '\\1@$fU-$(ci{s.len})',
  },
  { dpid: 3, pr: 1, match_op: 1, match_exp: '(?=a)', repl_exp: 'x' },
  { dpid: 3, pr: 1, match_op: 1, match_exp: 'a', subst_exp: 'a', repl_exp: '\\3' },
  { dpid: 3, pr: 1, match_op: 1, match_exp: 'a', timerec: 'never', repl_exp: 'x' },
];

function table(rules: readonly RuleRow[], name = 'dialplan'): string {
  const path = join(mkdtempSync(join(tmpdir(), 'dp-')), 'dp.sqlite');
  const database = new DatabaseSync(path);
  database.exec(sqliteSchema(name, DIALPLAN_TABLE));
  for (const rule of rules) {
    const names = Object.keys(rule);
    database
      .prepare(`INSERT INTO ${name} (${names}) VALUES (${names.map(() => '?')})`)
      .run(...Object.values(rule));
  }
  database.close();
  return path;
}

const script = (
  body: string,
  params: string,
) => `loadmodule "signaling.so" loadmodule "sl.so" loadmodule "tm.so"
  loadmodule "db_sqlite.so" loadmodule "dialplan.so"
  ${params}
  route { ${body} exit; }`;
const URL = (path: string) => `modparam("dialplan", "db_url", "sqlite://${path}")`;

describe('dialplan', () => {
  it.each([
    [1, '0040211234', '40211234 ro'],
    [1, '0214567', '40214567 ro'],
    [1, 'deutschland', 'DE '],
    [1, '02145612345', 'kept serviceX'],
    [1, 'SIP server', 'OpenSIPS '],
    [1, 'sip server', 'none'],
    [1, 'ANY CASE', 'yes '],
    [1, 'nothing', 'none'],
    [2, '112', 'pattern '],
    [2, '9', 'second '],
    [2, '8', 'none'],
    [2, '755', '55@alice-5 '],
    [3, 'a', 'none'],
    [7, 'a', 'none'],
  ])('translates by dialplan %i: %s', async (id, input, expected) => {
    await using server = await ScriptUnderTest.run(
      script(
        `$var(o) = "kept"; if (dp_translate(${id}, "${input}", $var(o), $var(a))) xlog("=$var(o) $var(a)"); else xlog("=none");`,
        URL(table(RULES)),
      ),
    );
    server.peer('192.0.2.7').request('OPTIONS');
    expect(server.lines.filter((it) => it.startsWith('='))).toEqual([`=${expected}`]);
    expect(server.lines.filter((it) => it.startsWith('dialplan: rule'))).toHaveLength(3);
  });

  it('has partitions, and commands', async () => {
    const [first, other] = [
      table(RULES),
      table([{ dpid: 1, match_op: 0, match_exp: 'a', repl_exp: 'b', attrs: 'x' }], 'others'),
    ];
    await using server = await ScriptUnderTest.run(
      script(
        'if (dp_translate(1, "a", $var(o), , "pstn")) xlog("$var(o)"); if (!dp_translate(1, "a")) xlog("not in default"); if (!dp_translate(1, "a", , , "none")) xlog("no partition");',
        `${URL(first)} modparam("dialplan", "partition", "pstn: table_name = others; db_url = sqlite://${other}")`,
      ),
    );
    server.peer('192.0.2.7').request('OPTIONS');
    expect(server.lines.slice(-3)).toEqual(['b', 'not in default', 'no partition']);
    expect(await command(server, 'dp_translate', { dpid: 1, input: 'a', partition: 'pstn' })).toEqual({
      Output: 'b',
      ATTRIBUTES: 'x',
    });
    await expect(command(server, 'dp_translate', { dpid: 9, input: 'a' })).rejects.toThrow('No information');
    await expect(command(server, 'dp_translate', { dpid: 1, input: 'a' })).rejects.toThrow('No translation');
    expect(await command(server, 'dp_show_partition', { partition: 'pstn' })).toEqual({
      Partition: 'pstn',
      Table: 'others',
      db_url: `sqlite://${other}`,
    });
    expect(await command(server, 'dialplan:show_partition')).toHaveProperty('Partitions.length', 2);
    new DatabaseSync(other).exec("UPDATE others SET repl_exp = 'c'");
    await command(server, 'dp_reload', { partition: 'pstn' });
    expect(await command(server, 'dp_translate', { dpid: 1, input: 'a', partition: 'pstn' })).toMatchObject({
      Output: 'c',
    });
  });

  it('may have another partition for the default', async () => {
    const path = table([{ dpid: 1, match_op: 0, match_exp: 'a', repl_exp: 'b' }], 'others');
    await using server = await ScriptUnderTest.run(
      script(
        'dp_translate(1, "a", $var(o)); xlog("$var(o)");',
        `modparam("dialplan", "partition", "pstn: table_name = others; db_url = sqlite://${path}") modparam("dialplan", "partition", "default: pstn")`,
      ),
    );
    server.peer('192.0.2.7').request('OPTIONS');
    expect(server.lines).toEqual(['b']);
  });
});

import { DbUrl, dbUrlParameter } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { int, optional, output, text } from '../frame/argument.ts';
import { CommandError, type Json } from '../frame/command.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { listParameter, textParameter } from '../frame/parameter.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import { partitionLines, takeStandIns } from '../runtime/partition-line.ts';
import { type DialplanColumns, DialplanPartition } from './dialplan/partition.ts';
import { translate } from './dialplan/rules.ts';

interface State {
  readonly partitions: ReadonlyMap<string, DialplanPartition>;
  readonly context: ModuleContext;
}

const { fn, define } = moduleParts<State>();

/** @throws CommandError */
function partitionNamed({ partitions }: State, name: Json | undefined): DialplanPartition {
  const found = partitions.get(String(name ?? 'default'));
  if (found === undefined) throw new CommandError(404, 'Partition Not Found');
  return found;
}

export const module: ScriptModule = define({
  name: 'dialplan',
  summary:
    'Translates texts, as dialled numbers, by the rules of OpenSIPS’s table: by equality or by expressions.',
  params: {
    partition: listParameter(
      '`name: db_url = …; table_name = …`: another table; `default: name` puts it in place of the first.',
    ),
    db_url: dbUrlParameter('Where the table is.'),
    table_name: textParameter('dialplan', 'Name of the table.'),
    dpid_col: textParameter('dpid', 'A column.'),
    pr_col: textParameter('pr', 'A column.'),
    match_op_col: textParameter('match_op', 'A column.'),
    match_exp_col: textParameter('match_exp', 'A column.'),
    match_flags_col: textParameter('match_flags', 'A column.'),
    subst_exp_col: textParameter('subst_exp', 'A column.'),
    repl_exp_col: textParameter('repl_exp', 'A column.'),
    timerec_col: textParameter('timerec', 'A column.'),
    disabled_col: textParameter('disabled', 'A column.'),
    attrs_col: textParameter('attrs', 'A column.'),
  },
  start: async (params, context) => {
    const columns: DialplanColumns = {
      dpid: params.dpid_col,
      pr: params.pr_col,
      match_op: params.match_op_col,
      match_exp: params.match_exp_col,
      match_flags: params.match_flags_col,
      subst_exp: params.subst_exp_col,
      repl_exp: params.repl_exp_col,
      timerec: params.timerec_col,
      disabled: params.disabled_col,
      attrs: params.attrs_col,
    };
    const lines = partitionLines(params.partition, params.db_url !== undefined);
    const partitions = new Map<string, DialplanPartition>();
    for (const { name, params: own, is } of lines) {
      if (is !== undefined) continue;
      const url = own.get('db_url');
      const database = await openDatabase(
        context,
        'dialplan',
        url === undefined ? params.db_url : DbUrl.parse(url),
      );
      const table = own.get('table_name') ?? params.table_name;
      const partition = new DialplanPartition(name, table, context, database, columns);
      await partition.load();
      partitions.set(name, partition);
    }
    takeStandIns(partitions, lines);
    return { partitions, context };
  },
  functions: {
    dp_translate: fn({
      args: [
        int('id'),
        text('input'),
        optional(output('out_var')),
        optional(output('attrs_var')),
        optional(text('partition')),
      ],
      routes: ['request', 'failure', 'local', 'branch', 'startup', 'timer', 'event', 'onreply'],
      describe:
        'Translates a text by the rules of a dialplan; a rule without a replacement leaves `out_var` as it is.',
      returns: '1: a rule matches; -1: none does, or there is no such dialplan.',
      run: (m, { partitions }, id, input, result, attrs, name) => {
        const plan = partitions.get(name ?? 'default')?.plans.get(id);
        const rule = input === '' ? undefined : plan?.find(input, m.program.services.clock.wallNow());
        const translation = rule && translate(rule, input, m);
        if (translation === undefined) return false;
        if (translation.output !== undefined) result?.set(m, translation.output);
        attrs?.set(m, translation.attrs);
        return true;
      },
    }),
  },
  commands: {
    'dialplan:reload': {
      describe: 'Reads the tables again.',
      params: ['partition?'],
      aliases: ['dp_reload'],
      run: async (state, { partition }) => {
        const meant =
          partition === undefined ? new Set(state.partitions.values()) : [partitionNamed(state, partition)];
        for (const it of meant) await it.load();
        return 'OK';
      },
    },
    'dialplan:translate': {
      describe: 'Translates a text.',
      params: ['dpid', 'input', 'partition?'],
      aliases: ['dp_translate'],
      run: (state, { dpid, input, partition }) => {
        const plan = partitionNamed(state, partition).plans.get(Number(dpid));
        if (plan === undefined) throw new CommandError(404, 'No information available for dpid');
        const rule = plan.find(String(input), state.context.services.clock.wallNow());
        const translation = rule && translate(rule, String(input), undefined);
        if (translation === undefined) throw new CommandError(404, 'No translation');
        return { Output: translation.output ?? '', ATTRIBUTES: translation.attrs };
      },
    },
    'dialplan:show_partition': {
      describe: 'Lists the tables, or one.',
      params: ['partition?'],
      aliases: ['dp_show_partition'],
      run: (state, { partition }) => {
        if (partition !== undefined) {
          const { name, table, database } = partitionNamed(state, partition);
          return { Partition: name, Table: table, db_url: String(database.url) };
        }
        return {
          Partitions: [...state.partitions].map(([name, { table, database }]) => ({
            name,
            table,
            db_url: String(database.url),
          })),
        };
      },
    },
  },
  notes:
    'Expressions are Perl’s without look-around and back-references: every match takes time in proportion to the text. A rule whose expression has them is told in the log at the start, and left out.',
});

import { signature } from '../src/script/opensips/compile/call-compiler.ts';
import { coreModule } from '../src/script/opensips/core/core-module.ts';
import type { Argument } from '../src/script/opensips/frame/argument.ts';
import type { FunctionSpec } from '../src/script/opensips/frame/function.ts';
import type { ScriptModule } from '../src/script/opensips/frame/module.ts';
import { ANY, type RouteKinds } from '../src/script/opensips/frame/route-kind.ts';
import type { VariableSpec } from '../src/script/opensips/frame/variable.ts';
import { KNOWN_SETTINGS } from '../src/script/opensips/known-settings.ts';
import { routeWord } from '../src/script/opensips/language/route-words.ts';
import { importModule, moduleNames } from '../src/script/opensips/load-script.ts';
import { NEEDLESS, SUBSTITUTES } from '../src/script/opensips/substitutes.ts';
import { transformations } from '../src/script/opensips/transform/transformations.ts';
import { markdownTable } from './markdown-table.ts';
import { SCRIPT_SURFACE } from './script-surface.ts';

/** A page for each module of the scripts, and what the language has without any; by their names in `docs/`. */
export async function opensipsDocs(): Promise<Readonly<Record<string, string>>> {
  const modules = await Promise.all(moduleNames().map(async (name) => (await importModule(name))!));
  const pages = [coreModule, ...modules].map((module) => [`opensips/${module.name}.md`, modulePage(module)]);
  return {
    ...Object.fromEntries(pages),
    'opensips/README.md': surfacePage([coreModule, ...modules]),
    'opensips/modules.md': modulesPage(modules),
    'opensips/settings.md': settingsPage(),
    'opensips/transformations.md': transformationsPage(),
  };
}

function modulesPage(modules: readonly ScriptModule[]): string {
  const rows = modules.map((module) => {
    const { there, missing } = functionsOf(module);
    const count =
      missing.length === 0 ? `${there.length}` : `${there.length} of ${there.length + missing.length}`;
    return [`[${module.name}](${module.name}.md)`, cell(module.summary), count];
  });
  const needless = Object.entries(NEEDLESS).map(([name, why]) => [`\`${name}\``, cell(why)]);
  const others = Object.entries(SUBSTITUTES).map(([name, instead]) => [`\`${name}\``, cell(instead)]);
  return page(
    'Modules of OpenSIPS scripts',
    'What `loadmodule` loads, and how many of the functions of OpenSIPS each has. What needs no module is in [core](core.md).',
    [
      markdownTable(['module', 'what it does', 'functions'], rows),
      section('Modules without effect', [
        'A script may load them, and says their parameters to nobody.',
        markdownTable(['module', 'why'], needless),
      ]),
      section('Modules that are not there', [
        'A script that loads one of these is told so when it is checked.',
        markdownTable(['module', 'instead'], others),
      ]),
    ],
  );
}

/** What scripts use most, and whether it is there. */
function surfacePage(modules: readonly ScriptModule[]): string {
  const rows = (used: string, title: string, found: (name: string) => string | undefined) => {
    const uses = used
      .trim()
      .split('\n')
      .map((line) => line.trim().split(' '));
    const there = uses.filter(([name = '']) => found(name) !== undefined).length;
    return section(`${title}: ${there} of ${uses.length}`, [
      markdownTable(
        ['name', 'scripts', 'implemented'],
        uses.map(([name = '', count = '']) => [`\`${name}\``, count, found(name) ?? whyNot(name)]),
      ),
    ]);
  };
  const whyNot = (name: string) => {
    const why = modules.map(({ missing }) => missing?.[name]).find((it) => it) ?? SUBSTITUTES[name];
    return why === undefined ? 'no' : `no: ${cell(why)}`;
  };
  const owner = (table: 'functions' | 'variables', name: string) => {
    const module = modules.find((it) => Object.hasOwn(it[table] ?? {}, name));
    return module && `[${module.name}](${module.name}.md)`;
  };
  return page(
    'What scripts use most',
    'Counted in 155 scripts, and whether it is there. More: [the modules](modules.md), [what needs none](core.md), ' +
      '[settings](settings.md), [transformations](transformations.md).',
    [
      rows(SCRIPT_SURFACE.functions, 'Functions', (name) => owner('functions', name)),
      rows(SCRIPT_SURFACE.variables, 'Variables', (name) =>
        owner('variables', name.slice(1).replace(/\(.*/, '')),
      ),
      rows(SCRIPT_SURFACE.modules, 'Modules', (name) =>
        modules.some((it) => it.name === name) ? `[${name}](${name}.md)` : undefined,
      ),
      rows(SCRIPT_SURFACE.parameters, 'Parameters', (name) => {
        const [module, parameter = ''] = name.split(':');
        const known = modules.find((it) => it.name === module)?.params;
        return known && Object.hasOwn(known, parameter) ? `[${module}](${module}.md)` : undefined;
      }),
    ],
  );
}

function modulePage(module: ScriptModule): string {
  const { name, summary, needs = [], notes, sharedState } = module;
  return page(name === 'core' ? 'Without any module' : `The module ${name}`, summary, [
    needs.length > 0 && `Needs ${needs.map((it) => `[${it}](${it}.md)`).join(', ')}.`,
    notes,
    sharedState === true && 'A script that loads it runs in one [worker](../workers.md).',
    functionTable(module),
    parameters(module),
    functions(module),
    variables(module),
    commands(module),
    statistics(module),
    events(module),
  ]);
}

function functionsOf({ functions = {}, missing = {} }: ScriptModule) {
  const there = Object.entries(functions as Readonly<Record<string, FunctionSpec<never>>>);
  return {
    there: there.filter(([, { older }]) => older === undefined),
    older: there.filter(([, { older }]) => older !== undefined),
    missing: Object.entries(missing).filter(([name]) => /^\w+$/.test(name)),
  };
}

function functionTable(module: ScriptModule): string | false {
  const { there, older, missing } = functionsOf(module);
  const rows = [
    ...there.map(([name, { routes }]) => [name, 'yes', placesOf(routes)]),
    ...older.map(([name, { older }]) => [name, 'yes', `older: ${older}`]),
    ...missing.map(([name, why]) => [name, 'no', why]),
  ].sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  if (rows.length === 0) return false;
  const table = rows.map(([name = '', is = '', note = '']) => [`\`${name}\``, is, cell(note)]);
  return markdownTable(['function', 'implemented', 'where, or why not'], table);
}

function placesOf(routes: RouteKinds): string {
  return routes === ANY ? 'anywhere' : routes.map((kind) => routeWord(kind)).join(', ');
}

function parameters({ params = {} }: ScriptModule): string | false {
  const rows = Object.entries(params).map(([name, { type, shown, describe, noEffect, olderNameOf }]) => [
    `\`${name}\``,
    type,
    shown === '' ? '' : `\`${cell(shown)}\``,
    cell(
      olderNameOf
        ? `Older name of \`${olderNameOf}\`.`
        : noEffect
          ? `${describe} No effect: ${noEffect}.`
          : describe,
    ),
  ]);
  return (
    rows.length > 0 && section('Parameters', [markdownTable(['name', 'type', 'default', 'meaning'], rows)])
  );
}

function functions(module: ScriptModule): string | false {
  const { there } = functionsOf(module);
  return (
    there.length > 0 &&
    section(
      'Functions',
      there.map(([name, spec]) => functionText(name, spec)),
    )
  );
}

function functionText(name: string, spec: FunctionSpec<never>): string {
  const { args, describe, returns, waits, asynchronous } = spec;
  const more = [
    returns && `Returns ${returns}`,
    waits && (asynchronous === false ? 'Waits.' : 'Waits; may stand in `async()` and `launch()`.'),
  ].filter((it) => it);
  const list = args.map((argument) => {
    const said = argumentText(argument);
    return `- \`${argument.name}\`${argument.optional ? ' (may be left out)' : ''}${said && `: ${said}`}`;
  });
  return [
    `### \`${signature(name, args)}\``,
    '',
    [describe, ...more].join(' '),
    ...(list.length > 0 ? ['', ...list] : []),
  ].join('\n');
}

function argumentText({ kind, describe }: Argument<unknown>): string {
  return [kindText(kind), describe].filter((it) => it !== '').join('; ');
}

function kindText(kind: Argument<unknown>['kind']): string {
  switch (kind.is) {
    case 'text':
      return 'text with variables';
    case 'static':
      return 'text as it is';
    case 'int': {
      const ends = [
        kind.least > -(2 ** 31) && `from ${kind.least}`,
        kind.most < 2 ** 31 - 1 && `to ${kind.most}`,
      ];
      return ['a number', ...ends.filter((it) => it !== false)].join(' ');
    }
    case 'variable':
      return kind.writable ? 'a variable that gets it' : 'a variable';
    case 'variables':
      return 'variables that get it, with `;` between';
    case 'regex':
      return 'a regular expression';
    case 'route':
      return `the name of a \`${routeWord(kind.of)}\``;
    case 'letters': {
      const known = Object.entries(kind.known).map(([letter, means]) => `\`${letter}\` ${means}`);
      return `flags in one word: ${known.join(', ')}`;
    }
    case 'words':
      return `flags with commas between: ${Object.keys(kind.known)
        .map((it) => `\`${it}\``)
        .join(', ')}`;
    case 'choice':
      return `one of ${kind.known.map((it) => `\`${it}\``).join(', ')}`;
    case 'socket':
      return 'one of the sockets: `udp:10.0.0.34:5060`, or its tag';
    default:
      return '';
  }
}

function variables({ variables = {}, missing = {} }: ScriptModule): string | false {
  const there = Object.entries(variables as Readonly<Record<string, VariableSpec<never>>>).map(
    ([name, spec]) => [
      `\`${variableShape(name, spec)}\``,
      spec.write ? 'read, write' : 'read',
      cell(spec.older ? `Older: ${spec.older}` : variableText(spec)),
    ],
  );
  const absent = Object.entries(missing).filter(([name]) => name.startsWith('$'));
  const rows = [...there, ...absent.map(([name, why]) => [`\`${name}\``, 'no', cell(why)])];
  return rows.length > 0 && section('Variables', [markdownTable(['variable', 'access', 'meaning'], rows)]);
}

function variableShape(name: string, { inner = 'none', indexed }: VariableSpec<never>): string {
  const named = inner === 'none' ? name : inner === 'name' ? `${name}(NAME)` : `${name}[(NAME)]`;
  return indexed ? `$(${named}[INDEX])` : `$${named}`;
}

function variableText({ describe, fields }: VariableSpec<never>): string {
  if (fields === undefined) return describe;
  const known = Object.entries(fields).map(([field, means]) =>
    means === '' ? `\`${field}\`` : `\`${field}\` ${means}`,
  );
  return `${describe} Names: ${known.join(', ')}.`;
}

function commands({ commands = {} }: ScriptModule): string | false {
  const rows = Object.entries(commands).map(([name, { params = [], describe, aliases = [] }]) => [
    `\`${name}\``,
    params.map((it) => `\`${it}\``).join(', '),
    cell(aliases.length > 0 ? `${describe} Also: ${aliases.map((it) => `\`${it}\``).join(', ')}.` : describe),
  ]);
  return (
    rows.length > 0 &&
    section('MI commands', [markdownTable(['command', 'parameters', 'what it does'], rows)])
  );
}

function statistics({ statistics = {} }: ScriptModule): string | false {
  const rows = Object.entries(statistics).map(([name, { describe, reset }]) => [
    `\`${name}\``,
    cell(describe),
    reset ? 'yes' : 'no',
  ]);
  return rows.length > 0 && section('Statistics', [markdownTable(['name', 'meaning', 'can be reset'], rows)]);
}

function events({ events = {} }: ScriptModule): string | false {
  const rows = Object.entries(events).map(([name, { describe, params }]) => [
    `\`${name}\``,
    params.map((it) => `\`${it}\``).join(', '),
    cell(describe),
  ]);
  return rows.length > 0 && section('Events', [markdownTable(['event', 'parameters', 'when'], rows)]);
}

function settingsPage(): string {
  const rows = Object.entries(KNOWN_SETTINGS).map(([name, { kind, describe, noEffect, older }]) => [
    `\`${name}\``,
    kind === 'flag' ? 'yes or no' : kind === 'any' ? '' : kind,
    cell(
      older ? `${describe} Older: ${older}.` : noEffect ? `${describe} No effect: ${noEffect}.` : describe,
    ),
  ]);
  return page(
    'Settings of OpenSIPS scripts',
    'What may stand in the global part of a script beside `socket` and `alias`, and what becomes of it.',
    [markdownTable(['setting', 'type', 'meaning'], rows)],
  );
}

function transformationsPage(): string {
  const rows = [...transformations].map(
    ([
      name,
      {
        describe,
        args: [least, most],
      },
    ]) => [
      `\`{${name}}\``,
      most === Number.POSITIVE_INFINITY
        ? `${least} or more`
        : least === most
          ? String(least)
          : `${least} to ${most}`,
      cell(describe),
    ],
  );
  return page(
    'Transformations of OpenSIPS scripts',
    '`$(ru{uri.user}{s.len})`: each works on what comes from the left; case does not matter.',
    [markdownTable(['transformation', 'arguments', 'what it makes'], rows)],
  );
}

function page(title: string, summary: string, parts: readonly (string | false | undefined)[]): string {
  const text = [`# ${title}`, summary, ...parts.filter((it) => it)].join('\n\n');
  return `${text}\n`;
}

function section(title: string, parts: readonly string[]): string {
  return [`## ${title}`, ...parts].join('\n\n');
}

/** Bars and line ends would end a cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\r', '\\r').replaceAll('\n', '\\n');
}

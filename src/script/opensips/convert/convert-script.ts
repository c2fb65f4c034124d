import { fromByteString } from '../../../wire/sip/text.ts';
import { Scope } from '../compile/scope.ts';
import { waitingRoutes } from '../compile/waiting-routes.ts';
import { callsOf } from '../compile/walk.ts';
import type { RouteKind } from '../frame/route-kind.ts';
import type { ModuleParameter, RouteBlock, Script, SocketLine } from '../language/ast.ts';
import type { LoadedScript } from '../load-script.ts';
import { transformations } from '../transform/transformations.ts';
import type { ScriptView } from './expression-writer.ts';
import { key, quoted } from './literals.ts';
import { comments, indented, StatementWriter } from './statement-writer.ts';

/** Where the routes of a kind stand in the program; those without a name stand by themselves. */
const PLACES: readonly (readonly [RouteKind, string])[] = [
  ['request', 'routes'],
  ['failure', 'failure'],
  ['branch', 'branch'],
  ['onreply', 'onreply'],
  ['timer', 'timer'],
  ['event', 'event'],
];
const ALONE: Readonly<Partial<Record<RouteKind, string>>> = {
  request: 'request',
  error: 'error',
  local: 'local',
  startup: 'startup',
};

/** A script as a TypeScript program that does the same, for `viaduct --routes`. */
export function convertScript(loaded: LoadedScript): string {
  const { script, source } = loaded;
  const writer = new ProgramWriter(loaded);
  const body = [...globalPart(script), ...writer.routes()];
  const names = body.some((line) => line.includes('text`')) ? 'script, text' : 'script';
  return [
    ...headComments(source.text),
    `import { ${names} } from 'viaduct/opensips';`,
    '',
    'export default script({',
    ...indented(body),
    '});',
    '',
  ].join('\n');
}

class ProgramWriter {
  readonly #loaded: LoadedScript;
  readonly #view: ScriptView;
  readonly #waiting: ReadonlySet<RouteBlock>;

  constructor(loaded: LoadedScript) {
    this.#loaded = loaded;
    const { modules, script, source } = loaded;
    const scope = new Scope(modules, transformations);
    this.#waiting = waitingRoutes(new Map(script.routes.map((it) => [it, callsOf(it.body)])), scope);
    const waiting = new Set([...this.#waiting].filter((it) => it.kind === 'request').map((it) => it.name));
    const readsCodes = /\$\(?\s*(?:<\w+>)?(?:rc\b|retcode\b|\?)|\bretcode\b/.test(source.text);
    this.#view = {
      scope,
      source,
      waits: (name) => (name === undefined ? waiting.size > 0 : waiting.has(name)),
      readsCodes,
      usesResults: readsCodes || /[(!&|=[]\s*route\s*\(|\b(?:not|and|or)\s+route\s*\(/.test(source.text),
      valuesMatter: /\$\(?\s*return\(/.test(source.text),
    };
  }

  routes(): readonly string[] {
    const { routes } = this.#loaded.script;
    const alone = routes.filter(({ kind, name }) => name === '' && ALONE[kind] !== undefined);
    const parts = alone.map((it) => this.#route(it, ALONE[it.kind]!));
    for (const [kind, place] of PLACES) {
      const named = routes.filter((it) => it.kind === kind && !alone.includes(it));
      if (named.length === 0) continue;
      const inner = named.flatMap((it, i) => [
        ...(i === 0 ? [] : ['']),
        ...(kind === 'timer' ? this.#timer(it) : this.#route(it, key(it.name))),
      ]);
      parts.push([`${place}: {`, ...indented(inner), '},']);
    }
    return parts.flatMap((lines) => ['', ...lines]);
  }

  #timer(route: RouteBlock): readonly string[] {
    return [
      `${key(route.name)}: {`,
      ...indented([`seconds: ${route.interval},`, ...this.#route(route, 'run')]),
      '},',
    ];
  }

  #route(route: RouteBlock, name: string): readonly string[] {
    const statements = new StatementWriter(this.#view, this.#loaded.settings);
    return [
      ...comments(this.#view, route.start),
      `${this.#waiting.has(route) ? 'async ' : ''}${name}(m) {`,
      ...indented(statements.lines(route.body, route.kind === 'request' && route.name !== '')),
      '},',
    ];
  }
}

function globalPart({ settings, sockets, aliases, modules, parameters }: Script): readonly string[] {
  const part = (name: string, lines: readonly string[], marks: string) =>
    lines.length === 0 ? [] : [`${name}: ${marks[0]}`, ...indented(lines), `${marks[1]},`];
  const values = new Map(settings.map(({ name, value }) => [name, value]));
  return [
    ...part(
      'sockets',
      sockets.map((it) => `${socketText(it)},`),
      '[]',
    ),
    ...part(
      'aliases',
      aliases.map(({ text }) => `${quoted(text)},`),
      '[]',
    ),
    ...part(
      'settings',
      [...values].map(([name, value]) => `${key(name)}: ${literalOf(value)},`),
      '{}',
    ),
    ...part(
      'modules',
      modules.map(({ name }) => `${quoted(name)},`),
      '[]',
    ),
    ...part('parameters', parameterLines(parameters), '{}'),
  ];
}

function parameterLines(parameters: readonly ModuleParameter[]): readonly string[] {
  return [...Map.groupBy(parameters, ({ modules }) => modules)].flatMap(([modules, lines]) => {
    const byName = Map.groupBy(lines, ({ name }) => name);
    const inner = [...byName].map(([name, all]) => {
      const values = all.map(({ value }) => literalOf(value));
      return `${key(name)}: ${values.length === 1 ? values[0] : `[${values.join(', ')}]`},`;
    });
    return [`${key(modules)}: {`, ...indented(inner), '},'];
  });
}

function socketText({ address, advertised, tag, acceptSubdomain }: SocketLine): string {
  if (advertised === undefined && tag === undefined && !acceptSubdomain) return quoted(address);
  const parts = [
    `address: ${quoted(address)}`,
    advertised !== undefined && `as: ${quoted(advertised)}`,
    tag !== undefined && `tag: ${quoted(tag)}`,
    acceptSubdomain && 'acceptSubdomain: true',
  ];
  return `{ ${parts.filter((it) => it !== false).join(', ')} }`;
}

function literalOf(value: string | number): string {
  return typeof value === 'number' ? String(value) : plainQuoted(value);
}

/** Settings and parameters are text that becomes bytes by itself. */
function plainQuoted(bytes: string): string {
  return quoted(bytes).startsWith('text`') ? JSON.stringify(fromByteString(bytes)) : quoted(bytes);
}

/** What the script says of itself at its top. */
function headComments(text: string): readonly string[] {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('#'));
  return lines
    .slice(0, Math.max(0, end))
    .map((line) => `//${fromByteString(line.replace(/^#+/, ''))}`.trimEnd());
}

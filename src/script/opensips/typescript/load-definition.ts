import { toByteString } from '../../../wire/sip/text.ts';
import type { Route, ScriptDefinition, ScriptParts } from '../api/script-definition.ts';
import { CodeWriter } from '../compile/code-writer.ts';
import { formatMaker } from '../compile/format-maker.ts';
import { Scope } from '../compile/scope.ts';
import type { CompiledScript, RouteFunction, RouteFunctions } from '../compile/script-compiler.ts';
import { routeKey } from '../compile/script-compiler.ts';
import { coreModule } from '../core/core-module.ts';
import type { RouteKind } from '../frame/route-kind.ts';
import type { ModuleParameter, RawValue, RouteBlock, Script, Setting, SocketLine } from '../language/ast.ts';
import { Faults } from '../language/faults.ts';
import { SourceText } from '../language/source-text.ts';
import { checkNeeds, importModules, type LoadScriptResult, takeModules } from '../load-script.ts';
import { readSettings } from '../settings.ts';
import { takeParameters } from '../take-parameters.ts';
import { transformations } from '../transform/transformations.ts';
import { ended } from './message-base.ts';
import { messageMaker } from './message-class.ts';
import { References } from './references.ts';
import { writtenCalls } from './written-calls.ts';

/** Makes of a script in TypeScript what `loadScript` makes of one in OpenSIPS's language. */
export async function loadDefinition(
  file: string,
  source: string,
  definition: ScriptDefinition,
): Promise<LoadScriptResult> {
  const faults = new Faults(SourceText.of(toByteString(source), file));
  const routes = routesOf(definition.parts);
  const calls = writtenCalls(source);
  const script = {
    ...globalPart(definition.parts, faults.source.text),
    routes: routes.map(({ block }, i) => (i === 0 ? { ...block, body: calls } : block)),
  };
  const available = await importModules(script.modules.map(({ name }) => name));
  const settings = readSettings(script, faults);
  const modules = [coreModule, ...takeModules(script.modules, available, faults)];
  checkNeeds(modules, script.modules, faults);
  const parameters = takeParameters(modules, script.parameters, script.modules, faults);
  if (faults.failed) return { ok: false, problems: faults.errors, notices: faults.notices };
  const scope = new Scope(modules, transformations);
  const slots = new Map<string, number>();
  const instantiate = (states: readonly unknown[]): RouteFunctions => {
    const references = new References(scope, states, slots);
    const view = messageMaker(scope, states, { definition, settings, references });
    const runs = routes.map(({ block, run }): [string, RouteFunction] => [
      routeKey(block.kind, block.name),
      (m) => {
        const message = view(m);
        return ended(() => run(message));
      },
    ]);
    return new Map(runs);
  };
  const compiled: CompiledScript = {
    get variableCount() {
      return slots.size;
    },
    timers: routes.flatMap(({ block: { kind, name, interval } }) =>
      kind === 'timer' ? [{ name, seconds: interval }] : [],
    ),
    sockets: [],
    code: source,
    instantiate,
    format: formatMaker(scope, (of) => new CodeWriter(of, slots)),
    placeOf: () => 0,
  };
  return {
    ok: true,
    loaded: { file, source: faults.source, script, settings, modules, parameters, compiled },
    notices: faults.notices,
  };
}

interface NamedRoute {
  readonly block: RouteBlock;
  readonly run: Route;
}

function routesOf(parts: ScriptParts): readonly NamedRoute[] {
  const { request, error, local, startup } = parts;
  const one = (kind: RouteKind, run: Route | undefined) => (run ? [named(kind, '', run)] : []);
  const many = (kind: RouteKind, routes: Readonly<Record<string, Route>> = {}) =>
    Object.entries(routes).map(([name, run]) => named(kind, name, run));
  return [
    ...one('request', request),
    ...many('request', parts.routes),
    ...many('failure', parts.failure),
    ...many('branch', parts.branch),
    ...many('onreply', parts.onreply),
    ...one('error', error),
    ...one('local', local),
    ...one('startup', startup),
    ...Object.entries(parts.timer ?? {}).map(([name, { seconds, run }]) =>
      named('timer', name, run, seconds),
    ),
    ...many('event', parts.event),
  ];
}

function named(kind: RouteKind, name: string, run: Route, interval = 0): NamedRoute {
  return { block: { kind, name, interval, body: [], start: 0 }, run };
}

/** The parts that are no routes, as the parser makes them; places are where their words stand first. */
function globalPart(parts: ScriptParts, source: string): Omit<Script, 'routes'> {
  const start = (word: string) => Math.max(0, source.indexOf(word));
  return {
    settings: Object.entries(parts.settings ?? {}).map(
      ([name, value]): Setting => ({
        name,
        value: typeof value === 'string' ? toByteString(value) : value,
        start: start(name),
        valueStart: start(name),
        quoted: typeof value === 'string',
      }),
    ),
    sockets: (parts.sockets ?? []).map((socket): SocketLine => {
      const { address, as, tag, acceptSubdomain } =
        typeof socket === 'string' ? ({ address: socket } as const) : socket;
      return {
        address,
        advertised: as,
        tag,
        acceptSubdomain: acceptSubdomain ?? false,
        start: start(address),
      };
    }),
    aliases: (parts.aliases ?? []).map((text): RawValue => ({ text, start: start(text) })),
    modules: (parts.modules ?? []).map((name) => ({ name, start: start(name) })),
    parameters: Object.entries(parts.parameters ?? {}).flatMap(([modules, values]) =>
      Object.entries(values).flatMap(([name, value]) =>
        (Array.isArray(value) ? value : [value]).map(
          (one: string | number): ModuleParameter => ({
            modules,
            name,
            value: typeof one === 'string' ? toByteString(one) : one,
            start: start(name),
            modulesStart: start(name),
            nameStart: start(name),
            valueStart: start(name),
          }),
        ),
      ),
    ),
  };
}

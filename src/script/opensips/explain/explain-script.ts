import { parseAddressParts } from '../../../advertise/advertised-address.ts';
import { canonicalHost } from '../../../base/ip.ts';
import { positionText } from '../../fault-position.ts';
import { callsOf } from '../compile/walk.ts';
import type { Call, RouteBlock } from '../language/ast.ts';
import { routeTitle } from '../language/route-words.ts';
import type { LoadedScript } from '../load-script.ts';
import { argumentText, phraseOf } from './phrases.ts';

/** Functions that print an address which the script says itself. */
const PRINTING: ReadonlySet<string> = new Set(['set_advertised_address', 'record_route_preset']);
/** How routes are set off by others: the function whose argument names them. */
const ARMED_BY: Readonly<Record<string, string>> = {
  failure: 't_on_failure',
  branch: 't_on_branch',
  onreply: 't_on_reply',
};

/** What each route of a script does, in a few words, which addresses it prints that are not own, and what never runs. */
export function explainScript(loaded: LoadedScript): string {
  const { script } = loaded;
  const calls = new Map(script.routes.map((route) => [route, callsOf(route.body)] as const));
  const all = [...calls.values()].flatMap(({ functions }) => functions);
  return [
    ...script.routes.map((it) => `${routeTitle(it.kind, it.name)}: ${doings(it)}`),
    ...printedAddresses(loaded, all),
    ...script.routes.flatMap((it) => neverArmed(loaded, it, all)),
  ].join('\n');
}

/** Each thing once, in the order in which the route does it. */
function doings({ body }: RouteBlock): string {
  const { functions, routes, async } = callsOf(body);
  const calls = [...functions, ...async.map(({ call }) => call)];
  const inOrder = [...calls, ...routes].sort((a, b) => a.start - b.start);
  const said = new Set<string>();
  let tests = false;
  for (const call of inOrder) {
    const phrase =
      call.kind === 'route' ? `route[${argumentText(call.name)}]` : (phraseOf(call) ?? callText(call));
    if (phrase === undefined) tests = true;
    else if (phrase !== '') said.add(phrase);
  }
  if (said.size === 0) return tests ? 'looks at the message' : 'sets variables, or does nothing';
  return [...said].join(', ');
}

/** Functions that change something are named; those that only look, as `is_method`, are not worth it. */
function callText({ name }: Call): string | undefined {
  return /^(?:is_|has_|t_check|t_was|check_|isflag|isbflag|nat_uac_test|avp_check|validate_)/.test(name)
    ? undefined
    : name;
}

function printedAddresses(
  { source, settings, script }: LoadedScript,
  calls: readonly Call[],
): readonly string[] {
  const own = new Set(
    [
      ...settings.sockets.flatMap(({ host, advertisedHost }) => [host, advertisedHost]),
      settings.advertise?.host,
      ...settings.aliases.map(({ host }) => host),
    ].flatMap((host) => (host === undefined ? [] : [canonicalHost(host)])),
  );
  const found: string[] = [];
  for (const call of calls) {
    if (!PRINTING.has(call.name)) continue;
    for (const operand of call.args) {
      const text = argumentText(operand);
      const read = parseAddressParts(text.replace(/;.*/, ''));
      const host = read.ok ? read.parts.host : undefined;
      if (text.includes('$') || host === undefined || own.has(canonicalHost(host))) continue;
      const place = positionText(source.place(operand?.start ?? call.start));
      const why =
        call.name === 'record_route_preset'
          ? 'it is printed as it is, so requests that come back with it would be sent there, that is, to this server again'
          : 'requests that come back with it are known by the tag beside it, those of others that name it are not';
      found.push(`${place}: ${host} is not own: ${why}; write alias=${host}`);
    }
  }
  if (found.length === 0 && script.routes.length > 0) return ['Every address that the script prints is own.'];
  return found;
}

function neverArmed({ source }: LoadedScript, route: RouteBlock, calls: readonly Call[]): readonly string[] {
  const { kind, name, start } = route;
  const by = ARMED_BY[kind];
  if (by === undefined || name === '') return [];
  const armed = calls.some((it) => {
    const text = argumentText(it.args[0]);
    return it.name === by && (text === name || text.includes('$'));
  });
  return armed
    ? []
    : [`${positionText(source.place(start))}: ${routeTitle(kind, name)} never runs: no ${by}("${name}")`];
}

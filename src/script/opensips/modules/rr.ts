import { ROUTE_TAG_PARAM } from '../../../advertise/route-tag.ts';
import { looseRoute } from '../../../core/proxy/loose-route.ts';
import { undoEscapes } from '../../../wire/sip/escape.ts';
import { H } from '../../../wire/sip/header-name.ts';
import { NameAddr } from '../../../wire/sip/name-addr.ts';
import { isToken } from '../../../wire/sip/text.ts';
import { choice, optional, type ParsedArgument, parsed, regex } from '../frame/argument.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter } from '../frame/parameter.ts';
import type { RouteKinds } from '../frame/route-kind.ts';
import { type ContextKey, contextKey } from '../runtime/context-key.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';

interface State {
  readonly addUsername: boolean;
  readonly followed: Followed[];
}

/** Hears of each request whose own Route was followed, with the parameters of that. */
export type Followed = (m: ScriptMessage, params: string) => void;

const { fn, variable, define } = moduleParts<State>();
const RECORDING: RouteKinds = ['request', 'branch', 'failure'];

/** The parameters of the topmost own Route, from the first `;` on. */
export const ROUTE_PARAMS: ContextKey<string> = contextKey<string>('rr params');

/** Set where the address stands for the next hop that an own Route tells in `received` (module path). */
export const USE_RECEIVED: ContextKey<true> = contextKey<true>('use received of routes');

/** `;name=value`, one or several. */
function params(given: string): ParsedArgument<string> {
  if (/^(?:;[^\s;=<>"]+(?:=[^\s;<>"]*)?)*$/.test(given)) return { ok: true, value: given };
  return { ok: false, problem: `${JSON.stringify(given)} are no parameters`, hint: 'write ";name=value"' };
}

/** `host[:port][;params]` */
function preset(given: string): ParsedArgument<string> {
  return /^[^\s<>"@]+$/.test(given)
    ? { ok: true, value: given }
    : { ok: false, problem: `${JSON.stringify(given)} is no address`, hint: 'write "1.2.3.4:5060"' };
}

/** Follows the Routes of the request (RFC 3261 §16.4). The proxy takes our own ones off when it forwards. */
function followRoutes(m: ScriptMessage, { followed }: State): number {
  const { context } = m;
  const route = looseRoute(context.request, m.program.services.advertise.own);
  context.looseRoute = route;
  if (route.kind === 'none' || route.kind === 'malformed') return -1;
  context.set(
    ROUTE_PARAMS,
    route.own ? route.params : paramsOf(context.request.elements(H.Route)[0]?.address),
  );
  if (route.own) for (const hear of followed) hear(m, route.params);
  const seen = context.get(USE_RECEIVED) ? receivedIn(m, route.dropped) : undefined;
  if (seen !== undefined) m.target.du = seen;
  if (route.kind === 'own-only') return -1;
  if (route.rewritten) m.target.uri = route.requestUri;
  const next = route.routes[0];
  const du = next === undefined ? null : (NameAddr.parse(next)?.uriText ?? null);
  m.target.du = seen ?? du;
  context.routedTo = du;
  return 1;
}

/** Where the client was seen that one of the topmost Routes leads to: only one with a tag of ours may say so. */
function receivedIn(m: ScriptMessage, own: number): string | undefined {
  const { tags } = m.program.services.advertise;
  for (const { address } of m.context.request.elements(H.Route).slice(0, own)) {
    const uri = address?.uri;
    const received = uri?.param('received');
    const isOurs = tags.listenerOf(uri?.param(ROUTE_TAG_PARAM) ?? '') !== undefined;
    if (received !== undefined && isOurs) return undoEscapes(received);
  }
  return undefined;
}

function paramsOf(address: NameAddr | undefined): string {
  return address?.uri?.params ?? '';
}

/** Whether the request goes from the caller of its dialog to the callee; without a From tag in the Route it does. */
export function isDownstream(m: ScriptMessage): boolean {
  const ftag = /;ftag=([^;]*)/i.exec(m.context.get(ROUTE_PARAMS) ?? '')?.[1];
  return ftag === undefined || ftag === m.context.request.from?.tag;
}

function record(
  m: ScriptMessage,
  state: State,
  more: string,
  presets: readonly string[] | undefined,
): boolean {
  const { context } = m;
  if (context.recordRoute !== undefined) return false;
  context.recordRoute = { params: more, preset: presets?.map((it) => presetRoute(m, state, it, more)) };
  return true;
}

/** OpenSIPS puts the From tag before `lr` here. */
function presetRoute(m: ScriptMessage, { addUsername }: State, address: string, more: string): string {
  const { request } = m.context;
  const user = addUsername ? (request.uri?.user ?? m.target.parsed?.user) : undefined;
  const tag = request.from?.tag;
  const ftag = tag !== undefined && isToken(tag) ? `;ftag=${tag}` : '';
  const { recordRouteParams } = m.context;
  return `<sip:${user === undefined ? '' : `${user}@`}${address}${ftag};lr${more}${recordRouteParams}>`;
}

export const module: ScriptModule = define({
  name: 'rr',
  summary:
    'Record-Route and the following of Routes. The addresses that are printed are those of advertise: see docs/advertise.md.',
  params: {
    append_fromtag: ignored(
      'int',
      'Whether the From tag is put into Record-Route.',
      'it always is: is_direction needs it',
    ),
    enable_double_rr: ignored(
      'int',
      'Two values where the two sides differ.',
      'always where the two printed addresses or transports differ',
    ),
    add_username: intParameter(
      0,
      'Whether record_route_preset writes the user of the Request-URI; record_route writes none.',
    ),
    enable_socket_mismatch_warning: ignored(
      'int',
      'Warns of presets that are no socket.',
      'presets are written as they are',
    ),
    enable_full_lr: ignored('int', 'Writes lr=on.', 'lr has no value (RFC 3261 §25.1)'),
  },
  start: ({ add_username }) => ({ addUsername: add_username !== 0, followed: [] }),
  functions: {
    loose_route: fn({
      args: [],
      routes: ['request'],
      describe:
        'Follows the Routes of the request: `$du` shows the next one, the Request-URI is put right after a strict router.',
      returns:
        '1: it has Routes to follow; -1: it has none, or, outside of a dialog, only those of this server.',
      run: (m, state) => followRoutes(m, state),
    }),
    record_route: fn({
      args: [optional(parsed('params', params, '`;name=value`'))],
      routes: RECORDING,
      describe: 'Stays in the path of the dialog. Both values of a pair carry the parameters.',
      returns: '1; -1 for a second one.',
      run: (m, state, more) => record(m, state, more ?? '', undefined),
    }),
    record_route_preset: fn({
      args: [parsed('outbound', preset), optional(parsed('inbound', preset))],
      routes: RECORDING,
      describe:
        'Stays in the path with addresses as they are written; with two of them the script writes `;r2=on` into both.',
      run: (m, state, outbound, inbound) =>
        record(m, state, '', inbound === undefined ? [outbound] : [outbound, inbound]),
    }),
    add_rr_param: fn({
      args: [parsed('param', params, '`;name=value`')],
      routes: RECORDING,
      describe: 'Adds a parameter to what record_route writes, before or after it is called.',
      run: (m, _state, param) => {
        m.context.recordRouteParams += param;
        return true;
      },
    }),
    check_route_param: fn({
      args: [regex('re')],
      routes: ['request'],
      describe: 'Whether the parameters of our own Route match; after loose_route.',
      run: (m, _state, re) => {
        const found = m.context.get(ROUTE_PARAMS);
        return found !== undefined && found !== '' && re.matcher(found).find();
      },
    }),
    is_direction: fn({
      args: [choice('dir', ['downstream', 'upstream'])],
      routes: ['request'],
      describe:
        'Whether the request goes from caller to callee (downstream) or back (upstream); after loose_route.',
      run: (m, _state, dir) => isDownstream(m) === (dir === 'downstream'),
    }),
  },
  variables: {
    rr_params: variable({
      describe: 'The parameters of our own Route, after loose_route.',
      read: (m) => m.context.get(ROUTE_PARAMS) || null,
    }),
  },
});

/** Has a module hear of Routes that are followed. @returns false where rr is not loaded */
export function hearRoutes(context: ModuleContext, hear: Followed): boolean {
  const state = context.stateOf<State>(module);
  state?.followed.push(hear);
  return state !== undefined;
}

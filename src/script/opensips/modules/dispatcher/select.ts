import { Uri } from '../../../../wire/sip/uri.ts';
import { hashOf } from '../../runtime/outer-destination.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { numberOf, printed, textOf } from '../../value.ts';
import type { Choice, Destination } from './destination-set.ts';
import type { Partition } from './partition.ts';
import type { DispatcherState } from './state.ts';

/** What a hash is made of; undefined where the algorithm has none. */
function hashText(
  m: ScriptMessage,
  state: DispatcherState,
  algorithm: number,
  userOnly: boolean,
): string | undefined {
  const { request } = m.context;
  const ofUri = (uri: Uri | undefined) =>
    uri === undefined ? '' : userOnly ? (uri.user ?? '') : `${uri.user ?? ''}@${uri.host}:${uri.port ?? ''}`;
  switch (algorithm) {
    case 0:
      return request.callId;
    case 1:
      return ofUri(request.from?.uri);
    case 2:
      return ofUri(request.to?.uri);
    case 3:
      return ofUri(m.target.parsed);
    case 5:
      return /\busername\s*=\s*"?([^",]+)/i.exec(
        request.header('Proxy-Authorization') ?? request.header('Authorization') ?? '',
      )?.[1];
    case 6:
      return String(m.program.services.ids.uint32());
    case 7:
      return state.hashFormat && printed(m.program.evaluate(m, state.hashFormat));
    default:
      return undefined;
  }
}

function choiceOf(
  m: ScriptMessage,
  state: DispatcherState,
  set: number,
  algorithm: number,
  userOnly: boolean,
): Choice {
  const hashed = hashText(m, state, algorithm, userOnly);
  if (hashed !== undefined) return { by: 'hash', hash: hashOf(hashed) };
  if (algorithm === 4 || algorithm === 5) return { by: 'turn' };
  const { loadFormat } = state;
  if (algorithm !== 9 || loadFormat === undefined) return { by: 'order' };
  const loadOf = ({ uri }: Destination) => {
    const format = loadFormat.replaceAll('%u', uri).replaceAll('%i', String(set));
    const value = m.program.evaluate(m, format);
    return numberOf(value) ?? Number(textOf(value) ?? 0);
  };
  return { by: 'load', loadOf };
}

/** What becomes of a destination. */
export type Use = (m: ScriptMessage, destination: Destination) => boolean;

/** The destination becomes the next hop; nothing of it is written. */
export const asNextHop: Use = (m, { uri, socket }) => {
  m.target.du = uri;
  m.target.socket = socket ?? m.target.socket;
  return true;
};

/** The destination's host and port become those of the Request-URI. */
export const asDomain: Use = (m, { uri, socket }) => {
  const [own, its] = [m.target.parsed, Uri.parse(uri)];
  if (own === undefined || its === undefined) return false;
  m.target.uri = own.with({ host: its.host, port: its.port }).toString();
  m.target.socket = socket ?? m.target.socket;
  return true;
};

function use(m: ScriptMessage, partition: Partition, destination: Destination, how: Use): boolean {
  const { attrsAvp, scriptAttrsAvp } = partition.parts;
  if (attrsAvp !== undefined) give(m, attrsAvp, destination.attrs);
  if (scriptAttrsAvp !== undefined) give(m, scriptAttrsAvp, destination.scriptAttrs);
  return how(m, destination);
}

/** Sets an AVP, or takes it away. */
export function give(m: ScriptMessage, avp: string, value: string | undefined): void {
  if (value === undefined) m.avps.clear(avp);
  else m.avps.replace(avp, value);
}

/** Chooses the first destination, and keeps the others where that is wanted. */
export function select(
  m: ScriptMessage,
  state: DispatcherState,
  how: Use,
  [set, algorithm, written, name, most]: readonly [
    set: number,
    algorithm: number,
    flags: string | undefined,
    partition: string | undefined,
    most: number | undefined,
  ],
): boolean {
  const partition = state.partitions.get(name ?? 'default');
  const found = partition?.sets.get(set);
  if (partition === undefined || found === undefined) {
    m.program.log('error', `dispatcher: there is no set ${set} in ${name ?? 'default'}`, m.message.callId);
    return false;
  }
  const flags = (written ?? '').toLowerCase();
  const [first, ...rest] = found.select(
    choiceOf(m, state, set, algorithm, flags.includes('u')),
    flags.includes('d'),
  );
  const before = flags.includes('a') ? m.context.get(partition.attempt) : undefined;
  if (before !== undefined) {
    before.rest.push(...(first === undefined ? [] : [first, ...rest]).slice(0, most));
    return first !== undefined;
  }
  if (first === undefined) return false;
  first.chosen++;
  const kept = flags.includes('f')
    ? rest.slice(0, most === undefined ? undefined : Math.max(0, most - 1))
    : [];
  m.context.set(partition.attempt, { set: found, current: first, rest: kept });
  return use(m, partition, first, how);
}

/** Takes the next of those that were kept. */
export function next(m: ScriptMessage, state: DispatcherState, how: Use, name: string | undefined): boolean {
  const partition = state.partitions.get(name ?? 'default');
  const attempt = partition && m.context.get(partition.attempt);
  const destination = attempt?.rest.shift();
  if (destination === undefined) return false;
  attempt!.current = destination;
  return use(m, partition!, destination, how);
}

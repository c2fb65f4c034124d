import type { Binding } from '../../../../core/registrar/location-store.ts';
import type { Listener } from '../../../../net/listener.ts';
import type { Json } from '../../frame/command.ts';
import type { Value } from '../../value.ts';
import type { LocationDomain } from './location-domain.ts';
import { PERMANENT, printedSocket } from './location-rows.ts';
import type { UserLocation } from './user-location.ts';

/** All methods, as MI shows a contact that did not say which it takes: 32 bits. */
const ALL_METHODS = 0xffff_ffff;

/** What MI answers and events are made of. */
export interface AnswerContext {
  readonly location: UserLocation;
  readonly listeners: readonly Listener[];
  /** In ms since 1970. */
  readonly now: number;
  /** Whether keys are shown. */
  readonly withKeys: boolean;
}

/** An address-of-record with its contacts, as `usrloc:show_contact` shows it. */
export function aorAnswer(
  domain: LocationDomain,
  aor: string,
  bindings: readonly Binding[],
  context: AnswerContext,
): Json {
  const ordered = domain.ordered(bindings);
  const answer: Record<string, Json> = {
    AOR: aor,
    Contacts: ordered.map((it) => contactAnswer(domain, it, context)),
  };
  const keys = bindings[0]?.notes?.keys;
  if (context.withKeys && keys !== undefined) answer['KV-Store'] = JSON.stringify(keys);
  return answer;
}

function contactAnswer(domain: LocationDomain, binding: Binding, context: AnswerContext): Json {
  const { notes } = binding;
  const latency = context.location.latencyOf(binding);
  const answer: Record<string, Json> = {
    Contact: binding.contact,
    ContactID: notes?.id ?? '0',
    Expires: expiryText(binding, context.now),
    Q: qText(notes?.q ?? binding.q),
    Callid: binding.callId,
    Cseq: binding.cseq,
  };
  if (binding.userAgent !== '') answer['User-agent'] = binding.userAgent;
  if (notes !== undefined && notes.received !== '') answer.Received = notes.received;
  if (binding.path.length > 0) answer.Path = binding.path.join(',');
  answer.State = domain.stateOf(binding);
  answer.Flags = 0;
  answer.Cflags = (notes?.flags ?? []).join(' ');
  const socket = socketOf(binding, context.listeners);
  if (socket !== '') answer.Socket = socket;
  answer.Methods = notes === undefined || notes.methods < 0 ? ALL_METHODS : notes.methods;
  if (notes !== undefined && notes.attributes !== '') answer.Attr = notes.attributes;
  if (binding.instance !== '') answer.SIP_instance = `<${binding.instance}>`;
  if (latency > 0) answer['Ping-Latency'] = latency;
  return answer;
}

function expiryText({ expiresAt }: Binding, now: number): Json {
  if (expiresAt === PERMANENT) return 'permanent';
  return expiresAt < now ? 'expired' : Math.ceil((expiresAt - now) / 1000);
}

/** q as OpenSIPS prints it: nothing where none was given, trailing noughts left out. */
export function qText(q: number): string {
  if (q < 0) return '';
  return q === 1000 ? '1' : q === 0 ? '0' : String(q / 1000);
}

function socketOf({ listener }: Binding, listeners: readonly Listener[]): string {
  const found = listeners.find(({ name }) => name === listener);
  return found === undefined ? '' : printedSocket(found);
}

/** Names of the parameters of events about a contact. */
export const CONTACT_PARAMS = [
  'domain',
  'aor',
  'uri',
  'received',
  'path',
  'qval',
  'user_agent',
  'socket',
  'bflags',
  'expires',
  'callid',
  'cseq',
  'attr',
  'latency',
  'shtag',
] as const;

/** The parameters of events about a contact; branch flags are names, where OpenSIPS has numbers for them. */
export function contactParams(
  domain: LocationDomain,
  aor: string,
  binding: Binding,
  context: Pick<AnswerContext, 'location' | 'listeners'>,
): Record<(typeof CONTACT_PARAMS)[number], Value> {
  const { notes } = binding;
  const q = notes?.q ?? binding.q;
  return {
    domain: domain.name,
    aor,
    uri: binding.contact,
    received: notes?.received ?? '',
    path: binding.path.join(','),
    qval: q < 0 ? q : Math.round(q / 100),
    user_agent: binding.userAgent,
    socket: socketOf(binding, context.listeners),
    bflags: (notes?.flags ?? []).join(' '),
    expires: binding.expiresAt === PERMANENT ? 0 : Math.floor(binding.expiresAt / 1000),
    callid: binding.callId,
    cseq: binding.cseq,
    attr: notes?.attributes ?? '',
    latency: context.location.latencyOf(binding),
    shtag: '',
  };
}

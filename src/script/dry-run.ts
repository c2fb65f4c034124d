import { setTimeout as delay } from 'node:timers/promises';
import type { Flow } from '../net/flow.ts';
import type { ReplyParts, ServerTransaction } from '../transaction/server-transaction.ts';
import { buildRequest } from '../wire/sip/build.ts';
import { parseMessage } from '../wire/sip/parse.ts';
import type { Answer, ForkOutcome, Reply } from './api/answer.ts';
import type { Routes } from './api/routes.ts';
import type { Services } from './api/services.ts';
import { faultPosition } from './fault-position.ts';
import { CallMediaHandle } from './media/call-media-handle.ts';
import type { Program } from './program.ts';
import { type CallOwner, RequestCall } from './request-call.ts';
import type { Problem } from './script-module.ts';

/** A handler that takes longer waits for the world outside, which is not this trial's matter. */
const PATIENCE_MS = 1000;

/**
 * Calls each handler once with a request of a stranger (from 192.0.2.1, RFC 5737) whom no credentials are accepted from,
 * and sends nothing. @returns what was thrown, with its place; a handler that is still waiting is taken for good
 */
export async function dryRun(program: Program): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const [name, method] of TRIALS) {
    const handler = program.routes[name];
    if (!handler) continue;
    const patience = new AbortController();
    try {
      const call = strangersCall(method, name === 'inDialog');
      const answer = await Promise.race([
        handler(call),
        delay(PATIENCE_MS, WAITING, { signal: patience.signal }),
      ]);
      if (!isAnswer(answer)) throw new TypeError(`the handler "${name}" returned no answer`);
    } catch (error) {
      problems.push(problemOf(program, name, error));
    } finally {
      patience.abort();
    }
  }
  return problems;
}

type HandlerName = Exclude<keyof Routes, 'kind' | 'local'>;

const TRIALS: readonly (readonly [HandlerName, string])[] = [
  ['register', 'REGISTER'],
  ['invite', 'INVITE'],
  ['options', 'OPTIONS'],
  ['message', 'MESSAGE'],
  ['request', 'SUBSCRIBE'],
  ['inDialog', 'BYE'],
];

const WAITING = { kind: 'reply' } as Answer;
const CHALLENGE: Reply = { kind: 'reply', status: 401, reason: undefined, headers: [], body: undefined };
const UNANSWERED: ForkOutcome = {
  kind: 'outcome',
  answered: false,
  status: 480,
  reason: 'Temporarily Unavailable',
  cancelled: false,
  timedOut: false,
  response: undefined,
  headers: [],
};

const STRANGER: Services = {
  verify: () => ({ ok: false, challenge: CHALLENGE }),
  save: () => CHALLENGE,
  lookup: () => [],
  isLocal: ({ host }) => host === 'example.com',
  addressOfRecord: (uri) => uri.toString(),
};

const OWNER: CallOwner = {
  signal: new AbortController().signal,
  progress: () => {},
  fork: async () => UNANSWERED,
  anchorMedia: () => {},
  media: new CallMediaHandle(),
};

const FLOW: Flow = {
  listener: {
    name: 'udp:127.0.0.1:5060',
    transport: 'udp',
    address: '127.0.0.1',
    port: 5060,
    family: 4,
    advertised: undefined,
  },
  transport: 'udp',
  remoteAddress: '192.0.2.1',
  remotePort: 5060,
  connectionId: 0,
  send: () => false,
};

function isAnswer(answer: Answer): boolean {
  return ['reply', 'outcome', 'follow-route'].includes(answer?.kind);
}

function strangersCall(method: string, inDialog: boolean): RequestCall {
  const parsed = parseMessage(
    buildRequest({
      method,
      requestUri: method === 'REGISTER' || method === 'OPTIONS' ? 'sip:example.com' : 'sip:bob@example.com',
      headers: [
        ['Via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK-dry-run'],
        ['From', '<sip:alice@example.com>;tag=dry-run'],
        ['To', `<sip:bob@example.com>${inDialog ? ';tag=dry-run' : ''}`],
        ['Call-ID', 'dry-run'],
        ['CSeq', `1 ${method}`],
        ['Contact', '<sip:alice@192.0.2.1:5060>'],
        ['Max-Forwards', '70'],
      ],
    }),
  );
  if (!parsed.ok) throw new TypeError(parsed.reason);
  const transaction: ServerTransaction = {
    request: parsed.message,
    flow: FLOW,
    state: 'trying',
    lastStatus: 0,
    topVia: '',
    toTag: '',
    forwarding: undefined,
    onSettled: undefined,
    onTerminated: undefined,
    onTransportError: undefined,
    reply: (_parts: ReplyParts) => false,
    forward: () => false,
    forceRport: () => {},
    forget: () => {},
  };
  return new RequestCall(transaction, STRANGER, OWNER);
}

function problemOf(program: Program, name: string, error: unknown): Problem {
  const position = faultPosition(error, program.files);
  const place = position ? program.origin(position) : { file: program.files[0] ?? '', line: 1, column: 1 };
  const what = error instanceof Error ? error.message : String(error);
  return { ...place, message: what, hint: `found by a trial of the handler "${name}"` };
}

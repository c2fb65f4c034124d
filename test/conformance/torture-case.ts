import { readFileSync } from 'node:fs';
import { H } from '../../src/wire/sip/header-name.ts';
import type { SipMessage } from '../../src/wire/sip/message.ts';
import { parseMessage } from '../../src/wire/sip/parse.ts';
import { judgeRegister } from '../../src/wire/sip/register-verdict.ts';
import {
  judge,
  judgeHops,
  judgeProxyRequire,
  judgeRequire,
  judgeResponse,
  type Verdict,
} from '../../src/wire/sip/verdict.ts';

/** As what Viaduct receives a torture message. */
export type Role = 'proxy' | 'registrar';

/** What becomes of a message: it is handled, answered with an error, or dropped. */
export type Outcome =
  | { readonly kind: 'accept' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly reason: string;
      readonly unsupported?: string;
    }
  | { readonly kind: 'drop'; readonly reason: string };

export interface TortureCase {
  /** The RFC's name of the message, and its file's. */
  readonly name: string;
  readonly section: string;
  readonly title: string;
  /** What the RFC wants from that role, in short. */
  readonly wants: string;
  readonly role: Role;
  readonly outcome: Outcome;
  /** What an accepted message comes to, or why an outcome was chosen where the RFC leaves a choice. */
  readonly note?: string;
}

export const ACCEPT: Outcome = { kind: 'accept' };

export function answer(status: number, reason: string, unsupported?: string): Outcome {
  return { kind: 'answer', status, reason, ...(unsupported === undefined ? {} : { unsupported }) };
}

export function drop(reason: string): Outcome {
  return { kind: 'drop', reason };
}

/** @throws Error for bytes that are no message */
export function readTorture(file: URL): SipMessage {
  const result = parseMessage(readFileSync(file));
  if (!result.ok) throw new Error(`${file.pathname}: ${result.reason}`);
  return result.message;
}

/** What the wire floor says to a message in that role, with no extension supported. */
export function outcomeOf(message: SipMessage, role: Role): Outcome {
  if (!message.isRequest) {
    const reason = judgeResponse(message);
    return reason === undefined ? ACCEPT : drop(reason);
  }
  const verdict = judge(message) ?? (role === 'proxy' ? asProxy(message) : asRegistrar(message));
  if (!verdict) return ACCEPT;
  if (!verdict.answer) return drop(verdict.reason);
  const unsupported = verdict.headers.find(([header]) => header === H.Unsupported)?.[1];
  return answer(verdict.status, verdict.reason, unsupported);
}

function asProxy(message: SipMessage): Verdict | undefined {
  return judgeHops(message) ?? judgeProxyRequire(message, new Set());
}

function asRegistrar(message: SipMessage): Verdict | undefined {
  return judgeRequire(message, new Set()) ?? judgeRegister(message);
}

/** The cells of one line of the published table. */
export function tableCells(torture: TortureCase): string[] {
  const { outcome, note } = torture;
  const does =
    outcome.kind === 'accept'
      ? 'accepted'
      : outcome.kind === 'drop'
        ? `dropped (${outcome.reason})`
        : `${outcome.status} ${outcome.reason}${outcome.unsupported ? `, Unsupported: ${outcome.unsupported}` : ''}`;
  return [
    `\`${torture.name}\``,
    torture.section,
    torture.title,
    torture.role,
    torture.wants,
    note === undefined ? does : `${does}; ${note}`,
  ];
}

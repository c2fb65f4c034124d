// Runs on a machine of the test network: plays the phones that it is told to, many at a time. It reads one order a line
// (JSON) and writes one report a line.
import { createInterface } from 'node:readline';
import type { Flow, Party } from './scenario.ts';
import { playCallee, playCaller } from './scripted-flows.ts';
import { type HeardMessage, type Leg, ScriptedPhone } from './scripted-phone.ts';

/** A phone to play. */
export interface Order {
  readonly id: number;
  readonly side: 'caller' | 'callee';
  readonly flow: Flow;
  readonly name: string; // also the Call-ID
  readonly who: Party;
  readonly leg: Leg;
}

/** First that it has registered, then how it ended; `trouble` is empty where all went well. */
export type Report =
  | { readonly id: number; readonly kind: 'registered' }
  | {
      readonly id: number;
      readonly kind: 'ended';
      readonly trouble: string;
      readonly heard: readonly HeardMessage[];
    };

const LIMIT_MS = 20_000;

function report(line: Report): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function play(phone: ScriptedPhone, { id, side, flow, name }: Order): Promise<void> {
  await phone.register();
  report({ id, kind: 'registered' });
  if (side === 'caller') await playCaller(phone, flow, name);
  else await playCallee(phone, flow);
  // A binding that is left behind would ring in the next call.
  await phone.register(0);
  phone.expectSilence();
}

async function carryOut(order: Order): Promise<void> {
  const { id, side, name, who, leg } = order;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${side} has waited for too long`)), LIMIT_MS);
  let heard: readonly HeardMessage[] = [];
  let trouble = '';
  try {
    const other = side === 'caller' ? 'callee' : 'caller';
    using phone = await ScriptedPhone.open(leg, who, `${name}-${side}`, `${name}-${other}`);
    heard = phone.heard;
    await Promise.race([play(phone, order), late.promise]);
  } catch (error) {
    trouble = `${(error as Error).message}\n${heard.map(({ sent, text }) => `${sent ? '>' : '<'} ${text}`).join('\n')}`;
  }
  clearTimeout(timer);
  report({ id, kind: 'ended', trouble, heard });
}

for await (const line of createInterface({ input: process.stdin })) void carryOut(JSON.parse(line) as Order);

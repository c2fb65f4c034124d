import { CommandError, type Json } from '../frame/command.ts';
import type { RunningProgram } from '../runtime/running-program.ts';
import { commandsOf } from './command-table.ts';
import { INVALID_REQUEST, PARSE_ERROR, SERVER_ERROR } from './rpc-codes.ts';
import type { GivenParams } from './take-params.ts';

interface Request {
  readonly id: string | number | null | undefined;
  readonly method: string;
  readonly params: GivenParams;
}

/** What came of a command. */
export type Outcome =
  | { readonly result: Json }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: string } };

/**
 * Does what one JSON-RPC 2.0 request says; batches are none, as in OpenSIPS.
 * @returns the answer; undefined for a notification, which gets none
 */
export async function answerRpc(
  program: RunningProgram,
  text: string,
  pretty: boolean,
): Promise<string | undefined> {
  const print = (outcome: Outcome, id: Request['id']) =>
    JSON.stringify({ jsonrpc: '2.0', ...outcome, id: id ?? null }, null, pretty ? '\t' : undefined);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return print({ error: { code: PARSE_ERROR, message: 'Parse error' } }, null);
  }
  const request = readRequest(given);
  if (request === undefined) {
    return print({ error: { code: INVALID_REQUEST, message: 'Invalid Request' } }, idOf(given));
  }
  const outcome = await runCommand(program, request.method, request.params);
  return request.id === undefined ? undefined : print(outcome, request.id);
}

/** Runs a command; whatever goes wrong is its outcome. */
export async function runCommand(
  program: RunningProgram,
  name: string,
  params: GivenParams,
): Promise<Outcome> {
  try {
    return { result: await commandsOf(program).run(name, params) };
  } catch (fault) {
    if (fault instanceof CommandError) {
      const { code, message, details } = fault;
      return { error: { code, message, ...(details !== undefined && { data: details }) } };
    }
    program.log('error', `the command ${name} failed: ${fault}`);
    return { error: { code: SERVER_ERROR, message: 'Server error', data: String(fault) } };
  }
}

function readRequest(given: unknown): Request | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { jsonrpc, id, method, params } = given as Record<string, unknown>;
  const isId = id === undefined || id === null || typeof id === 'string' || typeof id === 'number';
  const isParams = params === undefined || (typeof params === 'object' && params !== null);
  if (jsonrpc !== '2.0' || typeof method !== 'string' || !isId || !isParams) return undefined;
  return { id, method, params: params as GivenParams };
}

function idOf(given: unknown): string | number | null {
  const id: unknown = (given as { readonly id?: unknown } | null)?.id;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

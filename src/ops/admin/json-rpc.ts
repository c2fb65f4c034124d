import { INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR } from '../../script/opensips/mi/rpc-codes.ts';

/** JSON-RPC 2.0, one object a line, without batches and notifications. */

export interface RpcRequest {
  readonly id: string | number | null;
  readonly method: string;
  readonly params: readonly string[];
}

export interface RpcError {
  readonly code: number;
  readonly message: string;
  /** The code of a ServerError, and what to do. */
  readonly data?: { readonly code?: string; readonly hint?: string | undefined } | undefined;
}

export type RpcResponse =
  | { readonly jsonrpc: '2.0'; readonly id: RpcRequest['id']; readonly result: unknown }
  | { readonly jsonrpc: '2.0'; readonly id: RpcRequest['id']; readonly error: RpcError };

/** @returns the request, or the error to answer with */
export function readRequest(line: string): RpcRequest | RpcError {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { code: PARSE_ERROR, message: 'the line is no JSON' };
  }
  const { id = null, method, params = [] } = (value ?? {}) as Record<string, unknown>;
  if (typeof method !== 'string' || !isId(id)) {
    return { code: INVALID_REQUEST, message: 'a request has an id, a method and params' };
  }
  if (!Array.isArray(params) || !params.every((param) => typeof param === 'string')) {
    return { code: INVALID_PARAMS, message: 'params is a list of texts' };
  }
  return { id, method, params };
}

function isId(id: unknown): id is RpcRequest['id'] {
  return id === null || typeof id === 'string' || typeof id === 'number';
}

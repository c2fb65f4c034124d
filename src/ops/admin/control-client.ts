import { connect } from 'node:net';
import { ServerError } from '../../base/errors.ts';
import type { RpcError, RpcResponse } from './json-rpc.ts';

export type ControlResult =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: RpcError };

/**
 * Gives one command to the server that runs on a data directory.
 * @throws ServerError ADMIN_UNAVAILABLE where none answers
 */
export function callControl(path: string, method: string, params: readonly string[]): Promise<ControlResult> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (cause?: unknown) => {
      reject(
        new ServerError('ADMIN_UNAVAILABLE', `no running server answers on ${path}`, {
          hint: 'start it with "viaduct", and give the same -c FILE here and there',
          cause,
        }),
      );
    };
    let held = '';
    socket.setEncoding('utf8');
    socket.on('connect', () =>
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })}\n`),
    );
    socket.on('data', (chunk: string) => {
      held += chunk;
      const end = held.indexOf('\n');
      if (end < 0) return;
      socket.destroy();
      const response = JSON.parse(held.slice(0, end)) as RpcResponse;
      resolve(
        'error' in response ? { ok: false, error: response.error } : { ok: true, result: response.result },
      );
    });
    socket.on('error', fail);
    socket.on('close', () => fail());
  });
}

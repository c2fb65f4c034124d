import { ServerError } from '../../base/errors.ts';
import type { MaybePromise } from '../../core/registrar/location-store.ts';
import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import type { LocalRequest } from './local-request.ts';

/** Decides one request. A path that returns no answer does not compile. */
export type Handler = (call: Call) => MaybePromise<Answer>;

export interface Handlers {
  readonly register: Handler;
  /** Every INVITE that begins a dialog. */
  readonly invite: Handler;
  /** Default: OPTIONS to the server itself are answered with 200, others go to `request`. */
  readonly options?: Handler;
  /** Default: `request`. */
  readonly message?: Handler;
  /** Every other request outside a dialog; default: 405. */
  readonly request?: Handler;
  /** Sequential requests; default: they follow their route set. */
  readonly inDialog?: Handler;
  /** Sees what the server sends by itself, and may change what it prints; it has no answer to give. */
  readonly local?: (request: LocalRequest) => void;
}

/** A routing program, ready to run; what a routes file exports as its default. */
export interface Routes extends Handlers {
  readonly kind: 'routes';
}

const NAMES: readonly string[] = ['register', 'invite', 'options', 'message', 'request', 'inDialog', 'local'];
const REQUIRED: readonly string[] = ['register', 'invite'];

/** @throws ServerError CFG_ROUTES_INVALID naming the handler that is missing, unknown, or no function */
export function routes(handlers: Handlers): Routes {
  for (const name of REQUIRED) {
    if (!Object.hasOwn(handlers, name)) {
      throw new ServerError('CFG_ROUTES_INVALID', `routes() has no handler "${name}"`, {
        hint: `add ${name}(call) { … }; it may reject everything: return call.reject(403)`,
      });
    }
  }
  for (const [name, handler] of Object.entries(handlers)) {
    if (!NAMES.includes(name)) {
      throw new ServerError('CFG_ROUTES_INVALID', `routes() knows no handler "${name}"`, {
        hint: `the handlers are ${NAMES.join(', ')}; other methods come to request(call), by call.method`,
      });
    }
    if (typeof handler !== 'function' && handler !== undefined) {
      throw new ServerError('CFG_ROUTES_INVALID', `the handler "${name}" of routes() is no function`);
    }
  }
  return Object.freeze({ ...handlers, kind: 'routes' as const });
}

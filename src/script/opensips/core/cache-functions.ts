import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { int, optional, output, text } from '../frame/argument.ts';
import type { Code, FunctionSpec } from '../frame/function.ts';
import { moduleParts } from '../frame/module.ts';
import { ANY } from '../frame/route-kind.ts';
import type { VariableRef } from '../frame/variable.ts';
import type { CacheBackend } from '../runtime/cache-backend.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import type { Value } from '../value.ts';

const { fn } = moduleParts<undefined>();

function with_<T>(result: MaybePromise<T>, act: (value: T) => Code): MaybePromise<Code> {
  return result instanceof Promise ? result.then(act) : act(result);
}

/** Runs something with a store by its id: `local`, `local:group`, `redis:cluster1`. */
function withStore(
  m: ScriptMessage,
  id: string,
  act: (store: CacheBackend) => MaybePromise<Code>,
): MaybePromise<Code> {
  const store = m.program.cache(id);
  if (store === undefined) {
    m.program.log('error', `there is no cache ${JSON.stringify(id)}`, m.message.callId);
    return false;
  }
  return act(store);
}

function found(m: ScriptMessage, result: VariableRef): (value: Value | undefined) => Code {
  return (value) => (value === undefined || value === null ? -2 : result.set(m, value));
}

function counter(describe: string, sign: 1 | -1) {
  return fn({
    args: [
      text('storage_id'),
      text('attribute'),
      int('amount'),
      int('expire', { least: 0, describe: 'seconds, 0 for ever' }),
      optional(output('new_val')),
    ],
    routes: ANY,
    describe,
    waits: true,
    run: (m, _s, id, name, amount, expire, result) =>
      withStore(m, id, (store) =>
        with_(store.add(name, sign * amount, expire), (value) => {
          if (value === undefined) return false;
          return result === undefined || result.set(m, value);
        }),
      ),
  });
}

/** Functions of the core on key-value stores, which modules bring (`cachedb_local`). */
export const cacheFunctions: Readonly<Record<string, FunctionSpec<undefined>>> = {
  cache_store: fn({
    args: [
      text('storage_id'),
      text('attribute'),
      text('value'),
      optional(int('timeout', { least: 0, describe: 'seconds' })),
    ],
    routes: ANY,
    describe: 'Stores a value.',
    waits: true,
    run: (m, _s, id, name, value, timeout) =>
      withStore(m, id, (store) => with_(store.store(name, value, timeout ?? 0), (ok) => ok)),
  }),
  cache_remove: fn({
    args: [text('storage_id'), text('attribute')],
    routes: ANY,
    describe: 'Removes a value; true whether or not there was one.',
    waits: true,
    run: (m, _s, id, name) => withStore(m, id, (store) => with_(store.remove(name), () => true)),
  }),
  cache_fetch: fn({
    args: [text('storage_id'), text('attribute'), output('result')],
    routes: ANY,
    describe: 'Fetches a value.',
    returns: '1: found; -2: there is none; -1: there is no such store.',
    waits: true,
    run: (m, _s, id, name, result) => withStore(m, id, (store) => with_(store.fetch(name), found(m, result))),
  }),
  cache_counter_fetch: fn({
    args: [text('storage_id'), text('attribute'), output('result')],
    routes: ANY,
    describe: 'Fetches a counter.',
    waits: true,
    run: (m, _s, id, name, result) =>
      withStore(m, id, (store) => with_(store.counter(name), found(m, result))),
  }),
  cache_add: counter('Adds to a counter.', 1),
  cache_sub: counter('Takes from a counter.', -1),
};

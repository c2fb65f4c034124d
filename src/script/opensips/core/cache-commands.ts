import { fromByteString, toByteString } from '../../../wire/sip/text.ts';
import { CommandError, type CommandParams, type CommandSpec, intParam, textParam } from '../frame/command.ts';
import type { CacheBackend } from '../runtime/cache-backend.ts';
import type { CoreState } from './core-state.ts';

function storeOf({ context }: CoreState, params: CommandParams, command: string): CacheBackend {
  const store = context.program.cache(textParam(params, 'system'));
  if (store === undefined) throw new CommandError(500, `Cache ${command} command failed`);
  return store;
}

function key(params: CommandParams): string {
  return toByteString(textParam(params, 'attr'));
}

/** Commands on the key-value stores that modules bring. */
export const cacheCommands: Readonly<Record<string, CommandSpec<CoreState>>> = {
  'cache:store': {
    describe: 'Stores a value.',
    params: ['system', 'attr', 'value', 'expire?'],
    aliases: ['cache_store'],
    run: async (state, params) => {
      const seconds = params.expire === undefined ? 0 : intParam(params, 'expire');
      if (seconds < 0) throw new CommandError(-32602, 'Invalid params', 'Negative expire value');
      const value = toByteString(textParam(params, 'value'));
      const stored = await storeOf(state, params, 'store').store(key(params), value, seconds);
      if (!stored) throw new CommandError(500, 'Cache store command failed');
      return 'OK';
    },
  },
  'cache:fetch': {
    describe: 'Gives a value.',
    params: ['system', 'attr'],
    aliases: ['cache_fetch'],
    run: async (state, params) => {
      const value = await storeOf(state, params, 'fetch').fetch(key(params));
      if (value === undefined || value === '') throw new CommandError(400, 'Value not found');
      return { key: textParam(params, 'attr'), value: fromByteString(value) };
    },
  },
  'cache:remove': {
    describe: 'Removes a value.',
    params: ['system', 'attr'],
    aliases: ['cache_remove'],
    run: async (state, params) => {
      await storeOf(state, params, 'remove').remove(key(params));
      return 'OK';
    },
  },
};

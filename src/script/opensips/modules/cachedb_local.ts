import type { Clock } from '../../../base/clock.ts';
import { optional, text } from '../frame/argument.ts';
import { CommandError } from '../frame/command.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, listParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import { globMatcher } from './cachedb_local/glob.ts';
import { LocalCache } from './cachedb_local/local-cache.ts';

type Collections = ReadonlyMap<string, LocalCache>;

const { fn, define } = moduleParts<Collections>();

const DEFAULT = 'default';

/** `local://`, `local:///collection`, `local:group:///collection` */
const URL = /^(local(?::[^/:]+)?):\/\/(?:\/(.*))?$/;

/** The names that `cache_collections` lists; sizes and replication marks are left out. */
function collectionNames(definitions: readonly string[]): string[] {
  const names = definitions
    .flatMap((definition) => definition.split(';'))
    .map((part) => part.split('=')[0]!.trim().replace(/\/r$/, ''))
    .filter((name) => name !== '');
  return [...new Set([DEFAULT, ...names])];
}

function makeCollections(definitions: readonly string[], clock: Clock): Collections {
  return new Map(collectionNames(definitions).map((name) => [name, new LocalCache(clock)]));
}

/** @throws CommandError for a collection that is not defined */
function collectionOf(collections: Collections, name: unknown): LocalCache {
  const wanted = name === undefined ? DEFAULT : String(name);
  const cache = collections.get(wanted);
  if (cache === undefined) throw new CommandError(404, `there is no collection ${wanted}`);
  return cache;
}

export const module: ScriptModule = define({
  name: 'cachedb_local',
  sharedState: true,
  summary:
    'A key-value store in memory for `cache_store`, `cache_fetch`, `cache_remove`, `cache_add` and `cache_sub`, by the id `local`.',
  serves: true,
  params: {
    cachedb_url: listParameter(
      'Which collection an id means: `local:///collection`, `local:group:///collection`.',
    ),
    cache_collections: listParameter('Collections besides `default`, with `;` between.'),
    cache_clean_period: intParameter(600, 'Seconds between two searches for what has expired.', { least: 1 }),
    cluster_id: ignored('int', 'The cluster that shares the cache.', 'each node has a cache of its own'),
    cluster_persistency: ignored('text', 'What a node learns at its start.', 'there is nobody to learn from'),
    enable_restart_persistency: ignored('int', 'Keeps the cache.', 'the cache ends with the process'),
  },
  start: (params, context) => {
    const { clock } = context.services;
    const collections = makeCollections(params.cache_collections, clock);
    context.addCache('local', collections.get(DEFAULT)!);
    for (const url of params.cachedb_url) {
      const [, id, collection = ''] = URL.exec(url) ?? [];
      const cache = collections.get(collection === '' ? DEFAULT : collection);
      if (id === undefined || cache === undefined) {
        const why =
          id === undefined ? 'no local:// URL' : `collection ${collection} is not in cache_collections`;
        context.log('error', `cachedb_local: cachedb_url ${url}: ${why}`);
      } else context.addCache(id, cache);
    }
    context.every(params.cache_clean_period, () => {
      for (const cache of collections.values()) cache.sweep();
    });
    return collections;
  },
  functions: {
    cache_remove_chunk: fn({
      args: [
        text('glob_or_collection', 'the pattern, or the collection where two are given'),
        optional(text('glob')),
      ],
      routes: ANY,
      describe: 'Removes every key that a pattern with `*`, `?` and `[…]` matches.',
      run: (m, collections, first, second) => {
        const cache = collections.get(second === undefined ? DEFAULT : first);
        if (cache === undefined) {
          m.program.log('error', `cache_remove_chunk: there is no collection ${first}`, m.message.callId);
          return false;
        }
        cache.removeMatching(globMatcher(second ?? first));
        return true;
      },
    }),
  },
  commands: {
    'cachedb_local:remove_chunk': {
      describe: 'Removes every key that a pattern matches.',
      params: ['glob', 'collection?'],
      aliases: ['cache_remove_chunk'],
      run: (collections, { glob, collection }) => {
        collectionOf(collections, collection).removeMatching(globMatcher(String(glob)));
        return 'OK';
      },
    },
    'cachedb_local:fetch_chunk': {
      describe: 'Lists every key that a pattern matches, with its value.',
      params: ['glob', 'collection?'],
      aliases: ['cache_fetch_chunk'],
      run: (collections, { glob, collection }) => ({
        keys: collectionOf(collections, collection).matching(globMatcher(String(glob))),
      }),
    },
  },
});

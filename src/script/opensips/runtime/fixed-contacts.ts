import { type ContextKey, contextKey } from './context-key.ts';

/** Contact URIs that a script has put others in place of (`fix_nated_contact`), by what stood there: `save` keeps these. */
export const FIXED_CONTACTS: ContextKey<ReadonlyMap<string, string>> =
  contextKey<ReadonlyMap<string, string>>('fixed contacts');

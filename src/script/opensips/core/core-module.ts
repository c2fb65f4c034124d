import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { authVariables } from './auth-variables.ts';
import { bodyVariables } from './body-variables.ts';
import { branchFunctions } from './branch-functions.ts';
import { branchVariables } from './branch-variables.ts';
import { cacheFunctions } from './cache-functions.ts';
import { messageFunctions } from './message-functions.ts';
import { messageVariables } from './message-variables.ts';
import { scriptVariables } from './script-variables.ts';
import { socketVariables } from './socket-variables.ts';
import { textFunctions } from './text-functions.ts';
import { timeVariables } from './time-variables.ts';
import { uriFunctions } from './uri-functions.ts';
import { uriVariables } from './uri-variables.ts';

const { define } = moduleParts<undefined>();
const NO_LISTS = 'addresses that fail are put last for a while; permissions keeps lists';

/** What OpenSIPS has without any module. */
export const coreModule: ScriptModule = define({
  name: 'core',
  summary: 'Functions and variables that are there without `loadmodule`.',
  functions: {
    ...uriFunctions,
    ...branchFunctions,
    ...messageFunctions,
    ...textFunctions,
    ...cacheFunctions,
  },
  variables: {
    ...messageVariables,
    ...uriVariables,
    ...branchVariables,
    ...scriptVariables,
    ...timeVariables,
    ...socketVariables,
    ...authVariables,
    ...bodyVariables,
  },
  missing: {
    add_blacklist_rule: NO_LISTS,
    cache_raw_query: 'cachedb_local keeps values by their key alone',
    check_blacklist_rule: NO_LISTS,
    del_blacklist_rule: NO_LISTS,
    socket_belongs_to_bond: 'sockets cannot be bonded',
    sr_check_status: 'viaduct doctor tells how the server does',
    subscribe_event: 'event_route[NAME] hears events in the script',
    tcp_close_conn: 'viaduct ctl closes connections',
    unuse_blacklist: NO_LISTS,
    use_blacklist: NO_LISTS,
  },
});

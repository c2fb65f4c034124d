import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { authVariables } from './auth-variables.ts';
import { bodyVariables } from './body-variables.ts';
import { branchFunctions } from './branch-functions.ts';
import { branchVariables } from './branch-variables.ts';
import { cacheCommands } from './cache-commands.ts';
import { cacheFunctions } from './cache-functions.ts';
import { coreCommands } from './core-commands.ts';
import { CoreState } from './core-state.ts';
import { coreStatistics } from './core-statistics.ts';
import { eventCommands } from './event-commands.ts';
import { messageFunctions } from './message-functions.ts';
import { messageVariables } from './message-variables.ts';
import { scriptVariables } from './script-variables.ts';
import { socketVariables } from './socket-variables.ts';
import { statisticsCommands } from './statistics-commands.ts';
import { tcpCommands } from './tcp-commands.ts';
import { textFunctions } from './text-functions.ts';
import { timeVariables } from './time-variables.ts';
import { uriFunctions } from './uri-functions.ts';
import { uriVariables } from './uri-variables.ts';

// The functions and variables have no state of their own; the commands and statistics have one.
const { define } = moduleParts<never>();
const NO_LISTS = 'addresses that fail are put last for a while; permissions keeps lists';

/** What OpenSIPS has without any module. */
export const coreModule: ScriptModule = define({
  name: 'core',
  summary: 'Functions and variables that are there without `loadmodule`.',
  start: (_params, context) => new CoreState(context) as never,
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
  commands: { ...coreCommands, ...statisticsCommands, ...cacheCommands, ...eventCommands, ...tcpCommands },
  statistics: coreStatistics,
  missing: {
    'blacklists:list': NO_LISTS,
    'core:fwd_requests': 'tm:UAC_transactions counts requests that were sent',
    'core:log_level_filter': 'there is one log: core:log_level',
    'core:log_mute_state': 'there is one log',
    'core:pi_list': 'there is no provisioning interface',
    'core:profiling_proc': 'node --inspect shows where time goes',
    'evi:subscribe': 'event_route[NAME] hears events in the script',
    'mem:pkg_dump': 'memory is not divided into pools: viaduct ctl status',
    'mem:shm_check': 'memory is not divided into pools: viaduct ctl status',
    'mem:shm_dump': 'memory is not divided into pools: viaduct ctl status',
    'status_report:status': 'viaduct doctor tells how the server does',
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

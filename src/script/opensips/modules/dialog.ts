import { dbUrlParameter } from '../db/db-url.ts';
import { openDatabase } from '../db/open-database.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, listParameter, type Parameter, textParameter } from '../frame/parameter.ts';
import { dialogCommands } from './dialog/commands.ts';
import { DIALOG_TABLE } from './dialog/dialog-row.ts';
import { DbMode, DialogStore } from './dialog/dialog-store.ts';
import { dialogFunctions } from './dialog/functions.ts';
import { ScriptDialogs } from './dialog/state.ts';
import { valueFunctions } from './dialog/value-functions.ts';
import { dialogVariables } from './dialog/variables.ts';

const { define } = moduleParts<ScriptDialogs>();

const NO_CLUSTER = 'one node works for itself';

/** Parameters that name columns, with the names that OpenSIPS's schema has for them. */
const COLUMNS = {
  call_id_column: 'callid',
  from_uri_column: 'from_uri',
  from_tag_column: 'from_tag',
  to_uri_column: 'to_uri',
  to_tag_column: 'to_tag',
  from_cseq_column: 'caller_cseq',
  to_cseq_column: 'callee_cseq',
  from_route_column: 'caller_route_set',
  to_route_column: 'callee_route_set',
  from_contact_column: 'caller_contact',
  to_contact_column: 'callee_contact',
  from_sock_column: 'caller_sock',
  to_sock_column: 'callee_sock',
  dlg_id_column: 'dlg_id',
  state_column: 'state',
  start_time_column: 'start_time',
  timeout_column: 'timeout',
  profiles_column: 'profiles',
  vars_column: 'vars',
  sflags_column: 'script_flags',
  mflags_column: 'module_flags',
  flags_column: 'flags',
} as const;

type ColumnParameter = keyof typeof COLUMNS;

const columnParameters = Object.fromEntries(
  Object.entries(COLUMNS).map(([name, standard]) => [
    name,
    textParameter(standard, `The column \`${standard}\`.`),
  ]),
) as Record<ColumnParameter, Parameter<string>>;

/** `name ; name/b`: marks that say how a profile is shared are left out. */
function profileNames(lists: readonly string[]): string[] {
  return lists
    .flatMap((list) => list.split(';'))
    .map((it) => it.trim().replace(/\/[sb]$/, ''))
    .filter((it) => it !== '');
}

export const module: ScriptModule = define({
  name: 'dialog',
  sharedState: true,
  summary:
    'Calls from their INVITE to their end: what scripts keep of them, their lifetime, limits by profiles, and requests inside them.',
  needs: ['tm', 'rr'],
  params: {
    enable_stats: ignored('int', 'Whether dialogs are counted.', 'they always are'),
    hash_size: ignored('int', 'Size of a table.', 'tables grow by themselves'),
    log_profile_hash_size: ignored('int', 'Size of a table.', 'tables grow by themselves'),
    rr_param: ignored(
      'text',
      'Name of the Record-Route parameter.',
      'it is `dialogs.routeParam` of the server’s configuration, `did` by default',
    ),
    default_timeout: intParameter(43_200, 'Seconds that a dialog may last.', { least: 1 }),
    dlg_extra_hdrs: textParameter(undefined, 'Header lines of BYEs that the server sends.'),
    dlg_match_mode: intParameter(
      1,
      '0: match_dialog wants the id in the Route; 1, 2: it does not. Call-ID and tags are looked at in any case.',
      { least: 0, most: 2 },
    ),
    delete_delay: intParameter(0, 'Seconds that a dialog is still known after its end; 0: 5.', { least: 0 }),
    db_url: dbUrlParameter('Where the table is.'),
    db_mode: intParameter(0, '0: none; 1: each change at once; 2: changes now and then; 3: at the end.', {
      least: 0,
      most: 3,
    }),
    db_update_period: intParameter(60, 'Seconds between two times of writing, in mode 2.', { least: 1 }),
    options_ping_interval: intParameter(30, 'Seconds between two OPTIONS to a party.', { least: 1 }),
    reinvite_ping_interval: intParameter(300, 'Seconds between two re-INVITEs to a party.', { least: 1 }),
    ping_interval: { ...intParameter(30, 'Older name.', { least: 1 }), olderNameOf: 'options_ping_interval' },
    table_name: textParameter('dialog', 'Name of the table.'),
    ...columnParameters,
    profiles_with_value: listParameter('Names of profiles with values, with `;` between.'),
    profiles_no_value: listParameter('Names of profiles without values, with `;` between.'),
    db_flush_vals_profiles: ignored(
      'int',
      'Whether values and profiles are written with each change.',
      'they always are',
    ),
    timer_bulk_del_no: ignored('int', 'Rows that are deleted together.', 'they are deleted one by one'),
    race_condition_timeout: intParameter(
      5,
      'Seconds until a call ends that was answered as it was given up.',
      {
        least: 1,
      },
    ),
    cachedb_url: ignored('text', 'Profiles that nodes share.', NO_CLUSTER),
    profile_value_prefix: ignored('text', 'Profiles that nodes share.', NO_CLUSTER),
    profile_no_value_prefix: ignored('text', 'Profiles that nodes share.', NO_CLUSTER),
    profile_size_prefix: ignored('text', 'Profiles that nodes share.', NO_CLUSTER),
    profile_timeout: ignored('int', 'Profiles that nodes share.', NO_CLUSTER),
    dialog_replication_cluster: ignored('int', 'Replication.', NO_CLUSTER),
    profile_replication_cluster: ignored('int', 'Replication.', NO_CLUSTER),
    replicate_profiles_buffer: ignored('text', 'Replication.', NO_CLUSTER),
    replicate_profiles_check: ignored('text', 'Replication.', NO_CLUSTER),
    replicate_profiles_timer: ignored('text', 'Replication.', NO_CLUSTER),
    replicate_profiles_expire: ignored('text', 'Replication.', NO_CLUSTER),
    cluster_auto_sync: ignored('int', 'Replication.', NO_CLUSTER),
    auto_prack_hangup_on_failure: intParameter(
      0,
      '1: a PRACK of the server that fails ends the INVITE with 502.',
      {
        least: 0,
        most: 1,
      },
    ),
    auto_prack_fr_timeout: intParameter(3, 'Seconds that such a PRACK may wait for its answer.', {
      least: 1,
    }),
  },
  start: async (params, context) => {
    const mode = params.db_mode as DbMode;
    let store: DialogStore | undefined;
    if (mode !== DbMode.None) {
      const database = await openDatabase(context, 'dialog', params.db_url);
      const named = new Map(
        Object.entries(COLUMNS).map(([parameter, standard]) => [
          standard as string,
          params[parameter as ColumnParameter],
        ]),
      );
      const nameOf = (standard: string) => named.get(standard) ?? standard;
      store = new DialogStore(context, database, params.table_name, nameOf, mode);
      await store.open();
      if (mode === DbMode.Delayed) context.every(params.db_update_period, () => store!.flush());
    }
    const state = new ScriptDialogs(
      context,
      {
        lifetimeMs: params.default_timeout * 1000,
        deleteDelay: params.delete_delay,
        matchByIdAlone: params.dlg_match_mode === 0,
        pingMs: {
          OPTIONS: params.options_ping_interval * 1000,
          INVITE: params.reinvite_ping_interval * 1000,
        },
        raceMs: params.race_condition_timeout * 1000,
        extraHeaders: params.dlg_extra_hdrs,
        prack: {
          timeoutMs: params.auto_prack_fr_timeout * 1000,
          hangUp: params.auto_prack_hangup_on_failure === 1,
        },
        profiles: new Map([
          ...profileNames(params.profiles_with_value).map((it) => [it, true] as const),
          ...profileNames(params.profiles_no_value).map((it) => [it, false] as const),
        ]),
      },
      store,
    );
    await store?.load();
    return state;
  },
  functions: { ...dialogFunctions, ...valueFunctions },
  variables: dialogVariables,
  commands: dialogCommands,
  statistics: {
    active_dialogs: { describe: 'Dialogs that have not ended.', read: (state) => state.active },
    early_dialogs: { describe: 'Dialogs that ring.', read: (state) => state.early },
    processed_dialogs: {
      describe: 'Dialogs since the start.',
      read: ({ dialogs }) => dialogs.counters.created,
    },
    expired_dialogs: {
      describe: 'Dialogs that lasted too long.',
      read: ({ dialogs }) => dialogs.counters.expired,
    },
    failed_dialogs: {
      describe: 'Dialogs that were never answered.',
      read: ({ dialogs }) => dialogs.counters.failed,
    },
  },
  events: {
    E_DLG_STATE_CHANGED: {
      describe: 'A dialog has another state, as `$DLG_status` has it.',
      params: ['id', 'db_id', 'callid', 'from_tag', 'to_tag', 'old_state', 'new_state'],
    },
  },
  missing: {
    set_dlg_sharing_tag: NO_CLUSTER,
    'dialog:cluster_sync': NO_CLUSTER,
    create_sent: NO_CLUSTER,
    update_sent: NO_CLUSTER,
    delete_sent: NO_CLUSTER,
    create_recv: NO_CLUSTER,
    update_recv: NO_CLUSTER,
    delete_recv: NO_CLUSTER,
  },
  notes: `The table is OpenSIPS’s own (\`${DIALOG_TABLE.name}\`, version ${DIALOG_TABLE.version}). What it has no column for, as the address of a phone behind a NAT, stands in \`vars\` under \`_viaduct\`. A dialog that has ended is known 5 more seconds for what is still on its way.`,
});

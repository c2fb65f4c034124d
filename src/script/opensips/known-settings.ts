/** How a setting of the global part is written. */
export interface KnownSetting {
  readonly kind: 'number' | 'flag' | 'text' | 'any';
  readonly describe: string;
  /** Why it has no effect; undefined where it has. */
  readonly noEffect?: string;
  /** It is of an older version; what to write instead. */
  readonly older?: string;
  /** The setting that it is another name of. */
  readonly means?: string;
}

const NO_PROCESSES = 'Viaduct has threads instead: see --workers';
const NO_POOLS = 'memory is not divided into pools';
const BY_ITSELF = 'the server finds its own measure';

function none(kind: KnownSetting['kind'], describe: string, noEffect: string): KnownSetting {
  return { kind, describe, noEffect };
}

/** Every setting that OpenSIPS knows, with what becomes of it. */
export const KNOWN_SETTINGS: Readonly<Record<string, KnownSetting>> = {
  abort_on_assert: { kind: 'flag', describe: 'A failed `assert` stops the server.' },
  advertised_address: {
    kind: 'any',
    describe: 'The address that is printed where no listener says its own.',
  },
  advertised_port: { kind: 'number', describe: 'The port that belongs to `advertised_address`.' },
  auto_aliases: { kind: 'flag', describe: 'Names of the addresses that are listened on are aliases.' },
  auto_scaling_cycle: none('number', 'Seconds between looks at the load.', NO_PROCESSES),
  auto_scaling_profile: none('any', 'When to start processes.', NO_PROCESSES),
  check_via: none(
    'flag',
    'Whether the top Via of replies is looked at.',
    'replies are always matched by their branch',
  ),
  children: {
    kind: 'number',
    describe: 'Processes.',
    older: 'take the line away: Viaduct has threads instead, see --workers',
  },
  chroot: none('any', 'A root directory.', 'start the server in a container instead'),
  db_default_url: { kind: 'text', describe: 'The database of modules that name none.' },
  db_max_async_connections: none('number', 'Connections to databases.', BY_ITSELF),
  db_version_table: none('text', 'Where versions of tables stand.', 'versions of tables are not looked at'),
  debug: { kind: 'number', describe: 'Log level.', older: 'write log_level', means: 'log_level' },
  debug_mode: { kind: 'flag', describe: 'Logs everything, to the terminal.' },
  disable_503_translation: none(
    'flag',
    'A 503 is passed on as it is.',
    'a 503 of one next hop is passed on as 500 (RFC 3261 §16.7)',
  ),
  disable_core_dump: none('flag', 'Core files.', 'the system decides'),
  disable_dns_blacklist: none(
    'flag',
    'Whether addresses that fail are avoided.',
    'addresses that fail are put last for a while',
  ),
  disable_dns_failover: none(
    'flag',
    'Whether other addresses of a name are tried.',
    'all addresses of a name are tried (RFC 3263)',
  ),
  disable_stateless_fwd: none(
    'flag',
    'Replies without a transaction are dropped.',
    'replies are passed on only to whom the server had passed the request from',
  ),
  disable_tcp: { kind: 'flag', describe: 'No TCP.', older: 'a socket without tcp: does the same' },
  disable_tls: { kind: 'flag', describe: 'No TLS.', older: 'a socket without tls: does the same' },
  dns: none('flag', 'Names in Via.', 'names in Via are never looked up'),
  dns_retr_no: none('number', 'Repeated questions.', BY_ITSELF),
  dns_retr_time: none('number', 'Seconds between questions.', BY_ITSELF),
  dns_servers_no: none('number', 'Name servers.', 'those of the system are asked'),
  dns_try_ipv6: none('flag', 'AAAA records.', 'asked for where a socket speaks IPv6'),
  dns_try_naptr: none('flag', 'NAPTR records.', 'always asked for (RFC 3263)'),
  dns_use_search_list: none('flag', 'Search list.', 'names are taken whole'),
  dst_blacklist: none(
    'any',
    'Addresses that nothing is sent to.',
    'addresses that fail are put last for a while; permissions keeps lists',
  ),
  enable_asserts: { kind: 'flag', describe: 'Whether `assert` does anything.' },
  event_pkg_threshold: none('number', 'Memory.', NO_POOLS),
  event_shm_threshold: none('number', 'Memory.', NO_POOLS),
  exec_dns_threshold: none('number', 'Slow questions.', 'names are looked up beside the script'),
  exec_msg_threshold: none('number', 'Slow scripts.', 'slow messages are counted in the statistics'),
  execdnsthreshold: none('number', 'Slow questions.', 'names are looked up beside the script'),
  execmsgthreshold: none('number', 'Slow scripts.', 'slow messages are counted in the statistics'),
  fork: { kind: 'flag', describe: 'Processes.', older: 'take the line away: the server does not fork' },
  group: {
    kind: 'any',
    describe: 'Group.',
    older: 'take the line away: the service manager says who runs it',
  },
  log_event_enabled: none('flag', 'Log lines as events.', 'the log goes to its file'),
  log_event_level_filter: none('number', 'Log lines as events.', 'the log goes to its file'),
  log_facility: { kind: 'any', describe: 'Syslog.', older: 'take the line away: the log goes to its file' },
  log_json_buf_size: none('number', 'Log buffer.', 'lines have the room they need'),
  log_level: { kind: 'number', describe: 'From -3 (alert) to 4 (debug); default 2 (notice).' },
  log_msg_buf_size: none('number', 'Log buffer.', 'lines have the room they need'),
  log_name: { kind: 'any', describe: 'Syslog.', older: 'take the line away: the log goes to its file' },
  log_prefix: none('text', 'Prefix of log lines.', 'log lines have fields'),
  log_stderror: {
    kind: 'flag',
    describe: 'Log to the terminal.',
    older: 'write stderror_enabled',
    means: 'stderror_enabled',
  },
  log_stdout: none('flag', 'Standard output of libraries.', 'there are none that write there'),
  max_while_loops: { kind: 'number', describe: 'Rounds after which a `while` ends; default 10000.' },
  maxbuffer: none('number', 'Receive buffer.', BY_ITSELF),
  mcast_loopback: none('flag', 'Multicast.', 'multicast is not listened to'),
  mcast_ttl: none('number', 'Multicast.', 'multicast is not listened to'),
  mem_dump: none('number', 'Memory.', NO_POOLS),
  mem_log: none('number', 'Memory.', NO_POOLS),
  mem_warming: none('flag', 'Memory.', NO_POOLS),
  mem_warming_enabled: none('flag', 'Memory.', NO_POOLS),
  mem_warming_pattern_file: none('text', 'Memory.', NO_POOLS),
  mem_warming_percentage: none('number', 'Memory.', NO_POOLS),
  'mem-group': none('any', 'Memory.', NO_POOLS),
  memdump: none('number', 'Memory.', NO_POOLS),
  memlog: none('number', 'Memory.', NO_POOLS),
  mhomed: { kind: 'flag', describe: 'The socket to send from is chosen by the address of the destination.' },
  mpath: none('any', 'Where modules are.', 'the modules are part of the server'),
  open_files_limit: none('number', 'Open files.', 'the service manager says how many'),
  pi_framework: none('text', 'Provisioning.', 'there is none'),
  poll_method: none('any', 'How the system waits.', BY_ITSELF),
  port: { kind: 'number', describe: 'Port.', older: 'write it with the socket: socket = udp:10.0.0.34:5060' },
  pv_print_buf_size: none('number', 'Buffer of formats.', 'texts have the room they need'),
  query_buffer_size: none('number', 'Database writes.', BY_ITSELF),
  query_flush_time: none('number', 'Database writes.', BY_ITSELF),
  restart_persistency_cache_file: none('text', 'Memory over restarts.', 'bindings are in the data directory'),
  restart_persistency_size: none('number', 'Memory over restarts.', 'bindings are in the data directory'),
  rev_dns: none('flag', 'Names of sources.', 'names are never taken for addresses'),
  server_header: { kind: 'text', describe: 'The header that answers of the server carry: `Server: …`.' },
  server_signature: { kind: 'flag', describe: 'Whether answers carry `server_header`.' },
  shm_hash_split_percentage: none('number', 'Memory.', NO_POOLS),
  shm_memlog_size: none('number', 'Memory.', NO_POOLS),
  shm_secondary_hash_size: none('number', 'Memory.', NO_POOLS),
  sip_warning: none(
    'flag',
    'Warning headers.',
    'answers of the server itself carry a Warning where they refuse',
  ),
  stderror_enabled: { kind: 'flag', describe: 'Logs to the standard output instead of the file.' },
  stderror_level_filter: none('number', 'Log level.', 'there is one log'),
  stderror_log_format: none('any', 'Log format.', 'the log is JSON lines'),
  syslog_enabled: none('flag', 'Syslog.', 'the log goes to its file; journald and syslog can read it there'),
  syslog_facility: none('any', 'Syslog.', 'the log goes to its file; journald and syslog can read it there'),
  syslog_level_filter: none(
    'number',
    'Syslog.',
    'the log goes to its file; journald and syslog can read it there',
  ),
  syslog_log_format: none(
    'any',
    'Syslog.',
    'the log goes to its file; journald and syslog can read it there',
  ),
  syslog_name: none('any', 'Syslog.', 'the log goes to its file; journald and syslog can read it there'),
  tcp_accept_aliases: none(
    'any',
    'Reuse of connections.',
    'connections are reused where who asks has shown who it is (RFC 5923)',
  ),
  tcp_children: {
    kind: 'number',
    describe: 'Processes.',
    older: 'take the line away: Viaduct has threads instead, see --workers',
  },
  tcp_connect_timeout: none('number', 'Time for connecting.', BY_ITSELF),
  tcp_connection_lifetime: { kind: 'number', describe: 'Seconds after which an idle connection is closed.' },
  tcp_keepalive: none('flag', 'TCP keep-alive.', BY_ITSELF),
  tcp_keepcount: none('number', 'TCP keep-alive.', BY_ITSELF),
  tcp_keepidle: none('number', 'TCP keep-alive.', BY_ITSELF),
  tcp_keepinterval: none('number', 'TCP keep-alive.', BY_ITSELF),
  tcp_max_connections: { kind: 'number', describe: 'Connections at once.' },
  tcp_max_msg_time: none('number', 'Time for a message.', BY_ITSELF),
  tcp_no_new_conn_bflag: none(
    'any',
    'A branch flag that forbids new connections.',
    'contacts behind a NAT are reached by their own connection alone',
  ),
  tcp_no_new_conn_rplflag: none(
    'any',
    'A flag that forbids new connections for replies.',
    'replies take the connection that the request came by',
  ),
  tcp_socket_backlog: none('number', 'Backlog.', BY_ITSELF),
  tcp_threads: none('number', 'Threads.', NO_PROCESSES),
  tcp_threshold: none('number', 'Slow writes.', 'writes do not block'),
  tcp_workers: none('number', 'Processes.', NO_PROCESSES),
  tcpthreshold: none('number', 'Slow writes.', 'writes do not block'),
  timer_workers: none('number', 'Processes.', NO_PROCESSES),
  tos: none('any', 'Type of service.', 'the system decides'),
  udp_workers: none('number', 'Processes.', NO_PROCESSES),
  user: { kind: 'any', describe: 'User.', older: 'take the line away: the service manager says who runs it' },
  user_agent_header: {
    kind: 'text',
    describe: 'The header that requests of the server carry: `User-Agent: …`.',
  },
  wdir: none('any', 'Working directory.', 'the service manager says where it runs'),
  worker_reactor_timeout: none('number', 'Processes.', NO_PROCESSES),
  workerreactortimeout: none('number', 'Processes.', NO_PROCESSES),
  workdir: none('any', 'Working directory.', 'the service manager says where it runs'),
  xlog_buf_size: none('number', 'Log buffer.', 'texts have the room they need'),
  xlog_force_color: none('flag', 'Colours.', '$C(xy) is taken out of log lines'),
  xlog_level: {
    kind: 'number',
    describe: 'What `xlog` writes, from -3 (alert) to 4 (debug); default 2 (notice).',
  },
  xlog_print_level: none('number', 'The level of xlog lines without one.', 'they have the level of errors'),
};

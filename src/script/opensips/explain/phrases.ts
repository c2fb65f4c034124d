import type { Call, Operand } from '../language/ast.ts';

/** What calls do, for a person: by the name of the function, `%` for its first argument, `%2` for its second. */
const PHRASES: Readonly<Record<string, string>> = {
  acc_db_request: 'writes accounting into a database',
  acc_log_request: 'writes accounting into the log',
  alias_db_lookup: 'looks aliases up',
  append_branch: 'adds a branch',
  b2b_init_request: 'bridges calls',
  cache_fetch: 'reads the cache',
  cache_store: 'writes the cache',
  check_address: 'checks addresses',
  check_source_address: 'checks addresses',
  create_dialog: 'watches the dialog',
  do_accounting: 'writes accounting',
  do_routing: 'chooses a gateway',
  dp_translate: 'translates numbers',
  ds_next_dst: 'takes the next destination',
  ds_select_domain: 'chooses a destination',
  ds_select_dst: 'chooses a destination',
  exec: 'runs a command',
  fix_nated_contact: 'corrects Contacts behind NATs',
  fix_nated_register: 'corrects registrations behind NATs',
  force_rport: 'answers to the port that was sent from',
  forward: 'forwards without a transaction',
  force_send_socket: 'sends from %',
  is_from_gw: 'recognizes gateways',
  lb_next: 'takes the next destination',
  lb_start: 'balances load',
  lookup: 'finds where users are registered',
  loose_route: 'follows Route',
  mf_process_maxfwd_header: 'counts Max-Forwards down',
  proxy_authorize: 'checks passwords',
  proxy_challenge: 'asks for a password',
  record_route: 'stays in the path',
  record_route_preset: 'stays in the path as %',
  rtpengine_answer: 'relays media',
  rtpengine_manage: 'relays media',
  rtpengine_offer: 'relays media',
  rtpproxy_answer: 'relays media',
  rtpproxy_engage: 'relays media',
  rtpproxy_offer: 'relays media',
  rtpproxy_unforce: 'ends the relaying of media',
  save: 'stores registrations',
  send_reply: 'answers %',
  set_advertised_address: 'prints %',
  set_advertised_port: 'prints the port %',
  sl_reply_error: 'answers with an error',
  sl_send_reply: 'answers %',
  sql_query: 'asks a database',
  t_new_request: 'sends a request of its own',
  t_on_branch: 'then branch_route[%]',
  t_on_failure: 'then failure_route[%]',
  t_on_reply: 'then onreply_route[%]',
  t_relay: 'forwards',
  t_reply: 'answers %',
  topology_hiding: 'hides the topology',
  topology_hiding_match: 'follows dialogs whose topology is hidden',
  uac_auth: 'shows a password to the other side',
  uac_replace_from: 'replaces From',
  uac_replace_to: 'replaces To',
  use_next_gw: 'takes the next gateway',
  www_authorize: 'checks passwords',
  www_challenge: 'asks for a password',
  xlog: '',
};

/** @returns undefined where the function has no phrase; '' where it is not worth one */
export function phraseOf({ name, args }: Call): string | undefined {
  const phrase = Object.hasOwn(PHRASES, name) ? PHRASES[name] : undefined;
  return phrase?.replace('%', argumentText(args[0]));
}

export function argumentText(operand: Operand | undefined): string {
  return operand === undefined || operand.kind === 'null' ? '' : operand.text;
}

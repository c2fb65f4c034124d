// Scripts that OpenSIPS and `viaduct -f` run alike.
import { DOMAIN, type Job, PASSWORD } from './peer.ts';

const RELAY_MODULES = ['signaling', 'sl', 'tm', 'rr', 'maxfwd', 'sipmsgops'];
const MODULES: Readonly<Record<Job, readonly string[]>> = {
  relay: RELAY_MODULES,
  dialogs: [...RELAY_MODULES, 'dialog'],
  registrar: [...RELAY_MODULES, 'usrloc', 'registrar'],
  phones: [...RELAY_MODULES, 'usrloc', 'registrar', 'auth'],
};

const relay = (initial: string): string => `
  if (!mf_process_maxfwd_header(70)) { sl_send_reply(483, "Too Many Hops"); exit; }
  if (has_totag()) {
    loose_route();
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) { t_relay(); exit; }
  record_route();${initial}
  t_relay();
`;

const REGISTRAR = `
modparam("usrloc", "working_mode_preset", "single-instance-no-db")
modparam("registrar", "max_expires", 3600)
`;

// All users have one password, so that no database is asked: the cheapest there is.
const PHONES = `${REGISTRAR}
modparam("auth", "username_spec", "$avp(user)")
modparam("auth", "password_spec", "$avp(password)")
modparam("auth", "calculate_ha1", 1)
`;

const phones = `
  if (!mf_process_maxfwd_header(70)) { sl_send_reply(483, "Too Many Hops"); exit; }
  if (has_totag()) {
    if (!loose_route()) { if (is_method("ACK") && t_check_trans()) t_relay(); exit; }
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) { t_relay(); exit; }
  $avp(user) = $au;
  $avp(password) = "${PASSWORD}";
  if (is_method("REGISTER")) {
    if (!pv_www_authorize("${DOMAIN}")) { www_challenge("${DOMAIN}", "auth"); exit; }
    save("location");
    exit;
  }
  if (!pv_proxy_authorize("${DOMAIN}")) { proxy_challenge("${DOMAIN}", "auth"); exit; }
  consume_credentials();
  if (!lookup("location")) { sl_send_reply(404, "Not Found"); exit; }
  record_route();
  t_relay();
`;

const BODIES: Readonly<Record<Job, readonly [parameters: string, route: string]>> = {
  relay: ['', relay('')],
  dialogs: ['', relay('\n  create_dialog();')],
  registrar: [REGISTRAR, '\n  if (is_method("REGISTER")) save("location");\n'],
  phones: [PHONES, phones],
};

/** Modules, their parameters and the routes. */
export function opensipsRouting(job: Job, moreParameters = ''): string {
  const modules = MODULES[job].map((name) => `loadmodule "${name}.so"`).join('\n');
  const [parameters, route] = BODIES[job];
  return `${modules}\n${parameters}${moreParameters}route {${route}}\n`;
}

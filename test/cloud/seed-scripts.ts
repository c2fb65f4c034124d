// The deployments that operators bring as opensips.cfg: the public address said at each level that OpenSIPS has, and a relay
// that is told what to print. All of them are one script, apart from how they say it.
import { PASSWORD } from './matrix.ts';
import { ADDRESS } from './topology.ts';

/** How a script says which address is printed, and what goes between networks. */
export interface SeedScript {
  readonly name: string;
  readonly text: string;
  /** The address that media are told, whoever reads it; undefined where it is right for each side. */
  readonly forcedMedia?: string;
}

interface Parts {
  readonly global: readonly string[];
  /** Statements before anything is sent for a request. */
  readonly early?: string;
  /** Statements for the ACK of an answered call, and in the branch_route. */
  readonly onAck?: string;
  readonly branch?: string;
  readonly engage?: string;
}

const BOUND = ADDRESS.server;
const PUBLIC = ADDRESS.serverPublic;
const MODULES = 'signaling sl tm rr maxfwd sipmsgops dialog usrloc registrar auth nathelper rtpproxy'.split(
  ' ',
);
const PLAIN = ['udp', 'tcp'].map((transport) => `socket=${transport}:${BOUND}:5060`);
// The next hop, be it in $du or in the Request-URI.
const TO_VPC = '$dd =~ "^10\\.0\\.0\\." || ($du == NULL && $rd =~ "^10\\.0\\.0\\.")';

function scriptOf({
  global,
  early = '',
  onAck = '',
  branch = '',
  engage = 'rtpproxy_engage("co")',
}: Parts): string {
  return `${global.join('\n')}
log_level=3
${MODULES.map((it) => `loadmodule "${it}.so"`).join('\n')}
modparam("usrloc", "nat_bflag", "NAT")
modparam("nathelper|registrar", "received_avp", "$avp(received)")
modparam("auth", "username_spec", "$var(user)")
modparam("auth", "password_spec", "$var(password)")
modparam("auth", "calculate_ha1", 1)

route {
  if (!mf_process_maxfwd_header(10)) { send_reply(483, "Too Many Hops"); exit; }
  force_rport();
  ${early}
  t_on_branch("out");
  t_on_reply("back");
  if (has_totag()) {
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    if (!loose_route()) { send_reply(404, "Not here"); exit; }
    fix_nated_contact();
    # The ACK of an answered call passes no branch_route.
    if (is_method("ACK")) { ${onAck} }
    t_relay();
    exit;
  }
  if (is_method("CANCEL")) {
    if (t_check_trans()) t_relay();
    exit;
  }
  t_check_trans();
  $var(user) = $fU;
  $var(password) = "${PASSWORD}";
  if (is_method("REGISTER")) {
    if (!pv_www_authorize("example.com")) { www_challenge("example.com", "auth"); exit; }
    fix_nated_register();
    setbflag("NAT");
    save("location");
    exit;
  }
  if (!pv_proxy_authorize("example.com")) { proxy_challenge("example.com", "auth"); exit; }
  consume_credentials();
  if (!is_method("INVITE")) { send_reply(405, "Method Not Allowed"); exit; }
  fix_nated_contact();
  record_route();
  if (!lookup("location")) { t_reply(404, "Not Found"); exit; }
  ${engage};
  t_relay();
}
branch_route[out] { xlog("L_DBG", "branch to $ru");
  ${branch}
}
onreply_route[back] { fix_nated_contact(); }
`;
}

/** What is said for each side where the script says it for each message: the caller's by the request, the callee's by its branch. */
const BY_NEXT_HOP = `if (${TO_VPC}) set_advertised_address("${BOUND}"); else set_advertised_address("${PUBLIC}");`;
const PER_TRANSACTION = {
  early: `if ($si !~ "^10\\.0\\.0\\.") set_advertised_address( ${PUBLIC} );`,
  onAck: BY_NEXT_HOP,
  branch: BY_NEXT_HOP,
};

const SCRIPTS: readonly (Omit<SeedScript, 'text'> & Parts)[] = [
  { name: 'global', global: [...PLAIN, `advertised_address="${PUBLIC}"`, 'advertised_port=5060'] },
  { name: 'per listener', global: PLAIN.map((it) => `${it} as ${PUBLIC}:5060`) },
  { name: 'per transaction', global: PLAIN, ...PER_TRANSACTION },
  { name: 'alias', global: [...PLAIN, `alias=${PUBLIC}`, `alias=udp:${PUBLIC}:5060`], ...PER_TRANSACTION },
  {
    name: 'force_send_socket',
    global: [
      ...PLAIN.map((it) => `${it} as ${PUBLIC}:5060`),
      `socket=udp:${BOUND}:5080`,
      `socket=tcp:${BOUND}:5080`,
    ],
    branch: `if (${TO_VPC}) {
      if ($(ru{uri.transport}) =~ "tcp") force_send_socket("tcp:${BOUND}:5080");
      else force_send_socket("udp:${BOUND}:5080");
    }`,
  },
  {
    name: 'rtpproxy_engage with an address',
    global: PLAIN.map((it) => `${it} as ${PUBLIC}:5060`),
    engage: `rtpproxy_engage("co","${PUBLIC}")`,
    forcedMedia: PUBLIC,
  },
];

export const SEED_SCRIPTS: readonly SeedScript[] = SCRIPTS.map(({ name, forcedMedia, ...parts }) => ({
  name,
  ...(forcedMedia && { forcedMedia }),
  text: scriptOf(parts),
}));

// biome-ignore-all format: printed by scripts/print-docs.ts
import type { Value } from '../../value.ts';
import type { Argument } from '../message.ts';

/** Functions and variables that are there without `loadmodule`. */
export interface CoreNames {
  /** Puts another host into the Request-URI. */
  sethost(host: Argument): boolean;
  /** Puts another host and port into the Request-URI. */
  sethostport(hostport: Argument): boolean;
  /** Puts another user into the Request-URI. */
  setuser(user: Argument): boolean;
  /** Puts another password into the Request-URI. */
  setuserpass(password: Argument): boolean;
  /** Puts another port into the Request-URI. */
  setport(port: Argument): boolean;
  /** Puts another Request-URI in place. */
  seturi(uri: Argument): boolean;
  /** Puts a prefix before the user of the Request-URI. */
  prefix(prefix: Argument): boolean;
  /** Takes characters off the beginning of the user of the Request-URI. */
  strip(count: Argument): boolean;
  /** Takes characters off the end of the user of the Request-URI. */
  strip_tail(count: Argument): boolean;
  /** Puts the Request-URI back as it came. */
  revert_uri(): boolean;
  /** Sends the request there instead of to its Request-URI. */
  setdsturi(uri: Argument): boolean;
  /** Has the Request-URI say again where the request goes. */
  resetdsturi(): boolean;
  /** Whether `$du` is set. */
  isdsturiset(): boolean;
  /** Puts a URI together. */
  construct_uri(proto: Argument, user: Argument, domain: Argument, port: Argument, extra: Argument, result: string): boolean;
  /** Adds a branch; without a URI a copy of the Request-URI. */
  append_branch_old(uri?: Argument, qvalue?: Argument): boolean;
  /** Adds a branch. With `inherite` it takes next hop, q, Path, socket and flags of the Request-URI over. */
  append_msg_branch(uri: Argument, qvalue?: Argument, flags?: Argument): boolean;
  /** Takes a branch away; those behind it move up. */
  remove_msg_branch(branch_idx: Argument): boolean;
  /** Puts one branch in place of another, and takes it from where it was unless `keep` is given. */
  move_msg_branch(src_idx?: Argument, dst_idx?: Argument, keep?: Argument): boolean;
  /** Exchanges two branches. */
  swap_msg_branches(src_idx?: Argument, dst_idx?: Argument): boolean;
  /** Puts all branches by for serial forking, those of the highest q first; `next_branches` takes them. */
  serialize_branches(clear_previous: Argument, keep_order?: Argument): boolean;
  /** Takes the next branches of those that were put by. */
  next_branches(): boolean;
  /** Sets a message flag. */
  setflag(flag: Argument): boolean;
  /** Takes a message flag away. */
  resetflag(flag: Argument): boolean;
  /** Whether a message flag is set. */
  isflagset(flag: Argument): boolean;
  /** Sets a flag of a branch. */
  setbflag(flag: Argument, branch_idx?: Argument): boolean;
  /** Takes a flag of a branch away. */
  resetbflag(flag: Argument, branch_idx?: Argument): boolean;
  /** Whether a flag of a branch is set. */
  isbflagset(flag: Argument, branch_idx?: Argument): boolean;
  /** Has answers go to the port that the request came from. */
  force_rport(): boolean;
  /** Asks for rport in the Via of what is forwarded; over UDP that is always done. */
  add_local_rport(): boolean;
  /** How answers find back. `reply-to-via` has no effect: answers go to the address that the request came from. */
  set_via_handling(flags: Argument): boolean;
  /** Has requests to that side take the connection of this one. Connections are reused by themselves where they may be. */
  force_tcp_alias(port_alias?: Argument): boolean;
  /** Prints another host in all that the request causes, in a branch_route in that branch; the port stays, unless one stands behind it. */
  set_advertised_address(address: Argument): boolean;
  /** As set_advertised_address, for the port. */
  set_advertised_port(port: Argument): boolean;
  /** Sends the message from that socket. */
  force_send_socket(socket: Argument): boolean;
  /** Whether host and port are those of the server itself: its sockets, what it prints, its aliases. */
  is_myself(host: Argument, port?: Argument): boolean;
  /** Forwards the request without keeping anything of it; without a destination to its Request-URI. */
  forward(destination?: Argument): boolean;
  /** Sends the message as it came to another place, without a Via of this server. */
  send(destination: Argument, headers?: Argument): boolean | Promise<boolean>;
  /** Has no effect: lines are told by xlog, and by faults. */
  script_trace(log_level?: Argument, format?: Argument, info?: Argument): boolean;
  /** Writes a line to the log: L_ALERT, L_CRIT, L_ERR (default), L_WARN, L_NOTICE, L_INFO, L_DBG. */
  xlog(format: Argument): boolean;
  xlog(level: Argument, format: Argument): boolean;
  /** Writes a text to the log. */
  log(text: Argument): boolean;
  log(level: Argument, text: Argument): boolean;
  /** Writes a line to the log with the level of debugging. */
  xdbg(format: Argument): boolean;
  /** Puts a text into a variable. */
  pv_printf(pv: string, format: Argument): boolean;
  /** Writes all AVPs to the log. */
  avp_print(): boolean;
  /** The time: seconds since 1970, and microseconds of the second. */
  get_timestamp(sec_avp: string, usec_avp: string): boolean;
  /** Raises an event; names and values are lists, and go together. */
  raise_event(event: Argument, attrs?: string, vals?: string): boolean;
  /** Stores a value. */
  cache_store(storage_id: Argument, attribute: Argument, value: Argument, timeout?: Argument): boolean | Promise<boolean>;
  /** Removes a value; true whether or not there was one. */
  cache_remove(storage_id: Argument, attribute: Argument): boolean | Promise<boolean>;
  /** Fetches a value. */
  cache_fetch(storage_id: Argument, attribute: Argument, result: string): boolean | Promise<boolean>;
  /** Fetches a counter. */
  cache_counter_fetch(storage_id: Argument, attribute: Argument, result: string): boolean | Promise<boolean>;
  /** Adds to a counter. */
  cache_add(storage_id: Argument, attribute: Argument, amount: Argument, expire: Argument, new_val?: string): boolean | Promise<boolean>;
  /** Takes from a counter. */
  cache_sub(storage_id: Argument, attribute: Argument, amount: Argument, expire: Argument, new_val?: string): boolean | Promise<boolean>;
  /** URI of P-Asserted-Identity. */
  readonly $ai: Value;
  /** Call-ID. */
  readonly $ci: Value;
  /** Content-Length. */
  readonly $cl: Value;
  /** Number in CSeq. */
  readonly $cs: Value;
  /** A contact: name, URI and parameters. */
  readonly $ct: Value;
  /** A part of a contact. */
  '$ct.fields'(name: 'name' | 'uri' | 'q' | 'expires' | 'methods' | 'received' | 'params' | (string & {}), index?: number | '*'): Value;
  /** URI of Diversion. */
  readonly $di: Value;
  /** `privacy` of Diversion. */
  readonly $dip: Value;
  /** `reason` of Diversion. */
  readonly $dir: Value;
  /** Domain in the URI of From. */
  readonly $fd: Value;
  /** Domain in the URI of From. */
  readonly '$from.domain': Value;
  /** Display name of From. */
  readonly $fn: Value;
  /** Tag of From. */
  readonly $ft: Value;
  /** URI of From. */
  readonly $fu: Value;
  /** URI of From. */
  readonly $from: Value;
  /** User in the URI of From. */
  readonly $fU: Value;
  /** User in the URI of From. */
  readonly '$from.user': Value;
  /** A header by its name; `[n]` for one of its lines, `[*]` for all. */
  $hdr(name: string, index?: number | '*'): Value;
  /** The name of the header on a line. */
  readonly $hdr_name: Value;
  /** How many lines a header has. */
  $hdrcnt(name: string): Value;
  /** The whole message. */
  readonly $mb: Value;
  /** Message flags that are set. */
  readonly $mf: Value;
  /** Bytes of the message. */
  readonly $ml: Value;
  /** 1 for a request, 0 for a reply. */
  readonly '$msg.is_request': Value;
  /** `request` or `reply`. */
  readonly '$msg.type': Value;
  /** Domain of the Request-URI as it came. */
  readonly $od: Value;
  /** Port of the Request-URI as it came. */
  readonly $op: Value;
  /** Transport of the Request-URI as it came. */
  readonly $oP: Value;
  /** The Request-URI as it came. */
  readonly $ou: Value;
  /** The Request-URI as it came. */
  readonly $ouri: Value;
  /** User of the Request-URI as it came. */
  readonly $oU: Value;
  /** Path. */
  readonly $path: Value;
  /** Domain in the URI of P-Preferred-Identity. */
  readonly $pd: Value;
  /** Display name of P-Preferred-Identity. */
  readonly $pn: Value;
  /** URI of P-Preferred-Identity. */
  readonly $pu: Value;
  /** User in the URI of P-Preferred-Identity. */
  readonly $pU: Value;
  /** URI of Remote-Party-ID. */
  readonly $re: Value;
  /** Method; of a reply that in CSeq. */
  readonly $rm: Value;
  /** Reason phrase of a reply. */
  readonly $rr: Value;
  /** Status of a reply. */
  readonly $rs: Value;
  /** URI of Refer-To. */
  readonly $rt: Value;
  /** Source address. */
  readonly $si: Value;
  /** Source address. */
  readonly $src_ip: Value;
  /** Source port. */
  readonly $sp: Value;
  /** Domain in the URI of To. */
  readonly $td: Value;
  /** Domain in the URI of To. */
  readonly '$to.domain': Value;
  /** Display name of To. */
  readonly $tn: Value;
  /** Tag of To. */
  readonly $tt: Value;
  /** URI of To. */
  readonly $tu: Value;
  /** URI of To. */
  readonly $to: Value;
  /** User in the URI of To. */
  readonly $tU: Value;
  /** User in the URI of To. */
  readonly '$to.user': Value;
  /** User-Agent. */
  readonly $ua: Value;
  /** Request-URI. */
  get $ru(): Value;
  set $ru(value: Argument);
  /** Request-URI. */
  get $ruri(): Value;
  set $ruri(value: Argument);
  /** User of the Request-URI. */
  get $rU(): Value;
  set $rU(value: Argument);
  /** User of the Request-URI. */
  get '$ruri.user'(): Value;
  set '$ruri.user'(value: Argument);
  /** Domain of the Request-URI. */
  get $rd(): Value;
  set $rd(value: Argument);
  /** Domain of the Request-URI. */
  get '$ruri.domain'(): Value;
  set '$ruri.domain'(value: Argument);
  /** Port of the Request-URI. */
  get $rp(): Value;
  set $rp(value: Argument);
  /** Transport of the Request-URI. */
  readonly $rP: Value;
  /** q of the Request-URI in thousandths; -1 for none. */
  get $ru_q(): Value;
  set $ru_q(value: Argument);
  /** Where the request is sent instead of its Request-URI; NULL for there. */
  get $du(): Value;
  set $du(value: Argument);
  /** Where the request is sent instead of its Request-URI; NULL for there. */
  get $duri(): Value;
  set $duri(value: Argument);
  /** Domain of `$du`. */
  get $dd(): Value;
  set $dd(value: Argument);
  /** Port of `$du`. */
  get $dp(): Value;
  set $dp(value: Argument);
  /** Transport of `$du`. */
  readonly $dP: Value;
  /** All branches, as a Contact names them. */
  readonly $ds: Value;
  /** Written: adds a branch. Read: the URI of the last one. */
  get '$msg.branch'(): Value;
  set '$msg.branch'(value: Argument);
  /** URI of a branch. */
  get '$msg.branch.uri'(): Value;
  set '$msg.branch.uri'(value: Argument);
  /** Next hop of a branch. */
  get '$msg.branch.duri'(): Value;
  set '$msg.branch.duri'(value: Argument);
  /** Path of a branch. */
  get '$msg.branch.path'(): Value;
  set '$msg.branch.path'(value: Argument);
  /** q of a branch in thousandths. */
  get '$msg.branch.q'(): Value;
  set '$msg.branch.q'(value: Argument);
  /** Flags of a branch, with blanks between. */
  readonly '$msg.branch.flags': Value;
  /** Socket that a branch is sent from. */
  get '$msg.branch.socket'(): Value;
  set '$msg.branch.socket'(value: Argument);
  /** One flag of a branch: 1 or 0. */
  '$msg.branch.flag'(name: string, index?: number | '*'): Value;
  /** A value of any name that belongs to a branch. */
  '$msg.branch.attr'(name: string, index?: number | '*'): Value;
  /** Index of the last branch. */
  readonly '$msg.branch.last_idx': Value;
  /** A message flag: 1 or 0. */
  '$msg.flag'(name: string): Value;
  /** A variable of one run of a route with all that it calls. */
  $var(name: string): Value;
  /** A stack of values that belongs to the request and all that comes of it. */
  $avp(name: string, index?: number | '*'): Value;
  /** What the last function or route returned. */
  readonly $rc: Value;
  /** What the last function or route returned. */
  readonly $retcode: Value;
  /** A value that the last route returned behind its code, from 0. */
  $return(name: string): Value;
  /** A parameter of the route, from 1; of an event by its name. */
  $param(name: string): Value;
  /** The routes that run, the innermost first; `[*]` for all. */
  readonly $route: Value;
  /** The kind of a route that runs. */
  readonly '$route.type': Value;
  /** The name of a route that runs. */
  readonly '$route.name': Value;
  /** The file of the script. */
  readonly $cfg_file: Value;
  /** The line that runs. */
  readonly $cfg_line: Value;
  /** A value given with -o on the command line. */
  $argv(name: string): Value;
  /** Class of the error in an error_route. */
  readonly '$err.class': Value;
  /** Level of the error in an error_route. */
  readonly '$err.level': Value;
  /** What was wrong, in an error_route. */
  readonly '$err.info': Value;
  /** The status to answer with, in an error_route. */
  readonly '$err.rcode': Value;
  /** The reason phrase to answer with, in an error_route. */
  readonly '$err.rreason': Value;
  /** What xlog writes in this run; NULL for what is set for all. */
  get $xlog_level(): Value;
  set $xlog_level(value: Argument);
  /** The log level; setting it has an effect on xlog alone. */
  get $log_level(): Value;
  set $log_level(value: Argument);
  /** Colours of a terminal, foreground and background: `$C(rg)`. */
  $C(name: string): Value;
  /** Seconds since 1970. */
  readonly $Ts: Value;
  /** Microseconds of the second. */
  readonly $Tsm: Value;
  /** When the script was started, in seconds since 1970. */
  readonly $TS: Value;
  /** The time as text. */
  readonly $Tf: Value;
  /** The time by a format as `date` has it. */
  $time(name: string): Value;
  /** Process id. */
  readonly $pp: Value;
  /** Number of the message. */
  readonly $mi: Value;
  /** The socket that received the message. */
  $socket_in(name?: 'ip' | 'port' | 'proto' | 'advertised_ip' | 'advertised_port' | 'tag' | 'anycast' | 'af' | (string & {})): Value;
  /** The socket that the message is sent from; may be written. */
  $socket_out(name?: 'ip' | 'port' | 'proto' | 'advertised_ip' | 'advertised_port' | 'tag' | 'anycast' | 'af' | 'forced' | (string & {})): Value;
  /** What a PROXY header said; always NULL, for none is read. */
  $proxy_protocol(name: 'src_ip' | 'src_port' | 'dst_ip' | 'dst_port' | 'af' | (string & {})): Value;
  /** Domain in the username of the credentials. */
  readonly $ad: Value;
  /** URI of the credentials. */
  readonly $adu: Value;
  /** Nonce of the credentials. */
  readonly $an: Value;
  /** Realm of the credentials. */
  readonly $ar: Value;
  /** User in the username of the credentials. */
  readonly $au: Value;
  /** Username of the credentials. */
  readonly $aU: Value;
  /** User for accounting: that of the credentials, else that of From. */
  readonly $Au: Value;
  /** Algorithm of the credentials. */
  readonly '$auth.alg': Value;
  /** cnonce of the credentials. */
  readonly '$auth.cnonce': Value;
  /** Nonce count of the credentials. */
  readonly '$auth.nc': Value;
  /** Nonce of the credentials. */
  readonly '$auth.nonce': Value;
  /** Opaque of the credentials. */
  readonly '$auth.opaque': Value;
  /** qop of the credentials. */
  readonly '$auth.qop': Value;
  /** Response of the credentials. */
  readonly '$auth.resp': Value;
  /** Algorithm of a challenge. */
  readonly '$challenge.algorithm': Value;
  /** ck of a challenge. */
  readonly '$challenge.ck': Value;
  /** ik of a challenge. */
  readonly '$challenge.ik': Value;
  /** Nonce of a challenge. */
  readonly '$challenge.nonce': Value;
  /** Opaque of a challenge. */
  readonly '$challenge.opaque': Value;
  /** qop of a challenge. */
  readonly '$challenge.qop': Value;
  /** Realm of a challenge. */
  readonly '$challenge.realm': Value;
  /** The body; `[n]` for a part of a multipart body, `(type)` for the first part of a type. */
  $rb(name?: string, index?: number | '*'): Value;
  /** Content-Type; `[n]` for that of a part, `[*]` for all. */
  readonly $cT: Value;
  /** The session description; may be written, and then shows what was written. */
  get $sdp(): Value;
  set $sdp(value: Argument);
}

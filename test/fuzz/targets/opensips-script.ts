import assert from 'node:assert/strict';
import type { ScriptModule } from '../../../src/script/opensips/frame/module.ts';
import { Faults } from '../../../src/script/opensips/language/faults.ts';
import { parseScript } from '../../../src/script/opensips/language/script-parser.ts';
import { SourceText } from '../../../src/script/opensips/language/source-text.ts';
import { compileParsed, importModule, moduleNames } from '../../../src/script/opensips/load-script.ts';

export const name = 'opensips-script';
export const iterations = 5000;

const MODULES = ['tm', 'sl', 'rr', 'signaling', 'maxfwd', 'sipmsgops', 'textops', 'statistics', 'json'];
const LOADED = MODULES.map((module) => `loadmodule "${module}.so"\n`).join('');

export const seeds: readonly string[] = [
  `log_level=3\nudp_workers=4\nsocket=udp:127.0.0.1:5060 as 203.0.113.7:5070 use_workers 2\nsocket=tcp:[::1]:5060-5062 tag a\nalias="example.com"\n${LOADED}modparam("tm|sl", "fr_timeout", 5)\nmodparam("rr", "append_fromtag", 0)\n
route{
  if (!mf_process_maxfwd_header(10)) { send_reply(483, "Too Many Hops"); exit; }
  if (has_totag()) { if (loose_route()) t_relay(); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  route(relay, 1, $var(x));
}
route[relay] { t_on_branch("b"); t_on_failure("f"); if (!t_relay("no-auto-477")) sl_reply_error(); exit; }
branch_route[b] { xlog("L_INFO", "to <$ru> $(hdr(Via)[-1]{via.host})\\n"); }
onreply_route[r] { if ($T_reply_code =~ "18[03]") drop; }
failure_route[f] { if (t_check_status("486|408")) { $ru = "sip:" + $rU + "@1.2.3.4"; t_relay(); } }
timer_route[t, 10] { cache_store("local", "k", "v"); }
event_route[E_X] { $var(i) = $param(name) + 1; }
error_route { exit; } startup_route { $var(a) = 0; } local_route { append_hf("X: y\\r\\n"); }\n`,
  `${LOADED}route { $var(a) = 1; $avp(b) = "text"; $(avp(b)[*]) = NULL; $json(j) := "{\\"a\\": [1, 2]}";
  $var(c) = ($var(a) + 2) * 3 % 4 - -1 & ~5 | 6 ^ 7 << 1 >> 2; $var(c) += 1; $var(c) -= 2; $avp(l) := 1;
  while ($var(a) < 10 && !($avp(b) == NULL or $var(c) >= 2)) { $var(a) = $var(a) + 1; if ($var(a) == 5) break; }
  for ($var(k) in $(json(j/a)[*])) xlog("$var(k)");
  switch ($rm) { case "INVITE": xlog("a"); break; case "ACK": case 3: exit; default: return(-1); }
  if ($si == 10.0.0.0/8 || $ru =~ "^sip:[0-9]{3,}@(a|b)" || $rU !~ 'x' || is_myself("$rd", $rp)) {}
  else if (uri == myself and method != "REGISTER" && src_ip == 127.0.0.1) { drop(); } else return 2;
  xlog("$(ru{uri.user}{s.substr,0,-1}{re.subst,/a(.)/b\\\\1/g}) $(var(a){s.int}) $$ $(hdr(X)[2]) $T_branch_idx");
  async(t_wait_for_new_branches(), done); assert($var(a) > 1, "no"); }
route[done] { setflag(A); resetbflag(B, 1); strip(2); prefix("0"); append_branch("sip:a@b", 0.5); force_send_socket(udp:127.0.0.1:5060); set_advertised_port(5080); /* a
  comment */ cache_fetch("local:a", "k$rU", $var(v)); }\n`,
  `${LOADED}#!comment\nlisten = hep_udp:1.2.3.4\nmpath="/usr/lib"\nlog_stderror=yes\ndisable_503_translation=no\nroute[1] {;;}\nroute { route(1) ; if (1) { } forward("1.2.3.4:5070"); t_relay(, "udp:1.2.3.4:5"); launch(t_relay(), 1); script_trace(1, "$rm", "i"); log(1, 'a'); }\n`,
];

const available = new Map<string, ScriptModule>();
for (const module of moduleNames()) available.set(module, (await importModule(module))!);

/** Whatever a script says, it compiles or is told with places in its text. */
export function run(input: Buffer): void {
  const text = input.toString('latin1');
  const faults = new Faults(SourceText.of(text, 'test.cfg'));
  const result = compileParsed('test.cfg', parseScript(faults), available, faults);
  const lines = text.split('\n').length;
  for (const { line, column } of [...result.notices, ...(result.ok ? [] : result.problems)]) {
    assert.ok(line >= 1 && line <= lines + 1, `line ${line} of ${lines}`);
    assert.ok(column >= 1);
  }
  if (!result.ok) assert.ok(result.problems.length > 0);
  else assert.equal(result.loaded.compiled.instantiate([]).size, result.loaded.script.routes.length);
}

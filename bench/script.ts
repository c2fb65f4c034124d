// npm run bench:script: what a call costs in this process by a compiled opensips.cfg, by the same script in TypeScript, as
// `viaduct convert` writes it, and by routes in TypeScript that do the same by hand. The forms take turns, so that other work
// on the machine hits all alike; the lowest of many stretches counts, and the median stands beside it.
//   --stretches 30   of --calls 500 calls each      --json FILE   also writes the results there
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { convertScript } from '../src/script/opensips/convert/convert-script.ts';
import { type LoadScriptResult, loadScript } from '../src/script/opensips/load-script.ts';
import { loadScriptProgram } from '../src/script/script-program.ts';
import { CoreUnderTest } from './core-under-test.ts';
import { median, round } from './figures.ts';
import { Notebook, publish } from './report.ts';

const SCRIPT = `
loadmodule "signaling.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "sipmsgops.so"

route {
  if (!mf_process_maxfwd_header(10)) { send_reply(483, "Too Many Hops"); exit; }
  if (has_totag()) {
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    if (!loose_route()) { send_reply(404, "Not here"); exit; }
    route(relay);
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  t_check_trans();
  if (!is_method("INVITE")) { send_reply(403, "Forbidden"); exit; }
  if ($rU == NULL) { send_reply(484, "Address Incomplete"); exit; }
  $avp(caller) = $fU;
  record_route();
  route(relay);
}
route[relay] {
  if (is_method("INVITE")) t_on_failure("missed");
  if (!t_relay()) send_reply(500, "Internal Error");
}
failure_route[missed] {
  if (t_was_cancelled()) exit;
}
`;

const { values } = parseArgs({
  options: {
    stretches: { type: 'string', default: '30' },
    calls: { type: 'string', default: '500' },
    warm: { type: 'string', default: '10000' },
    json: { type: 'string' },
  },
});

function loaded(result: LoadScriptResult) {
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.loaded;
}

const folder = mkdtempSync(join(tmpdir(), 'viaduct-bench-'));
try {
  const file = join(folder, 'opensips.cfg');
  writeFileSync(file, SCRIPT);
  const compiled = loaded(await loadScript(file, { workingDirectory: folder }));
  const program = join(folder, 'program.ts');
  writeFileSync(program, convertScript(compiled));
  const forms = [
    { name: 'opensips.cfg', core: await CoreUnderTest.withScript(compiled), us: [] as number[] },
    {
      name: 'the same in TypeScript',
      core: await CoreUnderTest.withScript(loaded(await loadScriptProgram(program))),
      us: [] as number[],
    },
    { name: 'routes in TypeScript', core: new CoreUnderTest(), us: [] as number[] },
  ];
  const calls = Number(values.calls);
  for (const { core } of forms) await core.run(Number(values.warm));
  for (let i = 0; i < Number(values.stretches); i++) {
    for (const { core, us } of forms) us.push((await core.run(calls)) / calls / 1000);
  }
  const results = forms.map(({ name, core, us }) => ({
    name,
    leastUs: round(Math.min(...us)),
    medianUs: round(median(us)),
    failed: core.failed,
  }));
  const byHand = results.at(-1)!.leastUs;
  const table = {
    title: 'A call in this process, without sockets',
    columns: ['routed by', 'least µs', 'median µs', '× routes in TypeScript', 'failed'],
    rows: results.map(({ name, leastUs, medianUs, failed }) => [
      name,
      leastUs.toFixed(1),
      medianUs.toFixed(1),
      (leastUs / byHand).toFixed(2),
      String(failed),
    ]),
  };
  const scenario = `The six messages of a call through the elements of a server; the least of ${values.stretches} stretches`;
  const about = { bench: 'Scripts', scenario };
  publish(new Notebook().report(about, [table], results), values.json);
  for (const { core } of forms) await core[Symbol.asyncDispose]();
} finally {
  rmSync(folder, { recursive: true });
}

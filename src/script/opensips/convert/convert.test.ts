import { describe, expect, it } from 'vitest';
import { calleeDialog, callerDialog, type Peer } from '../../../core/proxy/testing/peer.ts';
import { toByteString } from '../../../wire/sip/text.ts';
import { SourceText } from '../language/source-text.ts';
import { compileSource } from '../load-script.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';
import { convertScript } from './convert-script.ts';

const MODULES = ['signaling', 'sl', 'tm', 'rr', 'maxfwd', 'sipmsgops', 'textops', 'cfgutils', 'cachedb_local']
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n');

async function convert(script: string): Promise<string> {
  const result = await compileSource('test.cfg', SourceText.of(toByteString(script), 'test.cfg'));
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return convertScript(result.loaded);
}

/** Plays the same in both forms; what is sent and logged must be the same, to the byte. */
async function same(
  script: string,
  play: (server: ScriptUnderTest, caller: Peer, callee: Peer) => void | Promise<void>,
): Promise<readonly string[]> {
  const sent: string[][] = [];
  for (const form of ['opensips', 'typescript'] as const) {
    await using server = await ScriptUnderTest.run(`${MODULES}\n${script}`, { form });
    await play(server, server.peer('192.0.2.7'), server.peer('198.51.100.1'));
    await server.settle();
    sent.push([
      ...server.network.sent.map(({ from, to, text }) => `${from.name} ${JSON.stringify(to)} ${text}`),
      ...server.lines,
    ]);
  }
  expect(sent[1]).toEqual(sent[0]);
  expect(sent[0]!.length).toBeGreaterThan(0);
  return sent[0]!;
}

const PROXY = `
route {
  if (!mf_process_maxfwd_header(10)) { send_reply(483, "Too Many Hops"); exit; }
  if (has_totag()) {
    if (is_method("ACK") && t_check_trans()) { t_relay(); exit; }
    if (!loose_route()) { send_reply(404, "Not here"); exit; }
    xlog("in dialog: $rm from $si to $du, cseq $cs");
    route(relay);
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  t_check_trans();
  if ($rU == NULL) { send_reply(484, "Address Incomplete"); exit; }
  if ($si == 203.0.113.0/24 || $ua =~ "^scanner") { xlog("nobody"); exit; }
  record_route(";x=1");
  $avp(who) = $fU;
  $avp(when) = 5;
  append_hf("X-Who: $avp(who)-$avp(when)-$(fu{uri.host})\\r\\n");
  remove_hf("User-Agent");
  if ($rU =~ "^redirect") { $ru = "sip:other@198.51.100.1"; append_to_reply("X-R: é\\r\\n"); send_reply(302, "Moved"); exit; }
  $rd = "198.51.100.1";
  set_advertised_address("99.88.44.33");
  route(relay);
}
route[relay] {
  if (is_method("INVITE")) { t_on_branch("out"); t_on_reply("back"); t_on_failure("missed"); }
  if (!t_relay()) send_reply(500, "Internal Error");
}
branch_route[out] { append_hf("X-Branch: $T_branch_idx\\r\\n"); }
onreply_route[back] {
  switch ($rs) {
    case 180: xlog("ringing"); break;
    case 183:
    case 200: append_hf("X-Answer: $rs $rr\\r\\n");
    default: xlog("other");
  }
}
failure_route[missed] {
  if (t_was_cancelled()) { xlog("cancelled"); exit; }
  if (t_check_status("486|408") && $avp(tried) == NULL) {
    $avp(tried) = 1;
    $ru = "sip:second@198.51.100.1:5080";
    t_relay();
    exit;
  }
  t_reply(603, "Enough");
}`;

describe('a converted script', () => {
  it('can be read', async () => {
    const program = await convert(`# A small one.
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "cachedb_local.so"
socket=udp:10.0.0.34:5060 as 99.88.44.33:5060
log_level=3
modparam("tm", "fr_timeout", 5)

route {
  # Whom we know
  if ($rm == "OPTIONS" && $rU == NULL) {
    sl_send_reply(200, "Hello $fU at $(fu{uri.host})");
    exit;
  } else if ($var(n) > 3 || !route(known, "é")) {
    sl_send_reply(404, "Not Found");
    exit;
  }
  $du = "sip:10.0.0.50";
  t_relay();
}
route[known] {
  cache_fetch("local", "$fU", $avp(known));
  $var(i) = 0;
  while ($var(i) < 3) { $var(i) = $var(i) + 1; }
  return(-1);
}
failure_route[busy] { exit; }
`);
    expect(program).toMatchInlineSnapshot(`
      "// A small one.
      import { script, text } from 'viaduct/opensips';

      export default script({
        sockets: [
          { address: 'udp:10.0.0.34:5060', as: '99.88.44.33:5060' },
        ],
        settings: {
          log_level: 3,
        },
        modules: [
          'tm',
          'sl',
          'cachedb_local',
        ],
        parameters: {
          tm: {
            fr_timeout: 5,
          },
        },

        async request(m) {
          // Whom we know
          if (m.is(m.$rm, '==', 'OPTIONS') && m.$rU === null) {
            m.sl_send_reply(200, text\`Hello \${m.$fU} at \${m.get('$(fu{uri.host})')}\`);
            m.exit();
          } else if (await m.holds(async () => m.is(m.$var('n'), '>', 3) || !(await m.awaitRoute('known', text\`é\`)))) {
            m.sl_send_reply(404, 'Not Found');
            m.exit();
          }
          m.$du = 'sip:10.0.0.50';
          m.t_relay();
        },

        routes: {
          async known(m) {
            await m.cache_fetch('local', text\`\${m.$fU}\`, '$avp(known)');
            m.set('$var(i)', 0);
            for (let round = 0; m.mayRepeat(round) && m.is(m.$var('i'), '<', 3); round++) {
              m.set('$var(i)', m.calculate(m.$var('i'), '+', 1));
            }
            return -1;
          },
        },

        failure: {
          busy(m) {
            m.exit();
          },
        },
      });
      "
    `);
  });

  it('carries a call with the same datagrams', async () => {
    const sent = await same(PROXY, (_, caller, callee) => {
      caller.request('INVITE', { headers: ['User-Agent: phone'] });
      const invite = callee.last('INVITE');
      callee.answer('INVITE', 180);
      callee.answer('INVITE', 200);
      const dialog = callerDialog(caller.last('200'));
      caller.inDialog('ACK', dialog);
      callee.inDialog('BYE', calleeDialog(invite));
      caller.answer('BYE', 200);
    });
    expect(sent.join('\n')).toContain('X-Answer: 200 Answer');
    expect(sent).toContain('ringing');
  });

  it('goes the same ways when calls fail, are given up, or are not wanted', async () => {
    await same(PROXY, (server, caller) => {
      const second = server.peer('198.51.100.1', { port: 5080 });
      const invite = caller.request('INVITE');
      server.peers[1]!.answer('INVITE', 486);
      second.answer('INVITE', 500);
      caller.ackNegative(invite, caller.last('500'));
    });
    await same(PROXY, async (server, caller, callee) => {
      const invite = caller.request('INVITE');
      callee.answer('INVITE', 180);
      caller.cancel(invite);
      callee.answer('CANCEL', 200);
      callee.answer('INVITE', 487);
      await server.settle();
    });
    await same(PROXY, (server, caller) => {
      caller.request('OPTIONS', { requestUri: 'sip:example.com' });
      caller.request('MESSAGE', { requestUri: 'sip:redirect@example.com', callId: 'two' });
      caller.request('INVITE', { maxForwards: '0', callId: 'three' });
      caller.request('BYE', { toTag: 'gone', callId: 'four' });
      server.peer('203.0.113.9').request('INVITE', { callId: 'five' });
    });
    await same(PROXY, (server, caller, callee) => {
      caller.request('INVITE');
      expect(callee.kinds).toContain('INVITE');
      server.advance(200_000);
    });
  });

  it('waits where the script waits', async () => {
    await same(
      `route {
        if ($rU == "slow") async(cache_fetch("local", "k", $avp(v)), resumed);
        cache_store("local", "k", "v-$rU");
        launch(cache_fetch("local", "k", $avp(w)), report, "for $fU");
        sl_send_reply(200, "on");
      }
      route[resumed] { sl_send_reply(404, "$avp(v) $rc"); }
      route[report] { xlog("$param(1): $avp(w) $rc"); }`,
      async (server, caller) => {
        caller.request('OPTIONS');
        await server.settle();
        caller.request('OPTIONS', { requestUri: 'sip:slow@example.com', callId: 'two' });
        await server.settle();
      },
    );
  });
});

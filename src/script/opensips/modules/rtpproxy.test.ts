import { describe, expect, it } from 'vitest';
import { answerTo } from '../../../core/proxy/testing/messages.ts';
import { invite, RELAY, sdp, settle, startWithRelay, withSdp } from '../testing/script-with-relay.ts';

const HEAD = ['signaling', 'sl', 'tm', 'rr', 'sipmsgops', 'rtpproxy']
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n');
const SOCK = `modparam("rtpproxy", "rtpproxy_sock", "udp:${RELAY}:22222")`;

function start(script: string, params = SOCK) {
  return startWithRelay(`${HEAD}\n${params}\n${script}`);
}

const CALL = (offer: string, more = '') => `
  route {
    if ($rm == "ACK" || $rm == "BYE") { if (loose_route()) t_relay(); exit; }
    record_route();
    $ru = "sip:ua@10.0.0.50";
    ${offer}
    t_on_reply("answers");
    t_relay();
    exit;
  }
  ${more}
  onreply_route[answers] { ANSWER }`;

describe('rtpproxy', () => {
  it('relays an offer and an answer by the letter, and tells each party the address it can reach', async () => {
    const { server, relay, caller, callee } = await start(
      CALL('rtpproxy_offer("o", , , $var(node), $var(at)); xlog("$var(node) $var(at)");').replace(
        'ANSWER',
        'if (has_body("application/sdp")) rtpproxy_answer("o");',
      ),
    );
    await using _ = server;
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    expect(relay.commands).toEqual(['Uc0,101 CALL 203.0.113.7 8000 ft1;1']);
    expect(server.lines).toEqual([`udp:${RELAY}:22222 ${RELAY}:40000`]);
    expect(callee.last('INVITE')).toContain(`c=IN IP4 ${RELAY}\r\n`);
    expect(callee.last('INVITE')).toContain('m=audio 40000 ');
    callee.send(
      withSdp(
        answerTo(callee.last('INVITE'), 200, { toTag: 'tt1', contact: callee.contact }),
        sdp('10.0.0.50', 9000),
      ),
    );
    await settle();
    expect(relay.commands.at(-1)).toBe('Lc0,101 CALL 10.0.0.50 9000 ft1;1 tt1;1');
    expect(caller.last('200')).toContain('m=audio 40002 ');
    expect(caller.last('200')).toContain('a=nortpproxy:yes');
  });

  it('prints a forced address to both, as OpenSIPS does', async () => {
    const { server, caller, callee } = await start(
      CALL('rtpproxy_engage("co", "23.45.67.89");').replace('ANSWER', 'xlog("$rs");'),
    );
    await using _ = server;
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    expect(callee.last('INVITE')).toContain('c=IN IP4 23.45.67.89\r\n');
    expect(callee.last('INVITE')).toContain('o=- 1 1 IN IP4 23.45.67.89\r\n');
    callee.send(
      withSdp(answerTo(callee.last('INVITE'), 200, { contact: callee.contact }), sdp('10.0.0.50', 9000)),
    );
    await settle();
    expect(caller.last('200')).toContain('c=IN IP4 23.45.67.89\r\n');
  });

  it('gives ports back when an engaged call fails, and ends one that falls silent', async () => {
    const { server, relay, caller, callee, calls } = await start(
      CALL('rtpproxy_engage();').replace('ANSWER', 'xlog("$rs");'),
    );
    await using _ = server;
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    expect(calls.size).toBe(1);
    callee.answer('INVITE', 486);
    await settle();
    expect(relay.commands.at(-1)).toMatch(/^D CALL ft1/);
    expect(calls.size).toBe(0);
  });

  it('passes over what is relayed already, and says why something else cannot be', async () => {
    const { server, relay, caller } = await start(
      CALL('if (!rtpproxy_offer()) xlog("$rc"); if (!rtpproxy_offer("f")) xlog("forced");').replace(
        'ANSWER',
        'exit;',
      ),
    );
    await using _ = server;
    invite(caller, `${sdp('192.168.1.20', 8000)}a=nortpproxy:yes\r\n`);
    await settle();
    expect(server.lines).toEqual(['-1']);
    expect(relay.commands).toHaveLength(1);
  });

  it('plays, records, counts and gives back', async () => {
    const { server, relay, caller } = await start(
      CALL(`
        rtpproxy_offer();
        rtpproxy_stream2uac("/tmp/prompt", -1);
        rtpproxy_stop_stream2uac();
        rtpproxy_start_recording();
        rtpproxy_stats($var(up), $var(down), $var(sent), $var(fail));
        rtpproxy_unforce();
        xlog("$var(up) $var(down) $var(sent) $var(fail)");`).replace('ANSWER', 'exit;'),
    );
    await using _ = server;
    relay.answering = (command) => (command.startsWith('Q') ? '5 6 11 0' : relay.usual(command));
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    expect(server.lines).toEqual(['5 6 11 0']);
    expect(relay.commands.map((command) => command.split(' ')[0])).toEqual([
      'Uc0,101',
      'P-1',
      'S',
      'R',
      'R',
      'Q',
      'D',
    ]);
  });

  it('finds wrong flags, and relays that are none, before the first packet', async () => {
    await expect(start(CALL('rtpproxy_offer("y");').replace('ANSWER', 'exit;'))).rejects.toThrow(
      '"y" is none of the flags',
    );
    await expect(
      start(
        CALL('rtpproxy_offer();').replace('ANSWER', 'exit;'),
        'modparam("rtpproxy", "rtpproxy_sock", "smtp:1.2.3.4")',
      ),
    ).rejects.toThrow('smtp');
  });

  it('lists relays, and switches them', async () => {
    const { server } = await start(CALL('rtpproxy_offer();').replace('ANSWER', 'exit;'));
    await using _ = server;
    const { module } = await import('./rtpproxy.ts');
    const state = server.script.program.stateOf<never>(module)!;
    const run = async (name: string, params: Record<string, string>) =>
      module.commands![name]!.run(state, params);
    expect(await run('rtpproxy:show', {})).toEqual({
      Sets: [
        {
          Set: 0,
          Nodes: [{ url: `udp:${RELAY}:22222`, index: 0, disabled: 0, weight: 1, recheck_ticks: 0 }],
        },
      ],
    });
    expect(await run('rtpproxy:enable', { url: `udp:${RELAY}:22222`, enable: '0' })).toBe('OK');
    expect(await run('rtpproxy:show', {})).toMatchObject({ Sets: [{ Nodes: [{ disabled: 1 }] }] });
    await expect(run('rtpproxy:enable', { url: 'udp:nowhere', enable: '0' })).rejects.toThrow(
      'No proxy found',
    );
  });
});

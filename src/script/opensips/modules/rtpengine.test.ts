import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { answerTo } from '../../../core/proxy/testing/messages.ts';
import type { Peer } from '../../../core/proxy/testing/peer.ts';
import { asEngine, type EngineAnswering } from '../../../media/control/testing/fake-engine.ts';
import { FakeRelays } from '../../../media/control/testing/fake-relays.ts';
import type { NgDictionary } from '../../../wire/ng/value.ts';
import { invite, RELAY, sdp, settle, startWithRelay, withSdp } from '../testing/script-with-relay.ts';

const HEAD = ['signaling', 'sl', 'tm', 'rr', 'sipmsgops', 'rtpengine']
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n');
const SOCK = `modparam("rtpengine", "rtpengine_sock", "udp:${RELAY}:22222")`;
const OTHER = '10.0.0.41';

/** Puts media at the relay. */
const relaying =
  (address: string): EngineAnswering =>
  ({ sdp: text, command }) =>
    typeof text === 'string'
      ? {
          result: 'ok',
          sdp: text
            .replace(/c=IN IP4 \S+/, `c=IN IP4 ${address}`)
            .replace(/m=audio \d+/, `m=audio ${command === 'offer' ? 40000 : 40002}`),
        }
      : { result: 'ok', duration: 1500, 'last-frame-pos': 7 };

async function start(script: string, params = SOCK, answering: EngineAnswering = relaying(RELAY)) {
  const relays = new FakeRelays();
  const requests = asEngine(relays.relay(RELAY), answering);
  const others = asEngine(relays.relay(OTHER), relaying(OTHER));
  const started = await startWithRelay(`${HEAD}\n${params}\n${script}`, relays);
  return { ...started, requests, others };
}

const CALL = (offer: string, answer: string, more = '') => `
  route {
    if ($rm == "ACK" || $rm == "BYE" || $rm == "CANCEL") { ${more} if (loose_route()) t_relay(); exit; }
    record_route();
    $ru = "sip:ua@10.0.0.50";
    ${offer}
    t_on_reply("answers");
    t_on_failure("failed");
    t_relay();
    exit;
  }
  onreply_route[answers] { ${answer} }
  failure_route[failed] { rtpengine_manage(); xlog("failed $rc"); }`;

function reply(callee: Peer, status: number, body?: string): void {
  const text = answerTo(callee.last('INVITE'), status, { toTag: 'tt1', contact: callee.contact });
  callee.send(body === undefined ? text : withSdp(text, body));
}

const plain = (requests: readonly NgDictionary[]) =>
  JSON.parse(JSON.stringify(requests)) as Record<string, unknown>[];

describe('rtpengine', () => {
  it('relays an offer and an answer, with the words of the script', async () => {
    const { server, requests, caller, callee } = await start(
      CALL(
        'rtpengine_offer("replace-origin ICE=remove via-branch=1", $var(node)); xlog("$var(node)");',
        'if (has_body("application/sdp")) rtpengine_answer("trust-address via-branch=auto");',
      ),
    );
    await using _ = server;
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    expect(plain(requests)).toEqual([
      {
        command: 'offer',
        'call-id': 'CALL',
        'from-tag': 'ft1',
        'via-branch': 'z9hG4bKmedia',
        replace: ['origin'],
        ICE: 'remove',
        'received-from': ['IP4', '203.0.113.7'],
        sdp: sdp('192.168.1.20', 8000),
      },
    ]);
    expect(server.lines).toEqual([`udp:${RELAY}:22222`]);
    expect(callee.last('INVITE')).toContain(`c=IN IP4 ${RELAY}\r\n`);
    expect(callee.last('INVITE')).toContain('m=audio 40000 ');
    reply(callee, 200, sdp('10.0.0.50', 9000));
    await settle();
    expect(plain(requests).at(-1)).toEqual({
      command: 'answer',
      'call-id': 'CALL',
      'from-tag': 'ft1',
      'to-tag': 'tt1',
      'via-branch': 'z9hG4bKmedia',
      flags: ['trust-address'],
      'received-from': ['IP4', '10.0.0.50'],
      sdp: sdp('10.0.0.50', 9000),
    });
    expect(caller.last('200')).toContain('m=audio 40002 ');
  });

  it('finds out by itself what a message calls for', async () => {
    const { server, requests, caller, callee } = await start(
      CALL('rtpengine_manage();', 'rtpengine_manage(); xlog("$rs $rc");', 'rtpengine_manage();'),
    );
    await using _ = server;
    const commands = () => requests.map(({ command }) => command);
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    reply(callee, 180);
    reply(callee, 183, sdp('10.0.0.50', 9000));
    await settle();
    expect(commands()).toEqual(['offer', 'answer']);
    reply(callee, 486);
    await settle();
    expect(commands().slice(2)).toEqual(['delete', 'delete']);
    expect(plain(requests).at(-1)).toEqual({ command: 'delete', 'call-id': 'CALL', 'from-tag': 'ft1' });
    expect(server.lines).toEqual(['180 -1', '183 1', '486 1', 'failed 1']);
    caller.request('BYE', { callId: 'CALL', fromTag: 'ft1', toTag: 'tt1' });
    await settle();
    expect(commands()).toHaveLength(5);
  });

  it('takes an offer in an answer for what it is', async () => {
    const { server, requests, caller, callee } = await start(
      CALL('rtpengine_manage();', 'rtpengine_manage();', 'rtpengine_manage();'),
    );
    await using _ = server;
    caller.request('INVITE', { callId: 'CALL', fromTag: 'ft1' });
    await settle();
    reply(callee, 200, sdp('10.0.0.50', 9000));
    await settle();
    expect(plain(requests)).toMatchObject([{ command: 'offer', 'from-tag': 'tt1', 'to-tag': 'ft1' }]);
  });

  it('gives descriptions to variables and takes them from there', async () => {
    const { server, requests, caller, callee } = await start(
      CALL(
        'rtpengine_offer(, , $var(sdp), "v=0\\r\\nc=IN IP4 1.2.3.4\\r\\nm=audio 5000 RTP/AVP 0\\r\\n"); xlog("$var(sdp)");',
        'exit;',
      ),
    );
    await using _ = server;
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    expect(plain(requests)[0]!.sdp).toBe('v=0\r\nc=IN IP4 1.2.3.4\r\nm=audio 5000 RTP/AVP 0\r\n');
    expect(server.lines[0]).toContain(`c=IN IP4 ${RELAY}`);
    expect(callee.last('INVITE')).toContain('c=IN IP4 192.168.1.20');
  });

  it.each([
    ['rtpengine_start_recording();', { command: 'start recording', 'call-id': 'CALL' }],
    ['rtpengine_start_recording("call-id=other");', { command: 'start recording', 'call-id': 'other' }],
    ['rtpengine_stop_recording();', { command: 'stop recording', 'call-id': 'CALL' }],
    ['rtpengine_pause_recording();', { command: 'pause recording', 'call-id': 'CALL' }],
    [
      'rtpengine_play_media("file=/m.wav", $var(d)); xlog("$var(d)");',
      { command: 'play media', 'call-id': 'CALL', 'from-tag': 'ft1', file: '/m.wav' },
    ],
    [
      'rtpengine_play_media("from-tag=x file=/m.wav");',
      { command: 'play media', 'call-id': 'CALL', 'from-tag': 'x', file: '/m.wav' },
    ],
    [
      'rtpengine_stop_media(, , $var(d)); xlog("$var(d)");',
      { command: 'stop media', 'call-id': 'CALL', 'from-tag': 'ft1' },
    ],
    ['rtpengine_block_media();', { command: 'block media', 'call-id': 'CALL', 'from-tag': 'ft1' }],
    ['rtpengine_unblock_media();', { command: 'unblock media', 'call-id': 'CALL', 'from-tag': 'ft1' }],
    ['rtpengine_block_dtmf();', { command: 'block DTMF', 'call-id': 'CALL', 'from-tag': 'ft1' }],
    ['rtpengine_unblock_dtmf();', { command: 'unblock DTMF', 'call-id': 'CALL', 'from-tag': 'ft1' }],
    ['rtpengine_start_forwarding();', { command: 'start forwarding', 'call-id': 'CALL' }],
    ['rtpengine_stop_forwarding();', { command: 'stop forwarding', 'call-id': 'CALL' }],
    ['rtpengine_play_dtmf("5");', { command: 'play DTMF', 'call-id': 'CALL', 'from-tag': 'ft1', code: '5' }],
    ['rtpengine_delete("to-tag");', { command: 'delete', 'call-id': 'CALL', 'from-tag': 'ft1' }],
  ])('%s', async (body, request) => {
    const { server, requests, caller } = await start(`route { ${body} xlog("$rc"); }`);
    await using _ = server;
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    expect(plain(requests)).toEqual([request]);
    expect(server.lines.at(-1)).toBe('1');
    if (body.includes('$var(d)')) expect(server.lines[0]).toBe(body.includes('play') ? '1500' : '7');
  });

  it('chooses the set by function and by AVP, and the rtpengine by name', async () => {
    const { server, requests, others, caller } = await start(
      `route {
        rtpengine_use_set(2);
        rtpengine_block_media();
        $avp(set) = 1;
        rtpengine_block_media();
        $avp(set) = 3;
        $var(node) = "udp:${OTHER}:22222";
        rtpengine_block_media(, $var(node));
      }`,
      `modparam("rtpengine", "rtpengine_sock", "1 == udp:${RELAY}:22222")
       modparam("rtpengine", "rtpengine_sock", "2 == udp:${OTHER}:22222")
       modparam("rtpengine", "rtpengine_sock", "3 == udp:${RELAY}:22222 udp:${OTHER}:22222")
       modparam("rtpengine", "setid_avp", "$avp(set)")`,
    );
    await using _ = server;
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    expect([requests.length, others.length]).toEqual([1, 2]);
  });

  it('tells the script what went wrong, and tries another where there is no room', async () => {
    const { server, requests, others, caller } = await start(
      'route { rtpengine_block_media(); xlog("$rc $avp(error)"); rtpengine_offer(, $var(node)); xlog("$rc $var(node)"); }',
      `modparam("rtpengine", "rtpengine_sock", "udp:${RELAY}:22222=1000 udp:${OTHER}:22222=1")
       modparam("rtpengine", "error_pv", "$avp(error)")
       modparam("rtpengine", "extra_failover_error", "tired")`,
      ({ command }) => ({
        result: 'error',
        'error-reason': command === 'offer' ? 'I am tired today' : 'Unknown call-id',
      }),
    );
    await using _ = server;
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    expect(server.lines.filter((line) => !line.startsWith('rtpengine_'))).toEqual([
      '-1 rtpengine answered: Unknown call-id',
      `1 udp:${OTHER}:22222`,
    ]);
    expect([requests.length, others.length]).toEqual([2, 1]);
  });

  it('reads flags when the script is loaded', async () => {
    await expect(start('route { rtpengine_offer("in-iface=a"); }')).rejects.toThrow(/in-iface and out-iface/);
    await expect(start('route { rtpengine_play_dtmf("xx"); }')).rejects.toThrow(/no key/);
  });

  it('shows and switches them', async () => {
    const { server, requests, caller } = await start('route { rtpengine_block_media(); xlog("$rc"); }');
    await using _ = server;
    const url = `udp:${RELAY}:22222`;
    const shown = (disabled: number) => [
      { Set: 0, Nodes: [{ url, index: 0, disabled, weight: 1, recheck_ticks: 0 }] },
    ];
    expect(await server.command('rtpengine_show')).toEqual(shown(0));
    expect(await server.command('rtpengine:enable', { url, enable: 0 })).toBe('OK');
    expect(await server.command('rtpengine:show')).toEqual(shown(1));
    invite(caller, sdp('192.168.1.20', 8000));
    await settle();
    expect(requests).toEqual([]);
    await expect(server.command('rtpengine:enable', { url: 'udp:x', enable: 1 })).rejects.toThrow(
      /not found/,
    );
    await expect(server.command('rtpengine:teardown', { callid: 'none' })).rejects.toThrow(
      /Failed to terminate/,
    );
  });

  it('raises an event for what rtpengine tells', async () => {
    const probe = createSocket('udp4').bind(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address();
    probe.close();
    await once(probe, 'close');
    const { server } = await start(
      `route { exit; }
       event_route[E_RTPENGINE_NOTIFICATION] { xlog("$param(type) $param(callid) $param(event)"); }`,
      `${SOCK}\nmodparam("rtpengine", "notification_sock", "127.0.0.1:${port}")`,
    );
    await using _ = server;
    const socket = createSocket('udp4');
    socket.send('rubbish', port, '127.0.0.1');
    socket.send('{"type":"DTMF","callid":"CALL","event":5}', port, '127.0.0.1');
    while (server.lines.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(server.lines).toEqual(['DTMF CALL 5']);
    socket.close();
  });
});

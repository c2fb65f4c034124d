import { describe, expect, it } from 'vitest';
import { read } from '../../../core/proxy/testing/messages.ts';
import { calleeDialog, callerDialog } from '../../../core/proxy/testing/peer.ts';
import { Call } from '../testing/call.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const HEAD = ['signaling', 'sl', 'tm', 'rr', 'sipmsgops', 'dialog', 'topology_hiding']
  .map((it) => `loadmodule "${it}.so"`)
  .join('\n');

const WAY = ['Record-Route: <sip:192.0.2.50;lr>', 'X-Keep: yes'];
const VIA = 'SIP/2.0/UDP 192.0.2.51;branch=z9hG4bK-below';
/** The caller stands behind a proxy, and so does the callee. */
const ANSWER = { headers: ['Record-Route: <sip:198.51.100.60;lr>'] };
const OURS = '99.88.44.33';

function script(hide: string, params = ''): string {
  return `${HEAD}
    ${params}
    route {
      if (has_totag()) {
        if (!topology_hiding_match()) { xlog("no match $rm"); exit; }
        xlog("$rm $ru $du $(TH_decoded_contact) $TH_decoded_routes $TH_decoded_routes_count");
        t_relay();
        exit;
      }
      ${hide}
      t_relay();
    }`;
}

async function established(server: ScriptUnderTest): Promise<Call> {
  const call = new Call(server);
  call.caller.request('INVITE', { requestUri: call.uri, headers: WAY, vias: [VIA] });
  await server.settle();
  server.peer('198.51.100.60');
  call.callee.answer('INVITE', 180, ANSWER);
  call.callee.answer('INVITE', 200, ANSWER);
  await server.settle();
  return call;
}

describe.each([
  ['with a dialog', 'create_dialog(); topology_hiding();', /^sip:99\.88\.44\.33;vt=[^;]+;did=[0-9a-f.]+$/],
  ['without a dialog', 'topology_hiding();', /^sip:99\.88\.44\.33;thinfo=[^;]+$/],
])('topology_hiding %s', (_name, hide, contact) => {
  it('shows nobody what lies beyond, and leads all requests right', async () => {
    await using server = await ScriptUnderTest.run(script(hide));
    const call = await established(server);
    const invite = read(call.callee.last('INVITE'));
    expect(invite.rawLines(1)).not.toContain('192.0.2');
    expect(String(invite)).not.toMatch(/Record-Route|192\.0\.2\.5/);
    expect(String(invite).match(/^Via:/gm)).toHaveLength(1);
    expect([invite.callId, invite.header('X-Keep')]).toEqual(['call1', 'yes']);
    const answer = read(call.caller.last('200'));
    expect(String(answer)).not.toContain('198.51.100');
    expect(String(answer)).toContain('Record-Route: <sip:192.0.2.50;lr>\r\n');
    expect(String(answer)).toContain('192.0.2.51;branch=z9hG4bK-below');
    for (const message of [invite, answer]) expect(message.header('Contact')?.slice(1, -1)).toMatch(contact);
    // The caller's proxy would take its own Route off before it comes here.
    const ofCaller = { ...callerDialog(call.caller.last('200')), routes: [] };
    call.caller.inDialog('ACK', ofCaller);
    await server.settle();
    const proxy = server.peers.find(({ address }) => address === '198.51.100.60')!;
    const ack = read(proxy.last('ACK'));
    expect([ack.requestUri, ack.header('Route')]).toEqual([call.callee.contact, '<sip:198.51.100.60;lr>']);
    call.caller.inDialog('INFO', ofCaller, { cseq: 3 });
    await server.settle();
    expect(String(read(proxy.last('INFO')))).not.toContain('192.0.2.7');
    const callerProxy = server.peer('192.0.2.50');
    const ofCallee = { ...calleeDialog(call.callee.last('INVITE')), routes: [] };
    call.callee.inDialog('BYE', ofCallee, { cseq: 1 });
    await server.settle();
    const bye = read(callerProxy.last('BYE'));
    expect([bye.requestUri, bye.header('Route')]).toEqual([call.caller.contact, '<sip:192.0.2.50;lr>']);
    expect(String(bye)).not.toContain('198.51.100');
    callerProxy.answer('BYE', 200);
    await server.settle();
    expect(call.callee.kinds).toContain('200');
  });

  it('leads nobody who was shown nothing', async () => {
    await using server = await ScriptUnderTest.run(script(hide));
    const call = await established(server);
    call.caller.request('BYE', { requestUri: `sip:${OURS};thinfo=abc;did=1.2`, toTag: 'other', cseq: 2 });
    expect(server.lines).toEqual(['no match BYE']);
  });
});

describe('topology_hiding', () => {
  it('shows the callee another Call-ID, in all requests', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        'topology_hiding("C"); xlog("$ci $TH_callee_callid");',
        'modparam("topology_hiding", "force_dialog", 1) modparam("topology_hiding", "th_callid_prefix", "X-") modparam("topology_hiding", "th_callid_passwd", "secret")',
      ),
    );
    const call = await established(server);
    const { callId } = read(call.callee.last('INVITE'));
    expect(callId).toMatch(/^X-[A-Za-z0-9_-]+$/);
    expect(server.lines).toEqual([`call1 ${callId}`]);
    expect(read(call.caller.last('200')).callId).toBe('call1');
    const callerProxy = server.peer('192.0.2.50');
    call.callee.inDialog('INFO', { ...calleeDialog(call.callee.last('INVITE')), routes: [] }, { cseq: 1 });
    await server.settle();
    expect(read(callerProxy.last('INFO')).callId).toBe('call1');
    callerProxy.answer('INFO', 200);
    await server.settle();
    expect(read(call.callee.last('200')).callId).toBe(callId);
    const [dialog] = [...server.dialogs.all()];
    call.caller.inDialog('ACK', { ...callerDialog(call.caller.last('200')), routes: [] });
    void server.dialogs.end(dialog!, 'test');
    await server.settle();
    const proxy = server.peers.find(({ address }) => address === '198.51.100.60')!;
    expect([read(proxy.last('BYE')).callId, read(callerProxy.last('BYE')).callId]).toEqual([callId, 'call1']);
    server.advance(40_000);
    expect(server.dialogs.size).toBe(0);
  });

  it.each([
    ['U', '', 'ua', 'ua'],
    ['U', ', "op"', 'op', 'op'],
    ['U', ', "/left/right"', 'left', 'right'],
    ['U', ', "//right"', 'ua', 'right'],
  ])('writes users into Contacts: "%s"%s', async (flags, users, caller, callee) => {
    await using server = await ScriptUnderTest.run(
      script(`create_dialog(); topology_hiding("${flags}"${users});`),
    );
    const call = await established(server);
    expect(read(call.caller.last('200')).header('Contact')).toContain(`<sip:${caller}@${OURS}`);
    expect(read(call.callee.last('INVITE')).header('Contact')).toContain(`<sip:${callee}@${OURS}`);
  });

  it('puts the id into the user, and finds the dialog by it', async () => {
    await using server = await ScriptUnderTest.run(script('create_dialog(); topology_hiding("D");'));
    const call = await established(server);
    const { did } = [...server.dialogs.all()][0]!;
    expect(read(call.caller.last('200')).header('Contact')).toBe(`<sip:${did}@${OURS}>`);
    call.caller.inDialog('ACK', { ...callerDialog(call.caller.last('200')), routes: [] });
    await server.settle();
    expect(server.lines[0]).toMatch(/^ACK sip:ua@198/);
  });

  it('passes parameters of Contacts on', async () => {
    await using server = await ScriptUnderTest.run(
      script(
        'topology_hiding();',
        'modparam("topology_hiding", "th_passed_contact_uri_params", "ob;x") modparam("topology_hiding", "th_passed_contact_params", "reg-id")',
      ),
    );
    const call = new Call(server);
    call.caller.request('INVITE', {
      requestUri: call.uri,
      contact: 'sip:a@192.0.2.7;x=1;ob;y=2>;z=3;reg-id=7, <sip:b@192.0.2.8',
    });
    await server.settle();
    expect(String(call.callee.last('INVITE'))).toMatch(/Contact: <[^>]*;ob;x=1>;reg-id=7\r\n/);
  });
});

import { describe, expect, it } from 'vitest';
import { read } from '../../../core/proxy/testing/messages.ts';
import { calleeDialog, callerDialog } from '../../../core/proxy/testing/peer.ts';
import { H } from '../../../wire/sip/header-name.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const MODULES = ['signaling', 'sl', 'tm', 'rr', 'maxfwd'].map((name) => `loadmodule "${name}.so"`).join('\n');

/** A caller and a callee that `sip:bob@example.com` is rewritten to. */
async function pair(script: string) {
  const server = await ScriptUnderTest.run(`${MODULES}\n${script}`);
  const caller = server.peer('192.0.2.7');
  const callee = server.peer('198.51.100.1');
  return { server, caller, callee };
}

describe('a call through a script', () => {
  it('is forwarded, answered, acknowledged and ended by way of its Record-Route', async () => {
    const { server, caller, callee } = await pair(`
      route {
        if (loose_route()) {
          t_relay();
          exit;
        }
        if ($rm == "ACK") exit;
        record_route(";a=1");
        $ru = "sip:ua@198.51.100.1";
        t_relay();
      }`);
    await using _ = server;
    caller.request('INVITE');
    expect(caller.kinds).toEqual(['100']);
    const invite = callee.last('INVITE');
    expect(read(invite).requestUri).toBe('sip:ua@198.51.100.1');
    expect(read(invite).get(H.RecordRoute)).toContain(';a=1');
    callee.answer('INVITE', 180);
    callee.answer('INVITE', 200);
    expect(caller.kinds).toEqual(['100', '180', '200']);
    const dialog = callerDialog(caller.last('200'));
    caller.inDialog('ACK', dialog);
    expect(callee.kinds).toEqual(['INVITE', 'ACK']);
    callee.inDialog('BYE', calleeDialog(invite));
    expect(caller.kinds.at(-1)).toBe('BYE');
    caller.answer('BYE', 200);
    expect(callee.kinds.at(-1)).toBe('200');
  });

  it('is cancelled by the script', async () => {
    const { server, caller, callee } = await pair(`
      route {
        if ($rm == "CANCEL") {
          if (t_check_trans()) t_relay();
          exit;
        }
        $ru = "sip:ua@198.51.100.1";
        t_on_failure("gone");
        t_relay();
      }
      failure_route[gone] {
        xlog("failed with $T_reply_code");
        if (t_was_cancelled()) exit;
        t_reply(480, "Never");
      }`);
    await using _ = server;
    const invite = caller.request('INVITE');
    callee.answer('INVITE', 180);
    caller.cancel(invite);
    expect(callee.kinds).toEqual(['INVITE', 'CANCEL']);
    callee.answer('CANCEL', 200);
    callee.answer('INVITE', 487);
    expect(caller.kinds).toEqual(['100', '180', '200', '487']);
    expect(server.lines).toEqual(['failed with 487']);
  });
});

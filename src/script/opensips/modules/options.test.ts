import { describe, expect, it } from 'vitest';
import { read } from '../../../core/proxy/testing/messages.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const HEAD = ['signaling', 'sl', 'options'].map((name) => `loadmodule "${name}.so"`).join('\n');

describe('options', () => {
  it('answers with what the parameters say, and says no to what has a user', async () => {
    await using server = await ScriptUnderTest.run(`${HEAD}
      modparam("options", "accept", "application/sdp")
      modparam("options", "accept_language", "")
      modparam("options", "support", "path")
      route { if (!options_reply()) xlog("no $rc"); exit; }`);
    const peer = server.peer('192.0.2.7');
    peer.request('OPTIONS', { requestUri: 'sip:10.0.0.34' });
    const answer = read(peer.last('200'));
    expect(answer.header('Accept')).toBe('application/sdp');
    expect(answer.header('Supported')).toBe('path');
    expect(answer.header('Accept-Language')).toBeUndefined();
    peer.request('OPTIONS', { requestUri: 'sip:bob@10.0.0.34', callId: 'two' });
    peer.request('MESSAGE', { requestUri: 'sip:10.0.0.34', callId: 'three' });
    expect(server.lines).toEqual(['no -1', 'no -1']);
  });

  it('refuses a header that would break out', async () => {
    await expect(
      ScriptUnderTest.run(
        `${HEAD}\nmodparam("options", "accept", "a\\r\\nX: y")\nroute { options_reply(); }`,
      ),
    ).rejects.toThrow('cannot stand in a header');
  });
});

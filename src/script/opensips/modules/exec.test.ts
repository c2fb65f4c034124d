import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const HEAD = ['signaling', 'sl', 'tm', 'exec'].map((name) => `loadmodule "${name}.so"`).join('\n');

/** Sends a request, and waits for the line that the script ends with. */
async function logged(route: string, head = ''): Promise<string[]> {
  await using server = await ScriptUnderTest.run(`${HEAD}\n${head}\nroute { ${route} xlog("end"); exit; }`);
  server.peer('192.0.2.7').request('OPTIONS');
  while (server.lines.at(-1) !== 'end') await new Promise((resolve) => setImmediate(resolve));
  return server.lines.slice(0, -1);
}

describe('exec', () => {
  it('gives output line by line to a list, and the last line to any other variable', async () => {
    expect(
      await logged(`
        exec("echo one; echo two; echo bad >&2", , $avp(out), $var(err));
        xlog("$avp(out)|$(avp(out)[1])|$var(err)");`),
    ).toEqual(['one|two|bad']);
  });

  it('feeds input and environment', async () => {
    expect(
      await logged(`
        $avp(env) = "b";
        $avp(env) = "a";
        exec("cat; echo $$OSIPS_EXEC_0 $$OSIPS_EXEC_1", "in: ", $var(out), , $avp(env));
        xlog("$var(out)");`),
    ).toEqual(['in: a b']);
  });

  it('tells of the message with setvars', async () => {
    expect(
      await logged(
        'exec("echo $$SIP_SRCIP $$SIP_HF_CSEQ", , $var(out)); xlog("$var(out)");',
        'modparam("exec", "setvars", 1)',
      ),
    ).toEqual([expect.stringMatching(/^192\.0\.2\.7 \d+ OPTIONS$/)]);
  });

  it('says when a command fails, and does not wait where nothing is read', async () => {
    expect(
      await logged(
        'if (!exec("exit 3", , $var(out))) xlog("failed $rc"); if (exec("sleep 0.1")) xlog("goes on");',
      ),
    ).toEqual(['failed -1', 'goes on']);
  });

  it('ends what takes too long', async () => {
    expect(
      await logged(
        'if (!exec("exec sleep 60", , $var(out))) xlog("ended");',
        'modparam("exec", "time_to_kill", 1)',
      ),
    ).toEqual(['ended']);
  });
});

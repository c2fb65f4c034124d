import { describe, expect, it } from 'vitest';
import { withDefaults } from '../../ops/config/defaults.ts';
import { scriptConfig } from '../../ops/config/script-config.ts';
import type { ServerConfig } from '../../ops/config/server-config.ts';
import { SourceText } from '../../script/opensips/language/source-text.ts';
import { compileSource } from '../../script/opensips/load-script.ts';
import { decideWorkers } from './decide-workers.ts';

async function script(...lines: string[]): Promise<ServerConfig> {
  const text = ['loadmodule "proto_udp.so"', ...lines, 'route { exit; }', ''].join('\n');
  const result = await compileSource('opensips.cfg', SourceText.of(text, 'opensips.cfg'));
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return { ...scriptConfig(result.loaded, [], '/'), workers: 4 };
}

describe('how many workers there are', () => {
  it('is as many as are wished', () => {
    const config = withDefaults({ workers: 3 }, undefined, '/');
    expect(decideWorkers(config)).toEqual({ count: 3, notice: undefined });
    expect(decideWorkers(withDefaults({}, undefined, '/'))).toEqual({ count: 1, notice: undefined });
  });

  it('is one where datagrams go the portable way', () => {
    const { count, notice } = decideWorkers(
      withDefaults({ workers: 3, datagrams: 'portable' }, undefined, '/'),
    );
    expect([count, notice]).toEqual([1, expect.stringContaining('datagrams: portable')]);
  });

  it('is as many for a script whose modules share nothing', async () => {
    expect(decideWorkers(await script('loadmodule "tm.so"', 'loadmodule "rtpproxy.so"')).count).toBe(4);
  });

  it('is one for a script whose modules do, and those are named', async () => {
    const alone = await script(
      'loadmodule "cachedb_local.so"',
      'loadmodule "tm.so"',
      'loadmodule "pike.so"',
      'loadmodule "rtpproxy.so"',
      'modparam("rtpproxy", "rtpp_notify_socket", "tcp:127.0.0.1:9999")',
    );
    const { count, notice } = decideWorkers(alone);
    expect(count).toBe(1);
    expect(notice).toMatch(/: cachedb_local, pike, rtpproxy$/);
  });
});

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../ops/config/load-config.ts';
import { scriptConfig } from '../../ops/config/script-config.ts';
import { loadScript } from '../../script/opensips/load-script.ts';
import { packConfig, unpackConfig } from './portable-config.ts';

const FOLDER = mkdtempSync(join(tmpdir(), 'viaduct-portable-'));

function write(name: string, text: string): string {
  const file = join(FOLDER, name);
  writeFileSync(file, text);
  return file;
}

describe('a configuration', () => {
  it('is in another thread what it was', async () => {
    const file = write(
      'viaduct.yaml',
      `listen: ["udp:127.0.0.1:5060 as 99.88.44.33", "wss:127.0.0.1:8443 name web"]
tls: { selfSigned: true }
networks: { inside: [10.0.0.0/8, "fd00::/8"] }
advertise: { to: [{ network: 192.0.2.0/24, as: bound }] }
aliases: [sip.example.com accept_subdomain]
domains: [example.com]
media: { rtpproxy: { sets: { far: ["udp:192.0.2.7:22222=10"] } } }
workers: 3
`,
    );
    const loaded = await loadConfig({ file }, { environment: {}, workingDirectory: FOLDER });
    if (!loaded.ok) throw new Error(loaded.text);
    const there = await unpackConfig(structuredClone(packConfig(loaded.config)));
    expect(there).toEqual(loaded.config);
    expect(there.advertise.inside!.map((it) => it.contains('10.1.2.3'))).toEqual([true, false]);
    expect(there.advertise.rules![0]!.network.contains('192.0.2.9')).toBe(true);
  });

  it('brings a script along, as it was read', async () => {
    const file = write(
      'opensips.cfg',
      'socket=udp:127.0.0.1:5060\nloadmodule "proto_udp.so"\nloadmodule "maxfwd.so"\nroute { mf_process_maxfwd_header(10); exit; }\n',
    );
    const script = await loadScript(file, { workingDirectory: FOLDER });
    if (!script.ok) throw new Error('the script is good');
    const config = scriptConfig(script.loaded, [], FOLDER);
    const packed = structuredClone(packConfig(config));
    write('opensips.cfg', 'changed, and wrong');
    const { script: there, ...rest } = await unpackConfig(packed);
    const { script: here, ...same } = config;
    expect(rest).toEqual(same);
    expect(there!.source.text).toBe(here!.source.text);
    expect(there!.modules.map(({ name }) => name)).toEqual(here!.modules.map(({ name }) => name));
  });
});

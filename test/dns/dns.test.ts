// The server against a real name server: what is tried for a name, for how long it holds, and what happens when the name
// server stands still or is gone.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { RandomIds } from '../../src/base/ids.ts';
import { DnsNameServer } from '../../src/net/name-server.ts';
import { Resolver, type ResolveTarget } from '../../src/net/resolver.ts';
import { callControl } from '../../src/ops/admin/control-client.ts';
import { controlPath } from '../../src/ops/admin/control-path.ts';
import type { PlaceRow } from '../../src/ops/admin/resolve-command.ts';
import { loadConfig } from '../../src/ops/config/load-config.ts';
import { Server } from '../../src/server.ts';
import { noteSkipped } from '../cloud/requirements.ts';
import { missingProgram } from '../cloud/sandbox.ts';
import { Nsd } from './nsd.ts';

const HEAD = (origin: string) => `$ORIGIN ${origin}.
$TTL 300
@ IN SOA ns dns 1 3600 600 86400 7
@ IN NS ns
ns IN A 127.0.0.1
`;

/** RFC 3263 §4.1 and §4.2, and what else is found in the field. */
const ZONES: Readonly<Record<string, string>> = {
  'example.com': `${HEAD('example.com')}
@           IN NAPTR 50 50 "s" "SIPS+D2T" "" _sips._tcp
@           IN NAPTR 90 50 "s" "SIP+D2T" "" _sip._tcp
@           IN NAPTR 100 50 "s" "SIP+D2U" "" _sip._udp
_sips._tcp  IN SRV 0 1 5061 server1
_sip._tcp   IN SRV 0 1 5060 server1
            IN SRV 1 1 5060 server2
_sip._udp   IN SRV 0 1 5060 server2
server1     IN A 192.0.2.1
            IN AAAA 2001:db8::1
server2     IN A 192.0.2.2
`,
  'example.net': `${HEAD('example.net')}
_sip._udp   IN SRV 10 60 5070 big
            IN SRV 10 30 5071 middle
            IN SRV 10 10 5072 small
            IN SRV 20 0 5073 spare
big         IN A 192.0.2.11
middle      IN A 192.0.2.12
small       IN A 192.0.2.13
spare       IN CNAME alias
alias       IN CNAME server1.example.com.
short  1    IN A 192.0.2.21
round       IN CNAME about
about       IN CNAME round
_sip._udp.no IN SRV 0 0 0 .
no          IN A 192.0.2.31
${Array.from({ length: 60 }, (_, i) => `many IN A 198.51.100.${i}`).join('\n')}
`,
};

const missing = missingProgram(['nsd']) && 'nsd is not installed';
if (missing) noteSkipped('The test with a name server', missing);

let nsd: Nsd;

const UDP = { ways: 1 } as const;

function asking(address = nsd.address) {
  const clock = new SystemClock();
  const ids = new RandomIds();
  const settings = { timeoutMs: 150, deadlineMs: 600 };
  const nameServer = new DnsNameServer({ clock, ids, servers: [address], settings });
  const resolver = new Resolver({ nameServer, clock, ids, cache: { failureMs: 50, patienceMs: 100 } });
  const places = async (target: ResolveTarget) =>
    (await resolver.resolveTarget(target)).map(
      ({ transport, address: host, port }) => `${transport} ${host} ${port}`,
    );
  return { resolver, nameServer, clock, places };
}

describe.skipIf(missing)('with a real name server', () => {
  beforeAll(async () => {
    nsd = await Nsd.start(ZONES);
  });

  afterAll(async () => {
    await nsd?.[Symbol.asyncDispose]();
  });

  it('follows NAPTR and SRV to addresses of both families', async () => {
    const { places } = asking();
    const example = { host: 'example.com' };
    expect(await places(example)).toEqual(['tls 192.0.2.1 5061', 'tls 2001:db8::1 5061']);
    expect(await places({ ...example, transport: 'tcp' })).toEqual([
      'tcp 192.0.2.1 5060',
      'tcp 2001:db8::1 5060',
      'tcp 192.0.2.2 5060',
    ]);
    expect(await places({ ...example, ...UDP })).toEqual(['udp 192.0.2.2 5060']);
    expect(await places({ host: 'server1.example.com', port: 5099, ...UDP })).toEqual(['udp 192.0.2.1 5099']);
  });

  it('respects weights over many calls, and priorities in each', async () => {
    const { places } = asking();
    const firsts: Record<string, number> = {};
    for (let call = 0; call < 2000; call++) {
      const found = await places({ host: 'example.net', seed: `${call}@example.net`, ...UDP });
      expect(found.at(-1)).toBe('udp 192.0.2.1 5073');
      firsts[found[0]!] = (firsts[found[0]!] ?? 0) + 1;
    }
    expect(firsts['udp 192.0.2.11 5070']).toBeGreaterThan(1100);
    expect(firsts['udp 192.0.2.12 5071']).toBeGreaterThan(500);
    expect(firsts['udp 192.0.2.13 5072']).toBeGreaterThan(120);
  });

  it('knows how long there is nothing, what goes in a circle, and what is not offered', async () => {
    const { nameServer, places } = asking();
    expect(await nameServer.a('nobody.example.com')).toEqual({ ok: true, records: [], ttl: 7 });
    expect(await nameServer.srv('example.com')).toEqual({ ok: true, records: [], ttl: 7 });
    expect(await nameServer.a('round.example.net')).toMatchObject({ ok: false });
    expect(await places({ host: 'no.example.net', ...UDP })).toEqual([]);
    // Not a zone of this server's: it refuses.
    expect(await nameServer.a('example.org')).toMatchObject({ ok: false });
  });

  it('asks over TCP for what does not fit into a datagram', async () => {
    const { nameServer } = asking();
    const found = await nameServer.a('many.example.net');
    expect(found.ok && found.records).toHaveLength(60);
    expect(nameServer.counters).toMatchObject({ asked: 1, overTcp: 1 });
  });

  it('serves on while the name server stands still, and when it is gone', async () => {
    await using own = await Nsd.start(ZONES);
    const { resolver, places } = asking(own.address);
    const target = { host: 'short.example.net', port: 5060, ...UDP };
    const known = ['udp 192.0.2.21 5060'];
    expect(await places(target)).toEqual(known);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    own.freeze();
    expect(await places(target)).toEqual(known);
    expect(resolver.counters.stale).toBeGreaterThan(0);
    expect(await places({ ...target, host: 'big.example.net' })).toEqual([]);
    own.thaw();
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(await places({ ...target, host: 'big.example.net' })).toEqual(['udp 192.0.2.11 5060']);
    await own.stop();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await places(target)).toEqual(known);
    expect(await places({ ...target, host: 'small.example.net' })).toEqual([]);
  });

  it('shows what would be tried', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-dns-'));
    const file = join(folder, 'viaduct.yaml');
    const lines = [
      'listen: ["udp:127.0.0.1:0 name edge"]',
      `dns: { servers: ["${nsd.address}"], timeout: 1s }`,
      'data: ./data',
    ];
    writeFileSync(file, lines.join('\n'));
    const read = async () => {
      const result = await loadConfig({ file }, { environment: {}, workingDirectory: folder });
      if (!result.ok) throw new Error(result.text);
      return result.config;
    };
    {
      await using server = await Server.start({ config: await read(), reread: read });
      const control = (...command: string[]) =>
        callControl(controlPath(server.config.data), command[0]!, command.slice(1));
      server.quarantine.failed({ transport: 'udp', address: '192.0.2.11', port: 5070 }, 'no answer');
      const answer = await control('resolve', 'example.net');
      const rows = (answer.ok ? answer.result : []) as readonly PlaceRow[];
      expect(rows.map((row) => row.try)).toEqual([1, 2, 3, 4]);
      expect(rows.at(-1)).toMatchObject({
        address: '192.0.2.11:5070',
        by: 'SRV _sip._udp.example.net',
        quarantine: 'no answer; probe 15s',
        from: 'no listener',
      });
      expect(rows[0]!.ttl).toMatch(/^(?:29\d|300)s$/);
      expect(await control('resolve', 'sip:alice@server2.example.com:5070')).toMatchObject({
        result: [{ address: '192.0.2.2:5070', by: 'A server2.example.com' }],
      });
      expect(await control('resolve', 'sips:example.com')).toMatchObject({ result: [] });
      expect(await control('resolve')).toMatchObject({ ok: false });
      expect(await control('quarantine')).toMatchObject({
        result: [{ transport: 'udp', address: '192.0.2.11:5070', failures: 1, reason: 'no answer' }],
      });
    }
    rmSync(folder, { recursive: true });
  });
});

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, encode, type Packet } from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../base/clock.ts';
import { FakeClock } from '../base/fake-clock.ts';
import { RandomIds } from '../base/ids.ts';
import { DnsNameServer, type DnsNameServerOptions, serverAddress } from './name-server.ts';
import { type Answering, answerOf, FakeNameServer } from './testing/fake-name-server.ts';

const open: AsyncDisposable[] = [];

afterEach(async () => {
  for (const server of open.splice(0)) await server[Symbol.asyncDispose]();
});

async function serve(answering: Answering): Promise<FakeNameServer> {
  const server = await FakeNameServer.open(answering);
  open.push(server);
  return server;
}

function asking(servers: readonly FakeNameServer[], more: Partial<DnsNameServerOptions> = {}): DnsNameServer {
  return new DnsNameServer({
    clock: new SystemClock(),
    ids: new RandomIds(),
    servers: servers.map((server) => server.address),
    settings: { timeoutMs: 200, deadlineMs: 2000 },
    ...more,
  });
}

/** Answers with one address, of the name that was asked for. */
const honest: Answering = (query) => answerOf(query, [a(query.questions![0]!.name, '192.0.2.1')]);

function a(name: string, data: string, ttl = 77): Answer {
  return { type: 'A', name, ttl, data };
}

function cname(name: string, data: string, ttl = 77): Answer {
  return { type: 'CNAME', name, ttl, data };
}

function soa(name: string, minimum: number, ttl: number): Answer {
  return { type: 'SOA', name, ttl, data: { mname: 'ns.example.com', rname: 'dns.example.com', minimum } };
}

const FOUND = { ok: true, records: ['192.0.2.1'], ttl: 77 };

describe('DnsNameServer', () => {
  it('reads every record that leads to a SIP server, with its TTL', async () => {
    const records: Record<string, unknown> = {
      A: '192.0.2.1',
      AAAA: '2001:DB8:0::1',
      SRV: { target: 'sip.example.com', port: 5060, priority: 10, weight: 20 },
      NAPTR: {
        order: 1,
        preference: 2,
        flags: 'S',
        services: 'SIP+D2U',
        regexp: '',
        replacement: '_sip._udp.example.com',
      },
    };
    const server = await serve((query) => {
      const { type, name } = query.questions![0]!;
      return answerOf(query, [{ type, name, ttl: 77, data: records[type] } as Answer]);
    });
    const names = asking([server]);
    expect(await names.a('example.com')).toEqual(FOUND);
    expect(await names.aaaa('example.com')).toEqual({ ok: true, records: ['2001:db8::1'], ttl: 77 });
    expect(await names.srv('_sip._udp.example.com')).toEqual({ ok: true, records: [records.SRV], ttl: 77 });
    expect(await names.naptr('example.com')).toEqual({
      ok: true,
      records: [
        {
          order: 1,
          preference: 2,
          flags: 'S',
          service: 'SIP+D2U',
          regexp: '',
          replacement: '_sip._udp.example.com',
        },
      ],
      ttl: 77,
    });
  });

  it('asks with random ids, letter case and ports (RFC 5452)', async () => {
    const server = await serve(honest);
    const names = asking([server]);
    for (let i = 0; i < 8; i++) await names.a('long-enough-to-tell.example.com');
    for (const seen of [server.ids, server.ports, server.asked])
      expect(new Set<number | string>(seen).size).toBeGreaterThan(4);
  });

  it('follows aliases, and holds them for the shortest TTL', async () => {
    const server = await serve((query) =>
      answerOf(query, [
        a('b.example.net', '192.0.2.1'),
        cname('A.example.com', 'B.example.net', 5),
        cname('example.com', 'a.example.com'),
      ]),
    );
    expect(await asking([server]).a('example.com')).toEqual({ ...FOUND, ttl: 5 });
  });

  it('asks on where an answer does not follow an alias to its end', async () => {
    const server = await serve((query) => {
      const name = query.questions![0]!.name.toLowerCase();
      return answerOf(query, [
        name === 'example.com' ? cname(name, 'b.example.net', 5) : a(name, '192.0.2.1'),
      ]);
    });
    expect(await asking([server]).a('example.com')).toEqual({ ...FOUND, ttl: 5 });
  });

  it('goes round in no circle of aliases', async () => {
    const circle = await serve((query) =>
      answerOf(query, [cname('example.com', 'a.example.com'), cname('a.example.com', 'example.com')]),
    );
    expect(await asking([circle]).a('example.com')).toMatchObject({ ok: false });
    const endless = await serve((query) => {
      const { name } = query.questions![0]!;
      return answerOf(query, [cname(name, `x.${name}`)]);
    });
    expect(await asking([endless]).a('example.com')).toMatchObject({ ok: false });
    expect(endless.asked.length).toBeLessThan(8);
  });

  it('knows for how long there is nothing (RFC 2308)', async () => {
    const deny = (rcode: number, authorities: readonly Answer[]) =>
      serve((query) => answerOf(query, [], { rcode, authorities }));
    const nothing = (ttl: number) => ({ ok: true, records: [], ttl });
    const missing = await deny(3, [soa('example.com', 120, 3600)]);
    expect(await asking([missing]).a('sip.example.com')).toEqual(nothing(120));
    const empty = await deny(0, [soa('example.com', 3600, 60)]);
    expect(await asking([empty]).srv('_sip._udp.example.com')).toEqual(nothing(60));
    const foreign = await deny(3, [soa('example.net', 86_400, 86_400)]);
    expect(await asking([foreign]).a('sip.example.com')).toEqual(nothing(30));
  });

  it('asks nobody for what is no name', async () => {
    const server = await serve(honest);
    const names = asking([server]);
    for (const name of ['a b.example.com', 'ex\u00e4mple.com', '..', `${'a'.repeat(64)}.com`, '-%00.com']) {
      expect(await names.a(name)).toMatchObject({ ok: true, records: [] });
    }
    expect(server.asked).toEqual([]);
  });
});

describe('a name server that lies', () => {
  it('is not heard where it speaks of other names', async () => {
    const server = await serve((query) => answerOf(query, [a('example.net', '192.0.2.66')]));
    expect(await asking([server]).a('example.com')).toMatchObject({ ok: true, records: [] });
  });

  it('is not heard where it answers another question', async () => {
    const server = await serve((query) => {
      const forged = (change: Partial<Packet>) => encode({ ...(honest(query, false) as Packet), ...change });
      const { name } = query.questions![0]!;
      return [
        forged({ id: (query.id! + 1) & 0xffff, answers: [a(name, '192.0.2.66')] }),
        forged({ questions: [{ type: 'A', name: 'example.net' }], answers: [a(name, '192.0.2.66')] }),
        forged({ questions: [{ type: 'AAAA', name }], answers: [a(name, '192.0.2.66')] }),
        forged({ questions: [], answers: [a(name, '192.0.2.66')] }),
        forged({ type: 'query' }),
        Buffer.from('no answer at all'),
        Buffer.alloc(0),
        encode(honest(query, false) as Packet),
      ];
    });
    expect(await asking([server]).a('example.com')).toEqual(FOUND);
    expect(server.asked).toHaveLength(1);
  });

  it('is asked over TCP where it does not keep the letter case, which one who guesses does not know', async () => {
    const server = await serve((query, overTcp) => {
      const { name, type } = query.questions![0]!;
      const questions = [
        { type, name: name === name.toLowerCase() ? name.toUpperCase() : name.toLowerCase() },
      ];
      return { ...answerOf(query, [a(name, overTcp ? '192.0.2.1' : '192.0.2.66')]), questions };
    });
    expect(await asking([server]).a('example.com')).toEqual(FOUND);
    expect(server.asked.at(-1)).toMatch(/ tcp$/);
  });

  it('is asked over TCP where answers rain that are none', async () => {
    const server = await serve((query, overTcp) => {
      if (overTcp) return honest(query, true);
      const forged = encode({ ...(honest(query, false) as Packet), id: (query.id! + 1) & 0xffff });
      return Array.from({ length: 100 }, () => forged);
    });
    expect(await asking([server]).a('example.com')).toEqual(FOUND);
  });

  it('does no harm with what cannot be read', async () => {
    for (let missing = 1; missing < 45; missing++) {
      const server = await serve((query) => {
        const bytes = encode(honest(query, false) as Packet);
        return bytes.subarray(0, bytes.length - missing);
      });
      const settings = { timeoutMs: 5, deadlineMs: 10 };
      const found = await asking([server], { settings }).a('example.com');
      expect(found.ok && found.records.length > 0).toBe(false);
    }
  });
});

describe('name servers in trouble', () => {
  it('that cut their answers off are asked over TCP', async () => {
    const long = Array.from({ length: 200 }, (_, i) => `192.0.2.${i}`);
    const server = await serve((query, overTcp) => {
      const { name } = query.questions![0]!;
      if (!overTcp) return answerOf(query, [], { flags: 0x0200 });
      return answerOf(
        query,
        long.map((address) => a(name, address)),
      );
    });
    expect(await asking([server]).a('example.com')).toEqual({ ok: true, records: long, ttl: 77 });
  });

  it('that fail, refuse, keep silent or are gone leave it to the next one', async () => {
    const failing = await serve((query) => answerOf(query, [], { rcode: 2 }));
    const refusing = await serve((query) => answerOf(query, [], { rcode: 5 }));
    const silent = await serve(() => undefined);
    const good = await serve(honest);
    const servers = ['127.0.0.1:1', ...[failing, refusing, silent, good].map((server) => server.address)];
    const names = asking([], { servers });
    expect(await names.a('example.com')).toEqual(FOUND);
    expect(names.counters).toMatchObject({ asked: 5, refused: 2, silent: 2 });
    // The silent one is not waited for again.
    expect(await names.a('example.net')).toEqual(FOUND);
    expect(silent.asked).toHaveLength(1);
  });

  it('that are all silent are given up at the deadline', async () => {
    const servers = [await serve(() => undefined), await serve(() => undefined)];
    const names = asking(servers, { settings: { timeoutMs: 50, deadlineMs: 120 } });
    expect(await names.a('example.com')).toEqual({ ok: false, reason: 'no answer in time' });
    expect(servers.flatMap((server) => server.asked)).toHaveLength(3);
  });

  it('that answer a second time only are heard', async () => {
    let asked = 0;
    const server = await serve((query, overTcp) => (++asked < 2 ? undefined : honest(query, overTcp)));
    expect(await asking([server]).a('example.com')).toEqual(FOUND);
  });

  it('that are none leave nothing to find', async () => {
    const names = new DnsNameServer({
      clock: new SystemClock(),
      ids: new RandomIds(),
      servers: ['127.0.0.1:1'],
    });
    expect(await names.a('example.com')).toMatchObject({ ok: false });
  });
});

describe('the machine itself', () => {
  it('knows the names of its hosts file, and reads it again when it changes', () => {
    const hostsFile = join(mkdtempSync(join(tmpdir(), 'viaduct-hosts-')), 'hosts');
    const clock = new FakeClock();
    const names = new DnsNameServer({ clock, ids: new RandomIds(), servers: ['127.0.0.1:1'], hostsFile });
    expect(names.local('pbx')).toEqual([]);
    writeFileSync(
      hostsFile,
      '# hosts\n10.0.0.5\tPBX pbx.example.com # here\n2001:DB8::5 pbx\nnonsense pbx\n10.0.0.5 pbx\n',
    );
    clock.advance(5000);
    expect(names.local('pbx')).toEqual(['10.0.0.5', '2001:db8::5']);
    expect(names.local('pbx.example.com')).toEqual(['10.0.0.5']);
    writeFileSync(hostsFile, '10.0.0.6 pbx\n');
    clock.advance(5000);
    expect(names.local('pbx')).toEqual(['10.0.0.6']);
  });

  it('is asked for what else it knows', async () => {
    const names = new DnsNameServer({ clock: new SystemClock(), ids: new RandomIds() });
    expect(await names.system('localhost')).toMatchObject({ ok: true });
  });
});

describe('serverAddress', () => {
  it.each([
    ['192.0.2.53', { address: '192.0.2.53', port: 53 }],
    ['192.0.2.53:5353', { address: '192.0.2.53', port: 5353 }],
    ['2001:db8::53', { address: '2001:db8::53', port: 53 }],
    ['[2001:db8::53]:5353', { address: '2001:db8::53', port: 5353 }],
    ['[2001:db8::53]', { address: '2001:db8::53', port: 53 }],
    ['fe80::53%eth0', { address: 'fe80::53%eth0', port: 53 }],
    ['192.0.2.53:0', undefined],
    ['192.0.2.53:x', undefined],
    ['dns.example.com', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(serverAddress(text)).toEqual(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { isRemote, type RelayOptions, relayOrders } from './relay-options.ts';

const orders = (options: RelayOptions, openFiles = 1_000_000) =>
  relayOrders(options, [{ text: '10.0.0.34=99.88.44.33', family: 4 }], openFiles);

describe('relayOrders', () => {
  it('has defaults that run anywhere', async () => {
    const { program, doors, notices, ...others } = await orders({});
    expect(program).toMatchObject({
      relay: {
        addresses: [{ address: '10.0.0.34', advertised: '99.88.44.33' }],
        ports: { min: 35_000, max: 65_000 },
        ttlMs: 60_000,
        setupTtlMs: 200_000,
        silence: 'both',
        maxSessions: 10_000,
        asymmetric: false,
      },
      path: 'auto',
      trafficClass: 0xb8,
      notifySockets: [],
      recordsAll: false,
      sound: { recordings: { folders: undefined, capture: 'rtpproxy', rtcp: true, wav: false } },
    });
    expect(doors).toEqual([{ kind: 'udp', host: '127.0.0.1', port: 22_222 }]);
    expect(notices).toEqual([]);
    expect(others).toEqual({ logLevel: 'info' });
  });

  it('takes options as rtpproxy means them', async () => {
    const { program, doors, ...others } = await orders({
      s: ['unix:/run/r.sock', 'udp:*'],
      m: '40000',
      M: '40010',
      T: '30',
      W: '90',
      r: '/var/calls',
      S: '/var/spool/calls',
      R: true,
      P: true,
      a: true,
      i: true,
      n: ['unix:/run/n.sock'],
      t: '0',
      u: 'relay:voice',
      w: '0660',
      p: '/run/r.pid',
      d: 'warn',
      nice: '-5',
      prompts: '/var/prompts',
      maxSessions: '5',
      path: 'portable',
      force_asymmetric: true,
    });
    expect(program).toMatchObject({
      relay: { ports: { min: 40_000, max: 40_010 }, ttlMs: 30_000, setupTtlMs: 90_000, silence: 'either' },
      path: 'portable',
      trafficClass: 0,
      notifySockets: ['unix:/run/n.sock'],
      recordsAll: true,
      sound: {
        recordings: {
          folders: { directory: '/var/calls', spool: '/var/spool/calls' },
          capture: 'pcap',
          rtcp: false,
        },
        prompts: { directory: '/var/prompts' },
      },
    });
    expect(program.relay).toMatchObject({ asymmetric: true, maxSessions: 5 });
    expect(doors).toHaveLength(2);
    expect(others).toEqual({
      socketMode: 0o660,
      user: { user: 'relay', group: 'voice' },
      pidFile: '/run/r.pid',
      niceness: -5,
      logLevel: 'warn',
      notices: [],
    });
  });

  it('waits for an answer at least as long as for packets', async () => {
    expect((await orders({ T: '600' })).program.relay).toMatchObject({ ttlMs: 600_000, setupTtlMs: 600_000 });
  });

  it('takes a list of ports', async () => {
    expect((await orders({ ports: '40000-40003,40010-40011' })).program.relay.ports).toEqual([
      40_000, 40_001, 40_002, 40_003, 40_010, 40_011,
    ]);
  });

  it('takes the parties of a bridge to be where they say, unless told otherwise', async () => {
    const bridge = [{ text: '10.0.0.5/192.0.2.5', family: 4 }] as const;
    const asymmetric = async (options: RelayOptions) =>
      (await relayOrders(options, bridge, undefined)).program.relay.asymmetric;
    expect([await asymmetric({}), await asymmetric({ bridge_symmetric: true })]).toEqual([true, false]);
  });

  it('says what does nothing here', async () => {
    const ignored = {
      c: 'fifo',
      b: true,
      2: true,
      overload_prot: true,
      config: 'x.conf',
      dso: ['rtpp_catch_dtmf.so', 'rtpp_acct_csv.so'],
      d: 'INFO:LOG_LOCAL5',
    } as const;
    const { notices } = await orders(ignored);
    expect(notices.map((text) => text.split(' ')[0]?.replace(':', ''))).toEqual([
      '-d',
      '-c',
      '-b',
      '-2',
      '--overload_prot',
      '--config',
      '--dso',
      '--dso',
    ]);
    expect((await orders({ f: true, D: true, no_redirect: true })).notices).toEqual([]);
  });

  it('promises no more sessions than there can be files', async () => {
    const { program, notices } = await orders({ L: '100000' }, 1000);
    expect(program.relay.maxSessions).toBe(133);
    expect(notices).toEqual([expect.stringContaining('-L 100000'), expect.stringContaining('133 sessions')]);
    expect((await orders({ maxSessions: '100', L: '1000' }, 1000)).notices).toEqual([]);
  });

  it.each<[RelayOptions, string]>([
    [{ m: '70000' }, '-m 70000'],
    [{ m: 'x' }, '-m x'],
    [{ m: '40000', M: '40000' }, 'odd neighbour'],
    [{ T: '0' }, '-T 0'],
    [{ W: '-1' }, '-W -1'],
    [{ t: '256' }, '-t 256'],
    [{ S: '/spool' }, '-r'],
    [{ d: 'LOUD' }, '-d LOUD'],
    [{ u: ':' }, '-u :'],
    [{ w: '999' }, '-w 999'],
    [{ nice: '20' }, '--nice 20'],
    [{ path: 'tunnel' }, '--path tunnel'],
    [{ ports: '40001' }, 'odd neighbour'],
    [{ ports: '40001-40000' }, '--ports 40000'],
    [{ ports: '40000-40001', m: '40000' }, '-m'],
    [{ s: ['nonsense:'] }, 'control socket'],
  ])('refuses %o', async (options, message) => {
    await expect(orders(options)).rejects.toThrow(message);
  });
});

describe('isRemote', () => {
  it.each([
    ['127.0.0.1', false],
    ['127.1.2.3', false],
    ['::1', false],
    ['localhost', false],
    ['0.0.0.0', true],
    ['10.0.0.34', true],
    ['relay.example.com', true],
  ])('%s: %s', (host, remote) => {
    expect(isRemote({ kind: 'udp', host, port: 1 })).toBe(remote);
  });
});

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkConfig } from './check-config.ts';
import { withDefaults } from './defaults.ts';
import { loadConfig } from './load-config.ts';
import type { MediaConfig } from './server-config.ts';
import { readYaml } from './yaml-source.ts';

function check(text: string): ReturnType<typeof checkConfig> {
  const read = readYaml('viaduct.yaml', text, {});
  if (!read.ok) throw new Error('the YAML cannot be read');
  return checkConfig(read.source);
}

function media(text: string): MediaConfig {
  const checked = check(text);
  if (!checked.ok) throw new Error(JSON.stringify(checked.diagnostics));
  return withDefaults(checked.config, '/etc/viaduct.yaml', '/').media;
}

function faults(text: string): string[] {
  const checked = check(text);
  return checked.ok
    ? []
    : checked.diagnostics.map(({ line, column, message, hint }) => `${line}:${column}: ${message} (${hint})`);
}

describe('media of the configuration', () => {
  it('has a relay of its own for all calls by default', () => {
    expect(media('{}')).toMatchObject({
      anchor: 'always',
      relay: {
        addresses: undefined,
        ports: { min: 35_000, max: 65_000 },
        path: 'auto',
        timeout: 60_000,
        recordings: '/etc/viaduct-data/recordings',
      },
    });
  });

  it('is read in all its parts, with paths relative to the file', () => {
    const text = `
media:
  anchor: nat
  relay:
    addresses: [10.0.0.34 as 99.88.44.33 name wan, '2001:DB8::34']
    advertise: [99.88.44.40]
    ports: 40000-40999
    path: portable
    timeout: 30s
    recordings: ./calls
`;
    expect(media(text)).toMatchObject({
      anchor: 'nat',
      relay: {
        addresses: [
          { address: '10.0.0.34', advertised: '99.88.44.33', name: 'wan' },
          { address: '2001:db8::34', advertised: undefined, name: undefined },
        ],
        advertise: ['99.88.44.40'],
        ports: { min: 40_000, max: 40_999 },
        path: 'portable',
        timeout: 30_000,
        recordings: '/etc/calls',
      },
    });
    expect(media('media: { relay: { ports: [40000, 40001] } }').relay?.ports).toEqual([40_000, 40_001]);
  });

  it('names relays elsewhere by their sets', () => {
    const text = `
media:
  relay: off
  use: west
  rtpproxy:
    sets: { east: ['unix:/run/rtpproxy.sock'], west: ['udp:10.0.0.60:22222|99.88.44.60=2', 'tcp:10.0.0.61'] }
    retries: 2
    notify: tcp:10.0.0.34:22223
  rtpengine: { sets: { engine: ['udp:10.0.0.62:2223'] }, timeout: 500ms }
`;
    expect(media(text)).toMatchObject({
      relay: undefined,
      use: 'west',
      rtpproxy: {
        sets: [
          { name: 'east', nodes: [{ name: 'unix:/run/rtpproxy.sock' }] },
          {
            name: 'west',
            nodes: [{ name: 'udp:10.0.0.60:22222', advertised: '99.88.44.60', weight: 2 }, { weight: 1 }],
          },
        ],
        timeout: 1000,
        retries: 2,
        retryAfter: 60_000,
        notify: 'tcp:10.0.0.34:22223',
        notifyOn: undefined,
      },
      rtpengine: { sets: [{ name: 'engine' }], timeout: 500, retries: 4 },
    });
  });

  it('may have no relay', () => {
    expect(media('media: { relay: off }').relay).toBeUndefined();
  });

  it.each([
    [
      'media: { anchor: allways }',
      '1:18: media.anchor: "allways" is not allowed here (did you mean always?)',
    ],
    [
      'media: { relay: { adresses: [10.0.0.34] } }',
      '1:19: unknown key "adresses" in media.relay (did you mean addresses?)',
    ],
    [
      'media: { relay: { addresses: [sip.example.com] } }',
      '1:31: media.relay.addresses[0]: "sip.example.com" is no IP address (write it as 10.0.0.34 as 99.88.44.33)',
    ],
    [
      'media: { relay: { addresses: [10.0.0.34 as 2001:db8::1] } }',
      '1:31: media.relay.addresses[0]: "2001:db8::1" behind "as" is no IPv4 address (write it as 10.0.0.34 as 99.88.44.33)',
    ],
    [
      'media: { relay: { addresses: [10.0.0.34 port 5] } }',
      '1:31: media.relay.addresses[0]: "port" has no meaning here (write it as 10.0.0.34 as 99.88.44.33)',
    ],
    [
      'media: { relay: { ports: 65000-35000 } }',
      '1:26: media.relay.ports: 65000-35000: a range goes up, within 1024 and 65535 (write it as 35000-65000)',
    ],
    [
      'media: { relay: { ports: [40001, 40003] } }',
      '1:26: media.relay.ports: no even port stands in it with the odd one above (RTP takes an even port and RTCP the next: [40000, 40001, 40002, 40003])',
    ],
    [
      'media: { rtpproxy: { sets: { west: [10.0.0.60] } } }',
      '1:37: media.rtpproxy.sets.west[0]: "10.0.0.60" is none of udp:HOST[:PORT], udp6:, tcp:, tcp6:, unix:PATH, cunix:PATH, a path, or embedded (write it as udp:10.0.0.60:22222)',
    ],
    [
      'media: { rtpproxy: { sets: { "a b": ["udp:10.0.0.60"] } } }',
      '1:30: media.rtpproxy.sets.a b: no name of a set (letters, digits, dots and hyphens)',
    ],
    [
      'media: { rtpproxy: { notify: 10.0.0.34 } }',
      '1:30: media.rtpproxy.notify: "10.0.0.34" is no socket (write it as tcp:10.0.0.34:22223 or unix:/run/viaduct.sock)',
    ],
    [
      'media: { relay: { timeout: 60 } }',
      '1:28: media.relay.timeout: no duration (a duration has a unit: 500ms, 20s, 5m, 12h, 1d)',
    ],
  ])('refuses %s', (text, fault) => {
    expect(faults(text)).toEqual([fault]);
  });
});

describe('names of relays', () => {
  const found = async (text: string): Promise<string[]> => {
    const file = join(await mkdtemp(join(tmpdir(), 'viaduct-media-')), 'viaduct.yaml');
    await writeFile(file, text);
    const result = await loadConfig({ file }, { environment: {}, workingDirectory: '/' });
    return result.ok
      ? []
      : result.diagnostics.map(
          ({ line, column, message, hint }) => `${line}:${column}: ${message} (${hint})`,
        );
  };

  it.each([
    ['media: { use: embedded }', []],
    ['media: { rtpproxy: { sets: { west: ["udp:10.0.0.60"] } }, use: west }', []],
    [
      'media: { rtpproxy: { sets: { west: ["udp:10.0.0.60"] } }, use: vest }',
      ['1:64: media.use: there is no set "vest" (did you mean west?)'],
    ],
    [
      'media: { relay: off, use: embedded }',
      [
        '1:27: media.use: there is no set "embedded" (name relays under media.rtpproxy.sets or media.rtpengine.sets)',
      ],
    ],
    [
      'media: { rtpproxy: { sets: { embedded: ["udp:10.0.0.60"] } } }',
      ['1:30: "embedded" is the relay in this server (choose another name for the set)'],
    ],
    [
      'media: { rtpproxy: { sets: { a: ["udp:10.0.0.60"] } }, rtpengine: { sets: { a: ["udp:10.0.0.62"] } } }',
      ['1:77: there is a set "a" of rtpproxy, too (choose another name for the set)'],
    ],
  ])('%s', async (text, faults) => {
    expect(await found(text)).toEqual(faults);
  });
});

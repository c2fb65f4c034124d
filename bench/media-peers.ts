// The relays that are measured, each on one core.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPlainRelay, CONTROL_PORT, RELAY_ADDRESS, type RelayUnderTest } from './media-lab.ts';

const ROOT = dirname(fileURLToPath(new URL('.', import.meta.url)));
const FIRST_PORT = '30000';
const LAST_PORT = '60000';
const CONTROL = `udp:${RELAY_ADDRESS}:${CONTROL_PORT}`;
const COMMON = ['-F', '-s', CONTROL, '-l', RELAY_ADDRESS, '-m', FIRST_PORT, '-M', LAST_PORT];

function viaduct(path: 'portable' | 'accelerated' | 'kernel'): RelayUnderTest {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return {
    name: path,
    version: `Viaduct ${version}, Node ${process.version}`,
    command: [
      process.execPath,
      join(ROOT, 'bin', 'viaduct'),
      'relay',
      ...COMMON,
      '--path',
      path,
      '-d',
      'WARN',
    ],
    failsWith: /packets take the|through user space/,
  };
}

function plain(): RelayUnderTest {
  return {
    name: 'plain',
    version: 'plain-relay.c, gcc -O2',
    command: [buildPlainRelay(), RELAY_ADDRESS, String(CONTROL_PORT), RELAY_ADDRESS, FIRST_PORT],
  };
}

/** What node:dgram costs by itself: nothing that is portable can be cheaper. */
function plainNode(): RelayUnderTest {
  return {
    name: 'plain-node',
    version: `plain-relay.ts, Node ${process.version}`,
    command: [
      process.execPath,
      join(ROOT, 'bench', 'load', 'plain-relay.ts'),
      RELAY_ADDRESS,
      String(CONTROL_PORT),
      RELAY_ADDRESS,
      FIRST_PORT,
    ],
  };
}

/** The one that RTPPROXY_BIN names; undefined where it is not set. */
function rtpproxy(): RelayUnderTest | undefined {
  const binary = process.env.RTPPROXY_BIN;
  if (!binary) return undefined;
  const version = execFileSync(binary, ['-V'], { encoding: 'utf8' }).trim();
  // Its process file is taken away at the end, so it must be one of its own.
  return {
    name: 'rtpproxy',
    version: `rtpproxy ${version}`,
    command: [binary, '-f', ...COMMON, '-d', 'CRIT', '-p', '/run/rtpproxy.pid'],
  };
}

export const DIRECT = 'direct';

export function relaysUnderTest(): RelayUnderTest[] {
  const all = [
    plain(),
    plainNode(),
    rtpproxy(),
    viaduct('portable'),
    viaduct('accelerated'),
    viaduct('kernel'),
  ];
  return all.filter((it) => it !== undefined);
}

// The relays that are measured, each on one core.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildPlainRelay, CONTROL_PORT, RELAY_ADDRESS, type RelayUnderTest } from './media-lab.ts';
import { type AbsentPeer, output, ROOT } from './peers/peer.ts';

const FIRST_PORT = '30000';
const LAST_PORT = '60000';
const CONTROL = `udp:${RELAY_ADDRESS}:${CONTROL_PORT}`;
const COMMON = ['-F', '-s', CONTROL, '-l', RELAY_ADDRESS, '-m', FIRST_PORT, '-M', LAST_PORT];

function viaduct(path: 'portable' | 'accelerated' | 'kernel'): RelayUnderTest {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return {
    name: path,
    version: `Viaduct ${version}`,
    flags: `Node ${process.version}, --path ${path}`,
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
    version: 'plain-relay.c',
    flags: 'gcc -O2',
    command: [buildPlainRelay(), RELAY_ADDRESS, String(CONTROL_PORT), RELAY_ADDRESS, FIRST_PORT],
  };
}

/** What node:dgram costs by itself: nothing that is portable can be cheaper. */
function plainNode(): RelayUnderTest {
  return {
    name: 'plain-node',
    version: 'plain-relay.ts',
    flags: `Node ${process.version}`,
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

/** The one that RTPPROXY_BIN names. */
function rtpproxy(): RelayUnderTest | AbsentPeer {
  const name = 'rtpproxy';
  const binary = process.env.RTPPROXY_BIN;
  if (!binary) return { name, absent: 'RTPPROXY_BIN names no build' };
  const version = output(binary, '-V')?.trim();
  if (version === undefined) return { name, absent: `${binary} does not start` };
  // Its process file is taken away at the end, so it must be one of its own.
  const command = [binary, '-f', ...COMMON, '-d', 'CRIT', '-p', '/run/rtpproxy.pid'];
  return { name, version: `rtpproxy ${version}`, flags: '', command };
}

export const DIRECT = 'direct';

export function relaysUnderTest(): (RelayUnderTest | AbsentPeer)[] {
  return [plain(), plainNode(), rtpproxy(), viaduct('portable'), viaduct('accelerated'), viaduct('kernel')];
}

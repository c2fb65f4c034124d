import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../base/clock.ts';
import { checkConfig } from '../config/check-config.ts';
import { withDefaults } from '../config/defaults.ts';
import { listenersOf } from '../config/listeners-of.ts';
import { readYaml } from '../config/yaml-source.ts';
import { mediaProbe } from './media-probe.ts';

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** A relay as far as the doctor sees one. @returns its port */
async function relay(): Promise<number> {
  const socket = await bound();
  socket.on('message', (text, from) => {
    const [cookie, command = ''] = text.toString().trim().split(' ');
    const answer = command === 'V' ? '20040107' : command === 'VF' ? '1' : 'E50';
    socket.send(`${cookie} ${answer}\n`, from.port, from.address);
  });
  return socket.address().port;
}

async function findings(media: string, listen = 'udp:127.0.0.1:5060'): Promise<string[]> {
  const read = readYaml('v.yaml', `listen: ["${listen}"]\nmedia: ${media}\n`, {});
  const checked = read.ok ? checkConfig(read.source) : { ok: false as const };
  if (!checked.ok) throw new Error(JSON.stringify(checked));
  const config = withDefaults(checked.config, undefined, '/nowhere');
  const interfaces = networkInterfaces();
  const listeners = listenersOf(config, interfaces);
  const found = await mediaProbe({ config, listeners, interfaces, clock: new SystemClock() }).run();
  return found.map(({ level, text }) => `${level}: ${text}`);
}

describe('the media probe', () => {
  it('tells what is printed, and whether ports can be had', async () => {
    const [printed, ports] = await findings('{ relay: { advertise: [99.88.44.40] } }');
    expect(printed).toBe('ok: media at 127.0.0.1 are printed as 99.88.44.40 outside');
    expect(ports).toMatch(/: UDP ports 35000-65000 can be opened \(\d+ of 16 tried\)/);
  });

  it('finds ports that are taken, and addresses that are not there', async () => {
    const { port } = (await bound()).address();
    const even = port % 2 === 0 ? port : port - 1;
    expect(
      await findings(`{ relay: { addresses: [127.0.0.1, 203.0.113.200], ports: [${even}, ${even + 1}] } }`),
    ).toEqual([
      'ok: media at 127.0.0.1 are printed as 127.0.0.1 outside',
      'failed: this machine has no address 203.0.113.200 for media',
      expect.stringMatching(/tried|can be opened/),
    ]);
  });

  it('asks relays elsewhere whether they are there', async () => {
    const here = await relay();
    const { port: silent } = (await bound()).address();
    const sets = `{ west: ["udp:127.0.0.1:${here}", "udp:127.0.0.1:${silent}"] }`;
    expect(await findings(`{ relay: off, rtpproxy: { sets: ${sets}, timeout: 50ms, retries: 0 } }`)).toEqual([
      `ok: udp:127.0.0.1:${here} of west answers`,
      expect.stringMatching(`^failed: udp:127.0.0.1:${silent} of west does not answer`),
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/base/fake-clock.ts';
import { RandomIds } from '../../src/base/ids.ts';
import { TimerWheel } from '../../src/base/timer-wheel.ts';
import { readAddresses } from '../../src/cli/relay-addresses.ts';
import type { PortPair } from '../../src/media/relay/packet-path.ts';
import { DEFAULT_RELAY_SETTINGS } from '../../src/media/relay/relay-settings.ts';
import { FakePath } from '../../src/media/relay/testing/fake-path.ts';
import { RelayServer } from '../../src/media/server/relay-server.ts';
import { FakeSound } from '../../src/media/server/testing/fake-sound.ts';
import { GoldenPorts, goldenDialogues } from './golden.ts';

/** The values of options with one letter. */
function values(options: readonly string[], letter: string): string[] {
  return options.filter((_, i) => i % 2 === 1 && options[i - 1] === letter);
}

/** A machine with no addresses but these. */
class LocalPath extends FakePath {
  override async openPair(address: string, port: number): Promise<PortPair> {
    if (/^(127\.|::1$|0\.0\.0\.0$)/.test(address)) return super.openPair(address, port);
    throw Object.assign(new Error('no such address'), { code: 'EADDRNOTAVAIL' });
  }
}

async function serverOf(options: readonly string[]): Promise<RelayServer> {
  const clock = new FakeClock();
  const listen = options.flatMap((text, i) => {
    const letter = options[i - 1];
    return letter === '-l' || letter === '-6' ? [{ text, family: letter === '-6' ? 6 : 4 } as const] : [];
  });
  const addresses = await readAddresses({ listen, advertised: values(options, '-A')[0], resolve: false });
  const isBridge = addresses.some(({ role }) => role !== undefined);
  return new RelayServer({
    path: new LocalPath(),
    clock,
    wheel: new TimerWheel(clock),
    ids: new RandomIds(),
    settings: { ...DEFAULT_RELAY_SETTINGS, addresses, setupTtlMs: 60_000, asymmetric: isBridge },
    notifySockets: values(options, '-n'),
    recordsAll: false,
    sound: () => new FakeSound({ directory: options.includes('-r') }),
  });
}

describe('a relay of our own', () => {
  it.each(goldenDialogues())(
    'answers as rtpproxy does, started with $options',
    async ({ options, exchanges }) => {
      await using server = await serverOf(options);
      const ports = new GoldenPorts();
      for (const { line, command, ours } of exchanges) {
        const answer = await server.execute(command, { address: '127.0.0.1' });
        expect(`${line}: ${command} -> ${ports.shown(command, answer, ours)}`).toBe(
          `${line}: ${command} -> ${ours}`,
        );
      }
    },
  );
});

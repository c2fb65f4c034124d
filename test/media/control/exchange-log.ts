import type { DatagramIo, OpenDatagramIo } from '../../../src/net/datagram-io.ts';
import { openDgramIo } from '../../../src/net/dgram-io.ts';

/** A command and its answer, without cookies; `V` and `VF` are exchanges too. */
export interface Exchange {
  readonly command: string;
  readonly answer: string;
}

/** Records what goes over real sockets: the answer of each command once, in the order of the commands. */
export function recording(log: Exchange[]): OpenDatagramIo {
  return async (options, sink) => {
    const asked = new Map<string, { readonly command: string; answer: string }>();
    const io = await openDgramIo(options, {
      datagram(bytes, address, port) {
        const [cookie, text] = split(bytes);
        const exchange = asked.get(cookie);
        if (exchange) exchange.answer = text.trimEnd();
        sink.datagram(bytes, address, port);
      },
      sendFailed: (...failure) => sink.sendFailed(...failure),
    });
    return {
      port: io.port,
      send(bytes, address, port) {
        const [cookie, command] = split(bytes);
        if (!asked.has(cookie)) {
          const exchange = { command, answer: '' };
          asked.set(cookie, exchange);
          log.push(exchange);
        }
        return io.send(bytes, address, port);
      },
      close: () => io.close(),
    };
  };
}

/** Answers as it was recorded, and only to the very commands that were. */
export function replaying(log: readonly Exchange[]): OpenDatagramIo {
  let at = 0;
  return async (_options, sink): Promise<DatagramIo> => ({
    port: 1,
    send(bytes, address, port) {
      const [cookie, command] = split(bytes);
      const exchange = log[at++];
      const answer =
        exchange?.command === command ? exchange.answer : `not recorded: ${exchange?.command} is next`;
      queueMicrotask(() => sink.datagram(Buffer.from(`${cookie} ${answer}\n`, 'latin1'), address, port));
      return true;
    },
    close: async () => {},
  });
}

/** As lines `> command` and `< answer`. */
export function printLog(log: readonly Exchange[]): string {
  return log.map(({ command, answer }) => `> ${command}\n< ${answer}\n`).join('');
}

/** Lines that begin otherwise are comments. */
export function parseLog(text: string): Exchange[] {
  const lines = text.split('\n');
  return lines.flatMap((line, i) =>
    line.startsWith('> ') ? [{ command: line.slice(2), answer: (lines[i + 1] ?? '').slice(2) }] : [],
  );
}

/** Ports of the relay by the order in which they come, so that two runs are alike. */
export function withoutPorts(text: string): string {
  const known = new Map<string, string>();
  return text.replaceAll(/\b4[5-9]\d{3}\b/g, (port) => {
    const even = String(Number(port) & ~1);
    if (!known.has(even)) known.set(even, `P${known.size + 1}`);
    return `${known.get(even)}${even === port ? '' : '+1'}`;
  });
}

function split(bytes: Buffer): [cookie: string, text: string] {
  const text = bytes.toString('latin1');
  const blank = text.indexOf(' ');
  return [text.slice(0, blank), text.slice(blank + 1)];
}

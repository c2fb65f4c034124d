// Runs on a machine of the test network: a carrier that is found by name. It answers calls on one port, and takes
// everything and answers nothing on another. It writes what it hears, one message a line (JSON).
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { formatHostPort } from '../../src/base/ip.ts';
import { buildResponse, type HeaderEntry } from '../../src/wire/sip/build.ts';
import { H } from '../../src/wire/sip/header-name.ts';
import { parseMessage } from '../../src/wire/sip/parse.ts';
import type { SeenMessage } from './seen-message.ts';
import { ADDRESS } from './topology.ts';

export const ANSWERING_PORT = 5080;
export const SILENT_PORT = 5081;

async function listen(address: string, port: number): Promise<void> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const answered = new Set<string>(); // branches
  socket.on('message', (bytes, from) => {
    const seen: SeenMessage = {
      link: 'internet',
      time: Date.now() / 1000,
      transport: 'udp',
      source: from.address,
      sourcePort: from.port,
      destination: address,
      destinationPort: port,
      text: bytes.toString('latin1'),
    };
    const parsed = parseMessage(bytes);
    if (!parsed.ok) return;
    process.stdout.write(`${JSON.stringify(seen)}\n`);
    if (port === SILENT_PORT || parsed.message.method === 'ACK') return;
    // The first packet to a neighbour waits until it is found; what is repeated meanwhile is absorbed (RFC 6026 §7.1).
    const branch = parsed.message.topVia?.branch ?? '';
    if (answered.has(branch)) return;
    answered.add(branch);
    const contact: HeaderEntry = [H.Contact, `<sip:carrier@${formatHostPort(address, port)}>`];
    const parts = { status: 200, toTag: 'carrier', headers: [contact] };
    socket.send(buildResponse(parsed.message, parts), from.port, from.address);
  });
  socket.bind(port, address);
  await once(socket, 'listening');
}

if (import.meta.main) {
  for (const address of [ADDRESS.phone, ADDRESS.phone6]) {
    for (const port of [ANSWERING_PORT, SILENT_PORT]) await listen(address, port);
  }
  process.stdout.write('ready\n');
}

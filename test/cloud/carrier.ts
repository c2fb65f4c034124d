// Runs on a machine of the test network: a carrier that is found by name. It answers calls on one port and talks in
// them, and takes everything and answers nothing on another. It writes what it hears, one message a line (JSON).
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { formatHostPort } from '../../src/base/ip.ts';
import { buildResponse, type HeaderEntry, type ResponseParts } from '../../src/wire/sip/build.ts';
import { H } from '../../src/wire/sip/header-name.ts';
import type { SipMessage } from '../../src/wire/sip/message.ts';
import { parseMessage } from '../../src/wire/sip/parse.ts';
import { MediaPeer } from './media-peer.ts';
import type { SeenMessage } from './seen-message.ts';
import { ADDRESS } from './topology.ts';

export const ANSWERING_PORT = 5080;
export const SILENT_PORT = 5081;
const TALK_LIMIT_MS = 30_000;

/** Says who it is and hears the caller, until it is hung up. */
const talking = new Map<string, MediaPeer>(); // by Call-ID

async function talk(address: string, { callId, body }: SipMessage): Promise<Buffer> {
  const media = await MediaPeer.open(address, `${callId}-callee`);
  talking.set(callId, media);
  // What it does not hear is the caller's trouble too: it is told what is heard of it.
  media.talk(body.toString(), `${callId}-caller`, 1, TALK_LIMIT_MS).catch(console.error);
  return Buffer.from(media.sdp);
}

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
    const reply = (more: Partial<ResponseParts>): void =>
      socket.send(buildResponse(parsed.message, { ...parts, ...more }), from.port, from.address);
    if (parsed.message.method === 'INVITE') {
      void talk(address, parsed.message).then((body) =>
        reply({ headers: [contact, [H.ContentType, 'application/sdp']], body }),
      );
      return;
    }
    if (parsed.message.method === 'BYE') {
      talking.get(parsed.message.callId)?.[Symbol.dispose]();
      talking.delete(parsed.message.callId);
    }
    reply({});
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

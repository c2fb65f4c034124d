// plain-relay.ts: what a relay of node:dgram costs that does nothing else, the floor of the portable path. It is
// plain-relay.c in another language: it learns where to from the first packet of each side, and never again.
//
//   node plain-relay.ts CONTROL_ADDRESS CONTROL_PORT MEDIA_ADDRESS FIRST_PORT
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

interface Side {
  readonly socket: Socket;
  readonly port: number;
  party: RemoteInfo | undefined;
}

const [controlAddress, controlPort, mediaAddress, firstPort] = process.argv.slice(2);
const calls = new Map<string, readonly [Side, Side]>();
let nextPort = Number(firstPort);

async function openSide(): Promise<Side> {
  const socket = createSocket('udp4');
  const port = nextPort;
  nextPort += 2;
  socket.bind(port, mediaAddress);
  await once(socket, 'listening');
  return { socket, port, party: undefined };
}

function join(from: Side, to: Side): void {
  from.socket.on('message', (packet, source) => {
    from.party ??= source;
    if (to.party) to.socket.send(packet, to.party.port, to.party.address);
  });
}

async function setUp(name: string): Promise<readonly [Side, Side]> {
  const known = calls.get(name);
  if (known) return known;
  const sides = [await openSide(), await openSide()] as const;
  calls.set(name, sides);
  join(sides[0], sides[1]);
  join(sides[1], sides[0]);
  return sides;
}

/** Of rtpproxy's control protocol it understands what the bench says: U, L and D, one medium a call. */
async function obey(text: string): Promise<string> {
  const [cookie, verb = '', name = ''] = text.trim().split(' ');
  if (verb.startsWith('D')) {
    for (const { socket } of calls.get(name) ?? []) socket.close();
    calls.delete(name);
    return `${cookie} 0\n`;
  }
  if (!/^[UL]/.test(verb)) return `${cookie} E8\n`;
  const sides = await setUp(name);
  return `${cookie} ${sides[verb.startsWith('U') ? 1 : 0].port} ${mediaAddress}\n`;
}

const control = createSocket('udp4');
control.on('message', async (text, { port, address }) => {
  control.send(await obey(text.toString('latin1')), port, address);
});
control.bind(Number(controlPort), controlAddress);

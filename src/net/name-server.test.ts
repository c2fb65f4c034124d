import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { DnsNameServer } from './name-server.ts';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function dnsName(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1'));
  return Buffer.concat([...labels, Buffer.of(0)]);
}

/** A name server on loopback (RFC 1035 §4): answers any question with records of these bodies, or with `rcode`. */
async function serve(bodies: readonly Buffer[], rcode = 0): Promise<DnsNameServer> {
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    const question = query.subarray(12, query.indexOf(0, 12) + 5);
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180 | rcode, 2);
    header.writeUInt16BE(bodies.length, 6);
    header.writeUInt32BE(0, 8);
    const records = bodies.map((body) => {
      const fixed = Buffer.alloc(12);
      fixed.writeUInt16BE(0xc00c, 0);
      question.copy(fixed, 2, question.length - 4);
      fixed.writeUInt32BE(77, 6);
      fixed.writeUInt16BE(body.length, 10);
      return Buffer.concat([fixed, body]);
    });
    socket.send(Buffer.concat([header, question, ...records]), peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => void socket.close());
  return new DnsNameServer({ servers: [`127.0.0.1:${socket.address().port}`] });
}

describe('DnsNameServer', () => {
  it('reads addresses with their TTL', async () => {
    const four = await serve([Buffer.of(192, 0, 2, 1), Buffer.of(192, 0, 2, 2)]);
    expect(await four.a('example.com')).toEqual([
      { address: '192.0.2.1', ttl: 77 },
      { address: '192.0.2.2', ttl: 77 },
    ]);
    const six = await serve([Buffer.from('20010db8000000000000000000000001', 'hex')]);
    expect(await six.aaaa('example.com')).toEqual([{ address: '2001:db8::1', ttl: 77 }]);
  });

  it('reads services', async () => {
    const server = await serve([
      Buffer.concat([Buffer.of(0, 10, 0, 20, 0x13, 0xc4), dnsName('sip.example.com')]),
    ]);
    expect(await server.srv('_sip._udp.example.com')).toEqual([
      { target: 'sip.example.com', port: 5060, priority: 10, weight: 20 },
    ]);
  });

  it('has nothing for a name that is not there, and rejects where the server fails', async () => {
    const missing = await serve([], 3);
    expect(await missing.a('example.com')).toEqual([]);
    const empty = await serve([]);
    expect(await empty.srv('_sip._udp.example.com')).toEqual([]);
    const refusing = await serve([], 5);
    await expect(refusing.a('example.com')).rejects.toThrow();
  });

  it('knows what the system knows', async () => {
    expect(await new DnsNameServer().system('localhost')).toContain('127.0.0.1');
  });
});

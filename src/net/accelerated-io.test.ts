import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { openAcceleratedIo } from './accelerated-io.ts';
import { type Accelerator, loadAccelerator } from './accelerator.ts';
import type { DatagramIo, DatagramOptions, DatagramSink } from './datagram-io.ts';
import { openDgramIo } from './dgram-io.ts';
import { PackedAddresses, textOf6, writeBytes6 } from './packed-address.ts';
import type { Refusals } from './refusals.ts';
import { refusing } from './testing/refusing.ts';

const accelerator = loadAccelerator();
if (!accelerator) console.log('the datagram accelerator is not built here: its tests are skipped');

interface Got {
  readonly text: string;
  readonly address: string;
  readonly port: number;
}

class Collector implements DatagramSink {
  readonly got: Got[] = [];
  readonly failed: string[] = [];
  readonly waits: number[] = [];
  lost = 0;
  onDatagram: (got: Got) => void = () => {};
  #wake = () => {};

  datagram(bytes: Buffer, address: string, port: number): void {
    const got = { text: bytes.toString('latin1'), address, port };
    this.got.push(got);
    this.onDatagram(got);
    this.#wake();
  }

  sendFailed(address: string, port: number, reason: string): void {
    this.failed.push(`${address} ${port} ${reason}`);
    this.#wake();
  }

  waited(ms: number): void {
    this.waits.push(ms);
  }

  overrun(count: number): void {
    this.lost += count;
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const opened: DatagramIo[] = [];

afterEach(async () => {
  for (const io of opened.splice(0)) await io.close();
});

const ways = [
  ['portable', openDgramIo],
  ...(accelerator ? ([['accelerated', openAcceleratedIo(accelerator)]] as const) : []),
] as const;

describe.each(ways)('the %s datagram path', (_name, openIo) => {
  async function open(options: Partial<DatagramOptions> = {}): Promise<{ io: DatagramIo; sink: Collector }> {
    const sink = new Collector();
    const io = await openIo({ address: '127.0.0.1', port: 0, family: 4, ...options }, sink);
    opened.push(io);
    return { io, sink };
  }

  it('carries datagrams both ways, with the peer’s address', async () => {
    const a = await open();
    const b = await open();
    expect(a.io.send(Buffer.from('hello'), '127.0.0.1', b.io.port)).toBe(true);
    await b.sink.until(() => b.sink.got.length === 1);
    expect(b.sink.got).toEqual([{ text: 'hello', address: '127.0.0.1', port: a.io.port }]);
  });

  it('carries IPv6', async () => {
    const a = await open({ address: '::1', family: 6 });
    const b = await open({ address: '::1', family: 6 });
    a.io.send(Buffer.from('six'), '::1', b.io.port);
    await b.sink.until(() => b.sink.got.length === 1);
    expect(b.sink.got).toEqual([{ text: 'six', address: '::1', port: a.io.port }]);
  });

  it('keeps the order and the bytes of what is sent while a batch is handled', async () => {
    const echo = await open();
    echo.sink.onDatagram = ({ text, address, port }) => {
      echo.io.send(Buffer.from(`now ${text}`, 'latin1'), address, port);
      Promise.resolve().then(() => echo.io.send(Buffer.from(`soon ${text}`, 'latin1'), address, port));
    };
    const peer = await open();
    const long = 'x'.repeat(9000);
    for (const text of ['a', 'b', long]) peer.io.send(Buffer.from(text), '127.0.0.1', echo.io.port);
    await peer.sink.until(() => peer.sink.got.length === 6);
    const texts = peer.sink.got.map((it) => it.text);
    for (const kind of ['now', 'soon']) {
      expect(texts.filter((text) => text.startsWith(kind))).toEqual([
        `${kind} a`,
        `${kind} b`,
        `${kind} ${long}`,
      ]);
    }
  });

  it('takes the largest and the empty datagram', async () => {
    const a = await open();
    const b = await open();
    const largest = Buffer.alloc(65_507, 0xe9);
    a.io.send(largest, '127.0.0.1', b.io.port);
    await b.sink.until(() => b.sink.got.length === 1);
    a.io.send(Buffer.alloc(0), '127.0.0.1', b.io.port);
    await b.sink.until(() => b.sink.got.length === 2);
    expect(b.sink.got.map((it) => it.text)).toEqual([largest.toString('latin1'), '']);
  });

  it('tells what the kernel refuses, and goes on', async () => {
    const a = await open();
    const b = await open();
    a.io.send(Buffer.alloc(65_508), '127.0.0.1', b.io.port);
    a.io.send(Buffer.from('after'), '127.0.0.1', b.io.port);
    await a.sink.until(() => a.sink.failed.length === 1);
    await b.sink.until(() => b.sink.got.length === 1);
    expect(a.sink.failed).toEqual([`127.0.0.1 ${b.io.port} EMSGSIZE`]);
    expect(b.sink.got[0]!.text).toBe('after');
  });

  it('refuses ports that are none, and everything once it is closed', async () => {
    const { io } = await open();
    expect(io.send(Buffer.from('x'), '127.0.0.1', 0)).toBe(false);
    expect(io.send(Buffer.from('x'), '127.0.0.1', 65_536)).toBe(false);
    await io.close();
    await io.close();
    expect(io.send(Buffer.from('x'), '127.0.0.1', 5060)).toBe(false);
  });

  it('says why a port cannot be had', async () => {
    const taken = createSocket('udp4');
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
    await expect(open({ port: taken.address().port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    taken.close();
    await expect(open({ address: '192.0.2.77' })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  it('carries a load in both directions in order, and what comes after it', async () => {
    const echo = await open();
    echo.sink.onDatagram = ({ text, address, port }) => {
      echo.io.send(Buffer.from(text, 'latin1'), address, port);
      setImmediate(() => echo.io.send(Buffer.from(`later ${text}`, 'latin1'), address, port));
    };
    const peer = await open();
    const sent: string[] = [];
    for (let i = 0; i < 30; i++) {
      for (let j = 0; j < 10; j++) {
        sent.push(String(sent.length));
        peer.io.send(Buffer.from(sent.at(-1)!), '127.0.0.1', echo.io.port);
      }
      await peer.sink.until(() => peer.sink.got.length === 2 * sent.length);
    }
    const texts = peer.sink.got.map((it) => it.text);
    expect(texts.filter((text) => !text.startsWith('later'))).toEqual(sent);
    expect(texts.filter((text) => text.startsWith('later'))).toEqual(sent.map((text) => `later ${text}`));
  });

  it('sends at once what is more than the queue holds', async () => {
    const from = await open();
    const to = await open();
    from.sink.onDatagram = () => {
      for (let i = 0; i < 3000; i++) {
        expect(from.io.send(Buffer.from(String(i)), '127.0.0.1', to.io.port)).toBe(true);
      }
    };
    to.io.send(Buffer.from('go'), '127.0.0.1', from.io.port);
    await to.sink.until(() => to.sink.got.length > 0);
  });

  it('carries a burst without losing what fits the buffers', async () => {
    const a = await open();
    const b = await open();
    for (let i = 0; i < 100; i++) a.io.send(Buffer.from(String(i)), '127.0.0.1', b.io.port);
    await b.sink.until(() => b.sink.got.length === 100);
    expect(b.sink.got.map((it) => Number(it.text))).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

describe.runIf(accelerator)('the backlog of the accelerated path', () => {
  async function pair(
    receiveBufferBytes: number,
  ): Promise<{ from: DatagramIo; to: DatagramIo; sink: Collector }> {
    const sink = new Collector();
    const openIo = openAcceleratedIo(accelerator!);
    const from = await openIo({ address: '127.0.0.1', port: 0, family: 4 }, new Collector());
    const to = await openIo({ address: '127.0.0.1', port: 0, family: 4, receiveBufferBytes }, sink);
    opened.push(from, to);
    return { from, to, sink };
  }

  it('says how long datagrams waited in the kernel', async () => {
    const { from, to, sink } = await pair(65_536);
    from.send(Buffer.from('early'), '127.0.0.1', to.port);
    const blockedUntil = performance.now() + 30;
    while (performance.now() < blockedUntil);
    await sink.until(() => sink.got.length === 1);
    expect(sink.waits).toHaveLength(1);
    expect(sink.waits[0]).toBeGreaterThanOrEqual(29);
  });

  it('says how many the kernel dropped, once another one comes', async () => {
    const { from, to, sink } = await pair(1);
    for (let i = 0; i < 100; i++) from.send(Buffer.alloc(500, 'x'), '127.0.0.1', to.port);
    await sink.until(() => sink.got.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    from.send(Buffer.from('last'), '127.0.0.1', to.port);
    await sink.until(() => sink.got.at(-1)?.text === 'last');
    expect(sink.lost).toBeGreaterThan(0);
    expect(sink.lost).toBe(101 - sink.got.length);
  });
});

describe.skipIf(!accelerator)('what is refused', () => {
  const invite = (number: number, more = '') =>
    `INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bKcall${number}\r\n` +
    'From: <sip:alice@example.com>;tag=a1\r\nTo: <sip:bob@example.com>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n' +
    `${more}Content-Length: 0\r\n\r\n`;
  const ack = 'ACK sip:bob@example.com SIP/2.0\r\nTo: <sip:bob@example.com>;tag=away\r\n\r\n';

  async function pair(refusals: Refusals) {
    const openIo = openAcceleratedIo(accelerator!);
    const [server, phone] = [new Collector(), new Collector()];
    const options = { address: '127.0.0.1', port: 0, family: 4 } as const;
    const at = await openIo({ ...options, refusals }, server);
    const from = await openIo(options, phone);
    opened.push(at, from);
    const send = (text: string) => from.send(Buffer.from(text, 'latin1'), '127.0.0.1', at.port);
    return { server, phone, send, port: from.port };
  }

  it('is answered, its ACK absorbed, and both are counted; the rest comes in order', async () => {
    const refusals = refusing();
    const { server, phone, send, port } = await pair(refusals);
    for (let n = 0; n < 20; n++) {
      send(invite(n));
      send(ack);
      send(`OPTIONS ${n}`);
    }
    await server.until(() => server.got.length === 20);
    await phone.until(() => phone.got.length === 20);
    expect(server.got.map(({ text }) => text)).toEqual(Array.from({ length: 20 }, (_, n) => `OPTIONS ${n}`));
    expect(phone.got[7]?.text).toMatch(/^SIP\/2\.0 503 Service Unavailable\r\nVia: /);
    expect(phone.got[7]?.text).toContain(`;branch=z9hG4bKcall7;received=127.0.0.1;rport=${port}\r\n`);
    expect(phone.got[7]?.text).toMatch(/;tag=away\r\n.*Retry-After: [2-9]\r\nContent-Length: 0\r\n\r\n$/s);
    expect(refusals.take()).toEqual({ refused: 20, absorbed: 20, unsent: 0 });
    expect(refusals.take()).toEqual({ refused: 0, absorbed: 0, unsent: 0 });
  });

  it('is nothing that is not to be refused', async () => {
    const refusals = refusing();
    refusals.passOn(['scanner']);
    const { server, phone, send } = await pair(refusals);
    send(invite(1, 'User-Agent: A Scanner 1.0\r\n'));
    await server.until(() => server.got.length === 1);
    refusals.refuse(1);
    send(invite(2));
    await server.until(() => server.got.length === 2);
    refusals.refuse(0);
    refusals.disallow();
    send(invite(3));
    await server.until(() => server.got.length === 3);
    refusals.allow('127.0.0.1', 1);
    send(invite(4));
    send(invite(5));
    await server.until(() => server.got.length === 4);
    await phone.until(() => phone.got.length === 1);
    refusals.allow('127.0.0.1', 1);
    refusals.refuse(undefined);
    send(invite(6));
    await server.until(() => server.got.length === 5);
    expect(server.got.map(({ text }) => /call(\d)/.exec(text)?.[1])).toEqual(['1', '2', '3', '5', '6']);
    expect(phone.got[0]?.text).toContain('branch=z9hG4bKcall4');
  });

  it('is refused again, though all are let in meanwhile', async () => {
    const refusals = refusing();
    const { server, phone, send } = await pair(refusals);
    send(invite(1));
    await phone.until(() => phone.got.length === 1);
    refusals.refuse(1);
    send(invite(1));
    send(invite(2));
    await phone.until(() => phone.got.length === 2);
    await server.until(() => server.got.length === 1);
    expect(server.got[0]?.text).toContain('call2');
  });
});

describe('the wait of a batch', () => {
  it('is told where the kernel tells it', async () => {
    const sink = new Collector();
    const [state, words, bytes] = [new Int32Array(6), new Int32Array(256), new Uint8Array(64)];
    let onBatch: (count: number) => void = () => {};
    const fake: Accelerator = {
      open: (_family, _address, port, _receiveBufferBytes, _reusePort, called) => {
        onBatch = called;
        const memory = { inBytes: bytes, outBytes: bytes, inAddresses: bytes, outAddresses: bytes };
        return { ...memory, port, in: words, out: words, state, flush: () => {}, close: () => {} };
      },
      closeAbandoned: () => {},
      ownerOf: () => -1,
      refuse: () => undefined,
    };
    await openAcceleratedIo(fake)({ address: '127.0.0.1', port: 5060, family: 4 }, sink);
    for (const us of [-1, 0, 2500]) {
      state[5] = us;
      onBatch(1);
    }
    expect(sink.waits).toEqual([0, 2.5]);
    expect(sink.got).toHaveLength(3);
  });
});

describe('packed addresses', () => {
  it('are the texts that they were made of', () => {
    const addresses = new PackedAddresses();
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(addresses.textOf4(addresses.wordOf4(text))).toBe(text);
      }),
    );
  });

  it('hold IPv6 in sixteen bytes', () => {
    const bytes = new Uint8Array(32);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
        const text = groups.map((group) => group.toString(16)).join(':');
        writeBytes6(text, bytes, 16);
        const view = new DataView(bytes.buffer);
        expect(groups.map((_, i) => view.getUint16(16 + 2 * i))).toEqual(groups);
        const canonical = textOf6(bytes, 16);
        if (canonical.indexOf('.') < 0) {
          writeBytes6(canonical, bytes, 0);
          expect(bytes.slice(0, 16)).toEqual(bytes.slice(16));
        }
      }),
    );
    writeBytes6('::ffff:10.0.0.1', bytes, 0);
    expect(textOf6(bytes, 0)).toBe('10.0.0.1');
  });
});

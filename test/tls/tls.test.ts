import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../src/base/fake-clock.ts';
import {
  certificateFor,
  disposeOpened,
  eventually,
  gone,
  listener,
  message,
  read,
  start,
  type TestCertificate,
  tcpPeer,
  tlsPeer,
  tlsSettings,
} from './fixture.ts';

afterEach(disposeOpened);

const own = certificateFor(['sip.example.com', '127.0.0.1']);

async function tlsServer(certificate: TestCertificate): Promise<{ server: Server; port: number }> {
  const server = createServer({ cert: certificate.cert, key: certificate.keyText });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

describe('a TLS listener', () => {
  it('frames messages, answers on the connection, and finds it again', async () => {
    const { sockets, heard, first } = await start([listener('tls', tlsSettings(own))]);
    const peer = await tlsPeer(first, {
      ca: own.cert,
      servername: 'sip.example.com',
      rejectUnauthorized: true,
    });
    peer.write(message('1'));
    await heard.until(() => heard.texts.length === 1);
    const flow = heard.flows[0]!;
    expect(flow).toMatchObject({ transport: 'tls', listener: first, peerDomains: undefined });
    expect(sockets.connection(flow.connectionId)).toBe(flow);
    flow.send(message('2'));
    expect(await read(peer, '\r\n\r\n')).toContain('Call-ID: 2');
    peer.write('\r\n\r\n');
    expect(await read(peer, '\r\n')).toBe('\r\n');
    expect(sockets.openConnections).toBe(1);
    peer.end();
    await heard.until(() => heard.closed.length === 1);
    expect(sockets.openConnections).toBe(0);
    expect(sockets.counters).toMatchObject({
      connectionsAccepted: 1,
      connectionsClosed: 1,
      tlsHandshakesFailed: 0,
    });
  });

  it('shows the certificate of the name that is asked for, and the standard one else', async () => {
    const [one, many] = [certificateFor(['one.example.com']), certificateFor(['many.example.net'])];
    const settings = tlsSettings(own, {
      servers: [
        { name: 'One.example.com', ...one },
        { name: '*.example.net', ...many },
      ],
    });
    const { first } = await start([listener('tls', settings)]);
    const shown = async (servername: string): Promise<string> => {
      const peer = await tlsPeer(first, { servername });
      return peer.getPeerCertificate().subject.CN as string;
    };
    expect(await shown('one.EXAMPLE.com')).toBe('one.example.com');
    expect(await shown('a.example.net')).toBe('many.example.net');
    expect(await shown('a.b.example.net')).toBe('sip.example.com');
    expect(await shown('other.example.org')).toBe('sip.example.com');
  });

  it('refuses versions below the least', async () => {
    const { sockets, first } = await start([listener('tls', tlsSettings(own, { minVersion: 'TLSv1.3' }))]);
    await expect(tlsPeer(first, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version/);
    await eventually(() => sockets.openConnections === 0);
    expect(sockets.counters.tlsHandshakesFailed).toBe(1);
  });

  it.each(['required', 'optional'] as const)(
    'believes only good client certificates: %s',
    async (clientCertificates) => {
      const client = certificateFor(['client.example.org']);
      const stranger = certificateFor(['client.example.org']);
      const settings = tlsSettings(own, { clientCertificates, ca: client.certificate });
      const { sockets, heard, first } = await start([listener('tls', settings)]);
      const peer = await tlsPeer(first, { cert: client.cert, key: client.keyText });
      peer.write(message('known'));
      await heard.until(() => heard.texts.length === 1);
      expect(heard.flows[0]!.peerDomains).toEqual(['client.example.org', 'client.example.org']);

      for (const options of [{ cert: stranger.cert, key: stranger.keyText }, {}]) {
        const other = await tlsPeer(first, options);
        other.write(message('unknown'));
        if (clientCertificates === 'optional' && !('cert' in options)) {
          await heard.until(() => heard.texts.length === 2);
          expect(heard.flows[1]!.peerDomains).toBeUndefined();
        } else {
          other.resume();
          await gone(other);
        }
      }
      expect(sockets.counters.tlsHandshakesFailed).toBe(clientCertificates === 'required' ? 2 : 1);
    },
  );

  it('OpenSIPS #2322: takes a new certificate from its file without closing a connection, and no broken one', async () => {
    const clock = new FakeClock();
    const mine = certificateFor(['old.example.com']);
    const named = certificateFor(['old.example.net']);
    const settings = tlsSettings(mine, { servers: [{ name: 'sip.example.net', ...named }] });
    const { sockets, heard, first } = await start([listener('tls', settings)], { clock });
    const shown = async (servername?: string): Promise<string> => {
      const peer = await tlsPeer(first, servername === undefined ? {} : { servername });
      return peer.getPeerCertificate().subject.CN as string;
    };
    const open = await tlsPeer(first);
    open.write(message('there'));
    await heard.until(() => heard.texts.length === 1);
    certificateFor(['new.example.com'], mine);
    certificateFor(['new.example.net'], named);
    expect(await shown()).toBe('old.example.com');
    clock.advance(10_000);
    expect(await shown()).toBe('new.example.com');
    expect(await shown('sip.example.net')).toBe('new.example.net');

    writeFileSync(mine.certificate, 'not a certificate');
    clock.advance(30_000);
    expect(await shown()).toBe('new.example.com');
    expect(sockets.counters).toMatchObject({ tlsCertificatesReloaded: 1, tlsReloadsFailed: 1 });
    certificateFor(['newest.example.com'], mine);
    clock.advance(10_000);
    expect(await shown()).toBe('newest.example.com');
    expect(sockets.certificates.map(({ names }) => names)[0]).toContain('newest.example.com');

    open.write(message('still there'));
    await heard.until(() => heard.texts.length === 2);
  });

  it('refuses a key that is not that of the certificate, and files that are not there', async () => {
    const other = certificateFor(['x']);
    const refused = (message: RegExp) => ({
      code: 'NET_BAD_CERTIFICATE',
      message: expect.stringMatching(message),
    });
    const wrongKey = { certificate: own.certificate, key: other.key };
    await expect(start([listener('tls', tlsSettings(own, { certificate: wrongKey }))])).rejects.toMatchObject(
      refused(/is not the key of/),
    );
    const gone = { certificate: '/nowhere/a.pem', key: own.key };
    await expect(start([listener('tls', tlsSettings(own, { certificate: gone }))])).rejects.toMatchObject(
      refused(/\/nowhere\/a\.pem is not there/),
    );
    await expect(start([listener('tls', tlsSettings(own, { ca: own.key }))])).rejects.toMatchObject(
      refused(/holds no certificate/),
    );
  });
});

describe('connections to TLS servers', () => {
  it('are made where the certificate names the domain, one for each domain', async () => {
    const theirs = certificateFor(['example.org', 'example.net']);
    const { server, port } = await tlsServer(theirs);
    const { sockets, heard, first } = await start([
      listener('tls', tlsSettings(own, { ca: theirs.certificate })),
    ]);
    const destination = { transport: 'tls', address: '127.0.0.1', port } as const;
    const accepted = once(server, 'secureConnection');
    const flow = sockets.flowTo(first, { ...destination, domain: 'example.org' })!;
    expect(flow.send(message('1'))).toBe(true);
    const [socket] = (await accepted) as [TLSSocket & { servername: string }];
    expect(socket.servername).toBe('example.org');
    expect(await read(socket, '\r\n\r\n')).toContain('Call-ID: 1');
    expect(sockets.flowTo(first, { ...destination, domain: 'example.org' })).toBe(flow);
    expect(sockets.flowTo(first, { ...destination, domain: 'example.net' })).not.toBe(flow);
    socket.write(message('2'));
    await heard.until(() => heard.texts.length === 1);
    expect(heard.flows[0]).toBe(flow);
    server.close();
  });

  it.each([
    ['another domain', 'example.com', 'the certificate is not for example.com'],
    [
      'a subdomain, for which a wildcard stands not (RFC 5922 §7.2)',
      'sip.example.net',
      'not for sip.example.net',
    ],
    ['an address', undefined, 'not for 127.0.0.1'],
  ])('fail for %s', async (_what, domain, reason) => {
    const theirs = certificateFor(['example.org', '*.example.net']);
    const { server, port } = await tlsServer(theirs);
    const { sockets, heard, first } = await start([
      listener('tls', tlsSettings(own, { ca: theirs.certificate })),
    ]);
    sockets.flowTo(first, { transport: 'tls', address: '127.0.0.1', port, domain })!.send(message('1'));
    await heard.until(() => heard.failures.length === 1);
    expect(heard.failures[0]).toContain(reason);
    expect(sockets.counters.tlsHandshakesFailed).toBe(1);
    expect(sockets.openConnections).toBe(0);
    server.close();
  });

  it('fail for an unknown authority, unless none is asked for', async () => {
    const theirs = certificateFor(['example.org']);
    const { server, port } = await tlsServer(theirs);
    const to = { transport: 'tls', address: '127.0.0.1', port, domain: 'example.org' } as const;
    const strict = await start([listener('tls', tlsSettings(own))]);
    strict.sockets.flowTo(strict.first, to)!.send(message('1'));
    await strict.heard.until(() => strict.heard.failures.length === 1);
    expect(strict.heard.failures).toEqual(['DEPTH_ZERO_SELF_SIGNED_CERT']);
    const lax = await start([listener('tls', tlsSettings(own, { verifyServers: false }))]);
    const accepted = once(server, 'secureConnection');
    lax.sockets.flowTo(lax.first, to)!.send(message('2'));
    await read((await accepted)[0] as TLSSocket, 'Call-ID: 2');
    server.close();
  });

  it.each([
    ['the authority of a domain', 'example.org'],
    ['no proof of a domain', 'a.example.net'],
    ['another certificate for an address', undefined],
  ])('differ by where they go: with %s', async (_what, domain) => {
    const theirs = certificateFor(['example.org']);
    const mine = certificateFor(['client.example.com']);
    const { server, port } = await tlsServer(theirs);
    const client = { domains: [], addresses: [], certificate: undefined, ca: undefined, verify: true };
    const clients = [
      { ...client, domains: ['example.org'], ca: theirs.certificate },
      { ...client, domains: ['*.example.net'], verify: false },
      { ...client, addresses: [`127.0.0.1:${port}`], certificate: mine, verify: false },
    ];
    const { sockets, first } = await start([listener('tls', tlsSettings(own, { clients }))]);
    const accepted = once(server, 'secureConnection');
    sockets.flowTo(first, { transport: 'tls', address: '127.0.0.1', port, domain })!.send(message('1'));
    await read((await accepted)[0] as TLSSocket, 'Call-ID: 1');
    expect(sockets.certificates.map(({ file }) => file)).toContain(mine.certificate);
    server.close();
  });

  it.each([
    ['authenticated', 'a certificate', true],
    ['authenticated', 'none', false],
    ['off', 'a certificate', false],
  ] as const)(
    'serve for what comes back (RFC 5923), with reuse %s and %s',
    async (reuse, shown, expected) => {
      const theirs = certificateFor(['example.org', '127.0.0.1']);
      const clientCertificates = shown === 'none' ? 'off' : 'optional';
      const far = await start(
        [listener('tls', tlsSettings(own, { ca: theirs.certificate, clientCertificates }))],
        { reuse },
      );
      const near = await start([listener('tls', tlsSettings(theirs, { ca: own.certificate }))], { reuse });
      const { address, port } = far.first;
      const flow = near.sockets.flowTo(near.first, { transport: 'tls', address, port })!;
      expect(flow.callsBack).toBe(reuse !== 'off');
      flow.send(message('1'));
      await far.heard.until(() => far.heard.texts.length === 1);
      const accepted = far.heard.flows[0]!;
      expect(accepted.callsBack).toBe(false);
      far.sockets.reuse(accepted, near.first.port);
      const back = { transport: 'tls', address: '127.0.0.1', port: near.first.port } as const;
      const called = far.sockets.flowTo(far.first, { ...back, domain: 'example.org' })!;
      expect(called === accepted).toBe(expected);
      expect(far.sockets.flowTo(far.first, { ...back, domain: 'example.net' })).not.toBe(accepted);
      expect(far.sockets.counters.connectionsAliased).toBe(expected ? 1 : 0);
      if (!expected) return;
      called.send(message('2'));
      await near.heard.until(() => near.heard.texts.length === 1);
      expect(near.heard.flows[0]).toBe(flow);
    },
  );

  it('reach the server itself without a proof', async () => {
    const { sockets, heard, first } = await start([
      listener('tls', tlsSettings(certificateFor(['a.example.com']))),
      listener('tls', tlsSettings(certificateFor(['b.example.com']))),
    ]);
    const { address, port } = sockets.listeners[1]!;
    sockets.flowTo(first, { transport: 'tls', address, port })!.send(message('1'));
    await heard.until(() => heard.texts.length === 1);
  });
});

describe('hostile TLS', () => {
  it('garbage is turned away', async () => {
    const { sockets, first } = await start([listener('tls', tlsSettings(own))]);
    const peer = await tcpPeer(first);
    peer.resume();
    peer.write('OPTIONS sip:example.com SIP/2.0\r\n\r\n');
    await gone(peer);
    await eventually(() => sockets.openConnections === 0);
    expect(sockets.counters).toMatchObject({ tlsHandshakesFailed: 1, connectionsClosed: 1 });
  });

  it('peers that leave during the hand-shake leave nothing behind', async () => {
    const { sockets, first } = await start([listener('tls', tlsSettings(own))]);
    for (let i = 0; i < 20; i++) {
      const peer = await tcpPeer(first);
      peer.write(Buffer.from('160301', 'hex'));
      peer.destroy();
    }
    await eventually(() => sockets.counters.connectionsClosed === 20);
    expect(sockets.openConnections).toBe(0);
  });

  it('hand-shakes have the time of half-open connections, and push one another out', async () => {
    const clock = new FakeClock();
    const limits = { halfOpenMs: 5000, maxHalfOpen: 3 };
    const { sockets, first } = await start([listener('tls', tlsSettings(own))], { clock, limits });
    for (let i = 0; i < 10; i++) await tcpPeer(first);
    await eventually(() => sockets.counters.connectionsAccepted === 10);
    expect(sockets.openConnections).toBe(3);
    expect(sockets.counters.halfOpenClosed).toBe(7);
    const done = await tlsPeer(first);
    done.resume();
    clock.advance(5100);
    expect(sockets.openConnections).toBe(0);
    expect(sockets.counters.halfOpenClosed).toBe(11);
  });

  it('bounds hand-shakes of one source', async () => {
    const { sockets, first } = await start([listener('tls', tlsSettings(own))], {
      limits: { maxPerSource: 2 },
    });
    for (let i = 0; i < 2; i++) await tcpPeer(first);
    const third = await tcpPeer(first);
    third.resume();
    await gone(third);
    expect(sockets.counters.connectionsRefused).toBe(1);
  });

  it('a peer that shakes hands again is closed', async () => {
    const { sockets, heard, first } = await start([listener('tls', tlsSettings(own))]);
    const peer = await tlsPeer(first, { maxVersion: 'TLSv1.2' });
    peer.write(message('1'));
    await heard.until(() => heard.texts.length === 1);
    peer.resume();
    peer.renegotiate({ rejectUnauthorized: false }, () => {});
    await heard.until(() => heard.closed.length === 1);
    expect(sockets.counters.tlsRenegotiations).toBe(1);
    expect(sockets.openConnections).toBe(0);
  });

  it('a peer that never reads fills a bounded queue', async () => {
    const limits = { maxQueuedBytes: 100_000 };
    const { sockets, heard, first } = await start([listener('tls', tlsSettings(own))], { limits });
    const peer = await tlsPeer(first);
    peer.write(message('1'));
    await heard.until(() => heard.texts.length === 1);
    peer.pause();
    const large = Buffer.alloc(50_000, 'x');
    let sent = 0;
    while (heard.flows[0]!.send(large) && sent < 1000) {
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sent).toBeLessThan(1000);
    expect(sockets.counters.streamMessagesDropped).toBe(1);
  });
});

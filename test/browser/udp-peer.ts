import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { SipPeer } from '../../testing/sip-peer.ts';
import { TestHost } from '../../testing/test-network.ts';

/** A user agent of the test kit on a real UDP socket of 127.0.0.1. */
export class UdpPeer implements AsyncDisposable {
  readonly agent: SipPeer;
  readonly #close: () => Promise<void>;

  private constructor(agent: SipPeer, close: () => Promise<void>) {
    this.agent = agent;
    this.#close = close;
  }

  /** @param server its UDP port on 127.0.0.1 */
  static async open(user: string, password: string, server: number): Promise<UdpPeer> {
    const address = '127.0.0.1';
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    const { port } = socket.address();
    const host = new TestHost(user, { address }, (_port, to, bytes) => {
      socket.send(bytes, to.port, to.address);
      return true;
    });
    socket.on('message', (bytes, { address, port: from }) =>
      host.receiver(port)?.(bytes, { address, port: from }),
    );
    const account = { user, password, domain: 'example.com', server: { address, port: server } };
    return new UdpPeer(new SipPeer({ host, port, ...account }), async () => {
      socket.close();
      await once(socket, 'close');
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

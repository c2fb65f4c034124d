import type { IpFamily } from '../base/ip.ts';
import { type AddressParts, type Listener, listenerName } from './listener.ts';
import type { TlsSettings } from './tls-settings.ts';
import type { TransportName } from './transport-name.ts';

/** An open listener. It stays the same object while its public address is replaced, so that flows may hold it. */
export class BoundListener implements Listener {
  readonly name: string;
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  readonly family: IpFamily;
  readonly tls: TlsSettings | undefined;
  advertised: AddressParts | undefined;

  /** @param port the port that is really bound, where `asked` left the choice to the system (port 0) */
  constructor(asked: Listener, port: number) {
    const unnamed = asked.name === listenerName(asked.transport, asked.address, asked.port);
    this.name = unnamed ? listenerName(asked.transport, asked.address, port) : asked.name;
    this.transport = asked.transport;
    this.address = asked.address;
    this.port = port;
    this.family = asked.family;
    this.tls = asked.tls;
    this.advertised = asked.advertised;
  }
}

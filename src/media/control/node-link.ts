import type { IdSource } from '../../base/ids.ts';
import type { TimerWheel } from '../../base/timer-wheel.ts';
import type { OpenDatagramIo } from '../../net/datagram-io.ts';
import type { ControlLink, FindAddress, LinkPatience } from './control-link.ts';
import type { NodeSpec } from './node-spec.ts';
import { type OpenRelayPort, PortLink } from './port-link.ts';
import { StreamLink } from './stream-link.ts';
import { UdpLink } from './udp-link.ts';

/** What links need of their surroundings. */
export interface LinkEnvironment {
  readonly wheel: TimerWheel;
  readonly ids: IdSource;
  /** Where there is an embedded relay. */
  readonly openPort?: OpenRelayPort | undefined;
  readonly openUdp?: OpenDatagramIo | undefined;
  readonly findAddress?: FindAddress | undefined;
}

/** @param notified a line that came over the port of the embedded relay */
export function makeLink(
  { address }: NodeSpec,
  environment: LinkEnvironment,
  patience: LinkPatience,
  notified: (line: string) => void,
): ControlLink {
  const { wheel, ids, openUdp, findAddress, openPort } = environment;
  switch (address.transport) {
    case 'udp':
      return new UdpLink({ ...address, ...patience, wheel, ids, open: openUdp, findAddress });
    case 'embedded':
      return new PortLink({ ...patience, wheel, open: openPort ?? noPort, notified });
    default:
      return new StreamLink({ ...patience, address, wheel, findAddress });
  }
}

function noPort(): Promise<never> {
  return Promise.reject(new Error('there is no embedded relay'));
}

/** Whether the relay runs on this machine, by how it is commanded. */
export function isLocal({ address }: NodeSpec): boolean {
  if (address.transport !== 'udp' && address.transport !== 'tcp') return true;
  return address.host.startsWith('127.') || address.host === '::1' || address.host === 'localhost';
}

import { channels } from '../base/channels.ts';
import { formatHostPort } from '../base/ip.ts';
import type { Flow } from './flow.ts';

/** Publishes one message on the wire; free when nobody traces. */
export function traceMessage(direction: 'in' | 'out', bytes: Buffer, flow: Flow): void {
  if (!channels.wire.hasSubscribers) return;
  const { listener, transport, remoteAddress, remotePort } = flow;
  channels.wire.publish({
    direction,
    bytes,
    transport,
    local: formatHostPort(listener.address, listener.port),
    remote: formatHostPort(remoteAddress, remotePort),
  });
}

/** Publishes that bytes or a connection were turned away; free when nobody listens. */
export function traceRefused(reason: string, transport: string, address: string, port: number): void {
  if (!channels.refused.hasSubscribers) return;
  channels.refused.publish({ reason, transport, remote: formatHostPort(address, port) });
}

import type { Flow } from '../../net/flow.ts';

/** The parameters of our Via besides its branch: how its receiver may answer and call back (RFC 3581, RFC 5923 §5). */
export function viaParams({ transport, callsBack }: Flow): string {
  if (transport === 'udp') return ';rport';
  return callsBack ? ';alias' : '';
}

import type { Advertise } from '../../advertise/advertise.ts';
import type { Flow } from '../../net/flow.ts';
import { quote } from '../../wire/sip/params.ts';

/** RFC 3261 §20.43: a warning for people to read. */
const MISCELLANEOUS = 399;

/** The value of a Warning that says who refused a request and why; its agent is this server as the sender knows it. */
export function warningValue(
  advertise: Advertise,
  { listener, remoteAddress }: Flow,
  text: string,
  code: number = MISCELLANEOUS,
): string {
  const agent = advertise.printed({ listener, destination: remoteAddress, place: 'warning' });
  return `${code} ${agent.printed} ${quote(text)}`;
}

import { ServerError } from '../base/errors.ts';
import type { Target } from '../core/proxy/target.ts';
import type { SipMessage } from '../wire/sip/message.ts';
import { toByteString } from '../wire/sip/text.ts';
import type { ForkTargets } from './api/call.ts';
import type { TargetSet } from './api/location.ts';

/**
 * One form for all that `call.fork` takes; groups without targets are left out.
 * @param request whose Request-URI is mostly one of them, and has been read
 * @throws ServerError SIP_BAD_FIELD for text that is no URI
 */
export function targetSet(targets: ForkTargets, request: SipMessage): TargetSet {
  if (typeof targets === 'string') return [[written(targets, request)]];
  const groups: Target[][] = [];
  const together: Target[] = [];
  for (const item of targets) {
    if (typeof item === 'string') together.push(written(item, request));
    else if (Array.isArray(item)) groups.push([...item]);
    else together.push(item as Target);
  }
  if (together.length > 0) groups.unshift(together);
  return groups.filter((group) => group.length > 0);
}

const NO_ROUTE: readonly string[] = Object.freeze([]);

/** A target that a script wrote itself. */
function written(text: string, request: SipMessage): Target {
  const uri = toByteString(text);
  if (!request.parseUri(uri)) {
    throw new ServerError('SIP_BAD_FIELD', `fork: ${JSON.stringify(text)} is no URI`, {
      hint: 'write a whole URI: sip:bob@example.com',
    });
  }
  return {
    uri,
    route: NO_ROUTE,
    q: 1000,
    source: undefined,
    listener: undefined,
    connectionId: 0,
    instance: '',
  };
}

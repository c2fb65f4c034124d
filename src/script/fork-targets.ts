import { ServerError } from '../base/errors.ts';
import type { Target } from '../core/proxy/target.ts';
import { toByteString } from '../wire/sip/text.ts';
import { Uri } from '../wire/sip/uri.ts';
import type { ForkTargets } from './api/call.ts';
import type { TargetSet } from './api/location.ts';

/**
 * One form for all that `call.fork` takes; groups without targets are left out.
 * @throws ServerError SIP_BAD_FIELD for text that is no URI
 */
export function targetSet(targets: ForkTargets): TargetSet {
  if (typeof targets === 'string') return [[written(targets)]];
  const groups: Target[][] = [];
  const together: Target[] = [];
  for (const item of targets) {
    if (typeof item === 'string') together.push(written(item));
    else if (Array.isArray(item)) groups.push([...item]);
    else together.push(item as Target);
  }
  if (together.length > 0) groups.unshift(together);
  return groups.filter((group) => group.length > 0);
}

/** A target that a script wrote itself. */
function written(text: string): Target {
  const uri = toByteString(text);
  if (!Uri.parse(uri)) {
    throw new ServerError('SIP_BAD_FIELD', `fork: ${JSON.stringify(text)} is no URI`, {
      hint: 'write a whole URI: sip:bob@example.com',
    });
  }
  return { uri, route: [], q: 1000, source: undefined, listener: undefined, connectionId: 0, instance: '' };
}

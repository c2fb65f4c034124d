import type { BranchView } from '../../core/proxy/fork-options.ts';
import { nextHops } from '../../core/proxy/next-hop.ts';
import type { ProxyEnvironment } from '../../core/proxy/proxy-environment.ts';
import type { MaybePromise } from '../../core/registrar/location-store.ts';
import type { Listener } from '../../net/listener.ts';

/**
 * The IP address that a branch is going to be sent to first; the proxy finds it once more, in what is remembered of names.
 * @returns undefined where nothing leads there
 */
export function leadsTo(
  { request, requestUri, nextHop, listener, target }: BranchView,
  received: Listener,
  env: ProxyEnvironment,
): MaybePromise<string | undefined> {
  const hops = nextHops(
    {
      requestUri,
      request,
      nextHop,
      routes: target.route,
      source: target.source,
      connectionId: target.connectionId,
      registrant: target.binding?.received.address,
      seed: request.callId,
      received,
      forced: env.network.listeners.find(({ name }) => name === listener),
    },
    env,
  );
  return hops instanceof Promise
    ? hops.then(([first]) => first?.destination.address)
    : hops[0]?.destination.address;
}

import { formatHostPort } from '../../base/ip.ts';
import type { ResolveTarget } from '../../net/resolver.ts';
import { selectListener } from '../../net/select-listener.ts';
import { transportName } from '../../net/transport-name.ts';
import { waysOf } from '../../net/ways.ts';
import { Uri } from '../../wire/sip/uri.ts';
import { type AdminCommand, CommandFault } from './admin-command.ts';
import type { Administered } from './administered.ts';

/** One place that a request for the name would be sent to. */
export interface PlaceRow {
  readonly try: number;
  readonly transport: string;
  readonly address: string;
  /** What named it. */
  readonly by: string;
  /** Until the first of its records lapses. */
  readonly ttl: string;
  /** The listener that a request of the server's own would leave by. */
  readonly from: string;
  readonly quarantine: string;
}

/** What names lead to, and what is avoided. */
export function resolveCommands(server: Administered): readonly AdminCommand[] {
  return [
    {
      name: 'resolve',
      usage: 'NAME|URI',
      summary: 'where requests for a name are sent, in order, with TTLs and quarantine',
      run: ([text]) => places(server, text),
    },
    {
      name: 'quarantine',
      usage: '',
      summary: 'addresses that failed, and are tried after all others of their name',
      run: () =>
        server.quarantine.all().map(({ destination, failures, reason, until }) => ({
          transport: destination.transport,
          address: formatHostPort(destination.address, destination.port),
          failures,
          reason,
          probe: inSeconds(until - server.clock.now()),
        })),
    },
  ];
}

async function places(server: Administered, text: string | undefined): Promise<readonly PlaceRow[]> {
  const { network, resolver, quarantine, clock } = server;
  const found = quarantine.order(
    await resolver.resolveTarget({ ...targetOf(text), ways: waysOf(network.listeners) }),
  );
  return found.map((place, index) => {
    const failed = quarantine.get(place);
    return {
      try: index + 1,
      transport: place.transport,
      address: formatHostPort(place.address, place.port),
      by: place.by,
      ttl: Number.isFinite(place.expires) ? inSeconds(place.expires - clock.now()) : '',
      from: selectListener(network.listeners, place)?.name ?? 'no listener',
      quarantine: failed ? `${failed.reason}; probe ${inSeconds(failed.until - clock.now())}` : '',
    };
  });
}

/** @throws CommandFault for what names nothing */
function targetOf(text: string | undefined): ResolveTarget {
  const uri = text === undefined ? undefined : Uri.parse(/^sips?:/i.test(text) ? text : `sip:${text}`);
  if (uri?.kind !== 'sip') {
    throw new CommandFault(
      'a name or a SIP URI is needed',
      'example.com, or "sips:example.com;transport=tcp"',
    );
  }
  const named = uri.param('transport');
  const transport = named === undefined ? undefined : transportName(named);
  if (named !== undefined && transport === undefined)
    throw new CommandFault(`there is no transport ${named}`);
  return {
    host: uri.param('maddr') || uri.host,
    secure: uri.scheme === 'sips',
    ...(uri.port === undefined ? {} : { port: uri.port }),
    ...(transport === undefined ? {} : { transport }),
  };
}

function inSeconds(ms: number): string {
  return ms <= 0 ? 'now' : `${Math.ceil(ms / 1000)}s`;
}

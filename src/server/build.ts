import { createHmac } from 'node:crypto';
import { Advertise } from '../advertise/advertise.ts';
import type { Clock } from '../base/clock.ts';
import type { Cidr } from '../base/ip.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import { Authenticator } from '../core/auth/authenticator.ts';
import { Dialogs } from '../core/dialog/dialogs.ts';
import { FrontDoor } from '../core/front-door/front-door.ts';
import { OverloadControl } from '../core/front-door/overload.ts';
import { KeepAlive } from '../core/nat/keepalive.ts';
import { isBehindNat } from '../core/nat/nat-test.ts';
import { Proxy as SipProxy } from '../core/proxy/proxy.ts';
import type { ProxyEnvironment } from '../core/proxy/proxy-environment.ts';
import type { LocationStore } from '../core/registrar/location-store.ts';
import { Registrar } from '../core/registrar/registrar.ts';
import { OptionsPing } from '../core/ua/options-ping.ts';
import { QuarantineProbe } from '../core/ua/quarantine-probe.ts';
import { UserAgentClient } from '../core/ua/user-agent-client.ts';
import { type DatagramPath, datagramPath } from '../net/datagram-path.ts';
import { LoadMeter } from '../net/load-meter.ts';
import { DnsNameServer } from '../net/name-server.ts';
import { Quarantine } from '../net/quarantine.ts';
import { Refusals } from '../net/refusals.ts';
import { Resolver } from '../net/resolver.ts';
import { subnetsOf } from '../net/select-listener.ts';
import { Sockets } from '../net/sockets.ts';
import type { WorkerPlace } from '../net/worker-place.ts';
import type { Administered } from '../ops/admin/administered.ts';
import { defaultRealm } from '../ops/config/realm.ts';
import type { ServerConfig } from '../ops/config/server-config.ts';
import type { Program } from '../script/program.ts';
import { watchStrayFaults } from '../script/stray-faults.ts';
import { TransactionLayer } from '../transaction/transaction-layer.ts';
import { Gate } from './gate.ts';
import { ServerMedia } from './media.ts';
import { ownsAddress, ownsAor } from './owner.ts';
import { loadProgram, type RoutingRuntime, startProgram } from './program.ts';
import { ServerRelays } from './relays.ts';
import { serverHandle } from './server-handle.ts';
import {
  dnsCacheSettings,
  frontDoorSettings,
  keepAliveSettings,
  nameServerSettings,
  overloadSettings,
  proxySettings,
  quarantineSettings,
  socketLimits,
  transactionLimits,
} from './settings.ts';
import type { Surroundings } from './surroundings.ts';
import { UnreadRefusals } from './unread-refusals.ts';

/**
 * Room for a pause of this process: at 50,000 datagrams a second for nearly half a second, as the kernel counts. The system gives
 * less where it has a lower limit (`net.core.rmem_max`).
 */
const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024;

/** What {@link build} has made, lowest floor first. */
export interface Parts {
  readonly clock: Clock;
  readonly log: Surroundings['log'];
  readonly location: LocationStore;
  readonly gate: Gate;
  readonly layer: TransactionLayer;
  readonly network: Sockets;
  readonly datagrams: DatagramPath['name'];
  readonly nameServer: DnsNameServer;
  readonly resolver: Resolver;
  readonly quarantine: Quarantine;
  readonly probe: QuarantineProbe;
  readonly advertise: Advertise;
  readonly registrar: Registrar;
  readonly authenticator: Authenticator;
  readonly frontDoor: FrontDoor;
  readonly overload: OverloadControl;
  /** Undefined on the portable path of datagrams. */
  readonly unread: UnreadRefusals | undefined;
  readonly runtime: RoutingRuntime;
  readonly dialogs: Dialogs;
  readonly relays: ServerRelays;
  readonly media: ServerMedia;
  readonly keepAlive: KeepAlive | undefined;
  readonly subnets: Map<string, Cidr>;
  /** Undefined where there is one worker only. */
  readonly place: WorkerPlace | undefined;
}

/**
 * Puts the floors together: everything that signalling needs. Requests are handled once {@link Parts.gate} is open.
 * @param program what {@link loadProgram} has found
 * @param server undefined as long as it starts
 * @throws ServerError NET_…, CFG_…, and what the modules of a script throw
 */
export async function build(
  config: ServerConfig,
  program: Program | undefined,
  surroundings: Surroundings,
  resources: AsyncDisposableStack,
  server: () => Administered | undefined,
): Promise<Parts> {
  const { clock, ids, interfaces, log, location, subscribers, key, bootId, loopSalt, workers } = surroundings;
  const place = workers?.place;
  const wheel = new TimerWheel(clock);
  const gate = new Gate(() => layer);
  const datagrams = workers?.datagrams ?? datagramPath(config.datagrams);
  const refusals = datagrams.name === 'accelerated' ? new Refusals() : undefined;
  const layer: TransactionLayer = resources.use(
    new TransactionLayer({
      network: () => network,
      clock,
      wheel,
      ids,
      timers: config.timers,
      user: gate,
      limits: transactionLimits(config, place),
      place,
      refusals,
      forceRport: isBehindNat,
    }),
  );
  const relays = resources.use(
    await ServerRelays.open(config.media, surroundings.relay, { clock, wheel, ids }, isFirst(place)),
  );
  const network: Sockets = resources.use(
    await Sockets.open(
      surroundings.listeners,
      {
        clock,
        wheel,
        ...socketLimits(config, place),
        openDatagrams: datagrams.open,
        refusals,
        receiveBufferBytes: RECEIVE_BUFFER_BYTES,
        workers,
      },
      layer,
    ),
  );
  const advertise = new Advertise({
    settings: config.advertise,
    listeners: network.listeners,
    key,
    clock,
    interfaces,
    tell: surroundings.tellPrinted,
  });
  if (surroundings.printed) advertise.restore(surroundings.printed);

  const subnets = new Map(subnetsOf(interfaces));
  const nameServer = new DnsNameServer({ clock, ids, ...nameServerSettings(config) });
  const resolver = new Resolver({ nameServer, clock, ids, cache: dnsCacheSettings(config) });
  const quarantine = new Quarantine(clock, quarantineSettings(config));
  const environment: ProxyEnvironment = {
    layer,
    network,
    advertise,
    resolver,
    quarantine,
    wheel,
    subnets,
    settings: proxySettings(config),
    loopSalt,
    place,
  };
  const client = new UserAgentClient(environment, ids, (view) => runtime.local(view));
  const dialogs = resources.use(new Dialogs({ environment, clock, ids, client }));
  const proxy = new SipProxy(environment, dialogs);
  const media = new ServerMedia({
    config: config.media,
    relays,
    proxy: environment,
    dialogs: () => dialogs,
    ids,
  });
  const registrar = resources.use(
    new Registrar({
      store: location,
      clock,
      bootId,
      limits: config.registrar,
      onConnectionLost: config.registrar.onConnectionLost,
      flowTimer: config.registrar.flowTimer,
      isOpen: (connectionId) => network.connection(connectionId) !== undefined,
      ...(place && { isMine: (aor) => ownsAor(place, aor) }),
    }),
  );
  const { algorithms, nonceLife } = config.auth;
  const authenticator = new Authenticator({
    subscribers,
    key,
    clock,
    ids,
    algorithms,
    nonceLifetimeMs: nonceLife,
    nonceCounts: workers?.nonceCounts,
    isOwnHost: (host) => advertise.own.isLocalDomain(host),
  });
  const meter = new LoadMeter(network);
  const overload = resources.use(
    new OverloadControl({
      clock,
      ids,
      load: () => meter.take(),
      settings: overloadSettings(config),
      refusals,
      onPeriod: () => unread?.follow(),
    }),
  );
  const frontDoor = new FrontDoor({ clock, advertise, settings: frontDoorSettings(config, place) });
  const unread =
    refusals &&
    new UnreadRefusals({
      ...{ refusals, overload, frontDoor, gate },
      ...{ transactions: layer.counters, network: network.counters },
    });
  const realm = defaultRealm(config);
  const runtime: RoutingRuntime = await startProgram(
    config,
    program,
    {
      advertise,
      registrar,
      authenticator,
      realm,
      oneRealm: config.auth.realm !== undefined,
      wheel,
      frontDoor,
      layer: () => layer,
      proxy: () => proxy,
      dialogs: () => dialogs,
      media: media.anchoring,
    },
    {
      clock,
      wheel,
      ids,
      layer,
      environment,
      advertise,
      proxy,
      dialogs,
      registrar,
      location,
      subscribers,
      authenticator,
      client,
      realm,
      data: config.data,
      server: serverHandle(server, log),
      nonces: workers && { key: secretOf(key), counts: workers.nonceCounts },
      media: { anchoring: media.anchoring, environment: media.environment, openPort: relays.openPort },
    },
    frontDoor,
    resources,
  );
  const sender = new OptionsPing(client, bootId);
  const probe = resources.use(
    new QuarantineProbe(quarantine, client, clock, ({ address }) => ownsAddress(place, address)),
  );
  const settings = keepAliveSettings(config);
  const keepAlive =
    settings &&
    resources.use(
      new KeepAlive({
        ...{ location, registrar, network, sender, clock, bootId, settings },
        ...(place && { isMine: ({ aor }) => ownsAor(place, aor) }),
      }),
    );
  resources.use(watchStrayFaults(runtime));
  return {
    clock,
    log,
    location,
    gate,
    layer,
    network,
    datagrams: datagrams.name,
    nameServer,
    resolver,
    quarantine,
    probe,
    advertise,
    registrar,
    authenticator,
    frontDoor,
    overload,
    unread,
    runtime,
    dialogs,
    relays,
    media,
    keepAlive,
    subnets,
    place,
  };
}

/** From now on requests are handled. */
export function openGate({ gate, runtime, overload, frontDoor, unread }: Parts): void {
  gate.open(runtime, overload, frontDoor, unread);
}

/** What scripts sign nonces with, the same in each worker. */
function secretOf(key: Buffer): string {
  return createHmac('sha256', key).update('viaduct-script-nonces').digest('base64url');
}

/** Where relays tell their news is one place, and one worker listens there. */
function isFirst(place: WorkerPlace | undefined): boolean {
  return place === undefined || place.index === 0;
}

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Advertise } from '../../advertise/advertise.ts';
import { RandomIds } from '../../base/ids.ts';
import { Cidr, LOOPBACK_NETWORKS, PRIVATE_NETWORKS } from '../../base/ip.ts';
import { TimerWheel } from '../../base/timer-wheel.ts';
import type { MediaControl, MediaFault } from '../../media/control/media-control.ts';
import { RtpengineControl } from '../../media/control/rtpengine-control.ts';
import { RtpproxyControl } from '../../media/control/rtpproxy-control.ts';
import { callControl } from '../admin/control-client.ts';
import { controlPath } from '../admin/control-path.ts';
import { OUTSIDE } from '../admin/listener-rows.ts';
import type { MediaRelayConfig, RelaySetConfig } from '../config/server-config.ts';
import { printedMedia } from '../media-printed.ts';
import { relayAddresses, rtpengineSettings, rtpproxySettings } from '../media-settings.ts';
import { portsText } from '../media-summary.ts';
import { type Finding, failed, ok, type Probe, warning } from './probe.ts';
import type { Patient } from './probes.ts';

/** Of the ports of the relay so many are tried, spread over all. */
const TRIED_PORTS = 16;
const UNREACHABLE = [...PRIVATE_NETWORKS, ...LOOPBACK_NETWORKS].map((text) => Cidr.parse(text)!);
/** What a relay that is there never answers. */
const AWAY: readonly MediaFault[] = ['timeout', 'no-relay', 'overload', 'closed'];

/** The relay of the server, and those that it commands. */
export function mediaProbe(patient: Patient): Probe {
  const { relay } = patient.config.media;
  return {
    name: 'Media',
    run: async () => [
      ...(relay ? [...printed(patient, relay), ...(await ports(patient, relay))] : []),
      ...(await relays(patient)),
      ...(await ownRelay(patient)),
    ],
  };
}

/** What is printed outside for each address of the relay, and whether the machine has that address. */
function printed({ config, listeners, interfaces, clock }: Patient, relay: MediaRelayConfig): Finding[] {
  const key = Buffer.alloc(16);
  const advertise = new Advertise({ settings: config.advertise, listeners, key, clock, interfaces });
  const present = Object.values(interfaces).flatMap((all) => (all ?? []).map(({ address }) => address));
  const all = Object.values(OUTSIDE).flatMap((to) => printedMedia(relay, advertise, listeners, to));
  return all.map(({ address, printed: told }) => {
    if (!present.includes(address)) {
      const hint = 'name one that it has under media.relay';
      return failed(`this machine has no address ${address} for media`, hint);
    }
    if (told === undefined)
      return warning(`no listener is of the family of ${address}: nobody is told of it`);
    const text = `media at ${address} are printed as ${told} outside`;
    const isLoopback = address.startsWith('127.') || address === '::1';
    if (isLoopback || !UNREACHABLE.some((network) => network.contains(told))) return ok(text);
    return warning(
      text,
      'phones on the Internet cannot reach that: give the public address, as for the listener',
    );
  });
}

/** Whether ports of the relay can be had. Those of a running server's calls are taken, and that is as it should be. */
async function ports({ listeners }: Patient, relay: MediaRelayConfig): Promise<Finding[]> {
  const text = `UDP ports ${portsText(relay.ports)}`;
  const all =
    'min' in relay.ports ? spread(relay.ports.min, relay.ports.max) : relay.ports.slice(0, TRIED_PORTS);
  const [first] = relayAddresses(relay, listeners);
  if (!first) return [];
  const found = await Promise.all(all.map((port) => canBind(first.address, port)));
  const free = found.filter(Boolean).length;
  if (free === 0)
    return [failed(`${text}: none of those tried can be opened`, 'give others: media.relay.ports')];
  const open = `${text} can be opened (${free} of ${all.length} tried)`;
  return [
    free < all.length / 2
      ? warning(open, 'others use many of them')
      : ok(`${open}: let them pass the firewall`),
  ];
}

function spread(min: number, max: number): number[] {
  const step = Math.max(1, Math.floor((max - min) / TRIED_PORTS));
  return Array.from({ length: TRIED_PORTS }, (_, i) => min + i * step).filter((port) => port <= max);
}

async function canBind(address: string, port: number): Promise<boolean> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(port, address);
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

/** Whether relays elsewhere answer. */
async function relays({ config, clock }: Patient): Promise<Finding[]> {
  const { media } = config;
  const wheel = new TimerWheel(clock);
  const ids = new RandomIds();
  const shared = { clock, wheel, ids };
  const { notify: _, ...settings } = rtpproxySettings(media);
  await using rtpproxy = await RtpproxyControl.open({ ...shared, settings });
  await using rtpengine = new RtpengineControl({ ...shared, settings: rtpengineSettings(media.rtpengine) });
  return [
    ...(await answers(media.rtpproxy.sets, rtpproxy)),
    ...(await answers(media.rtpengine.sets, rtpengine)),
  ];
}

async function answers(sets: readonly RelaySetConfig[], control: MediaControl): Promise<Finding[]> {
  const all = sets.flatMap(({ name, nodes }, index) =>
    nodes
      .filter(({ address }) => address.transport !== 'embedded')
      .map(async (node): Promise<Finding> => {
        const text = `${node.name} of ${name}`;
        const question = { callId: 'doctor', fromTag: 'doctor', set: index + 1, node: node.name };
        const result = await control.query(question);
        if (result.ok || !AWAY.includes(result.fault)) return ok(`${text} answers`);
        const hint = 'is it started, does it listen there, and does the firewall let commands pass?';
        return failed(`${text} does not answer: ${result.reason}`, hint);
      }),
  );
  return Promise.all(all);
}

/** What a running server says of its own relay. */
async function ownRelay({ config }: Patient): Promise<Finding[]> {
  if (!config.media.relay) return [];
  const answer = await callControl(controlPath(config.data), 'statistics', ['relay']).catch(() => undefined);
  if (!answer) return [];
  if (!answer.ok) return [failed('the relay of the running server does not answer', 'see its log')];
  const { restarts = 0 } = answer.result as { restarts?: number };
  if (restarts === 0) return [ok('the relay of the running server answers')];
  return [warning(`the relay of the running server broke ${restarts} times`, 'see its log')];
}

import type { AdvertisedAddress } from '../../advertise/advertised-address.ts';
import type { PrintedPlace } from '../../advertise/precedence.ts';
import type { Flow } from '../../net/flow.ts';
import type { AddressParts, Listener } from '../../net/listener.ts';
import type { MessageEdit } from '../../wire/sip/edit.ts';
import { H } from '../../wire/sip/header-name.ts';
import { fixForwardedContacts } from '../nat/forwarded-contact.ts';
import { isBehindNat } from '../nat/nat-test.ts';
import { crossesOutward, hideContacts } from '../topology/border.ts';
import type { Hop } from './next-hop.ts';
import type { ProxyEnvironment } from './proxy-environment.ts';
import type { Side } from './record-route.ts';

/** What the two parties of a forwarded request are told of this server; decided once for each hop. */
export interface Legs {
  /** The sender's side, as printed in Record-Route. */
  readonly inbound: Side;
  /** The side of the next hop. */
  readonly outbound: Side;
  /** Sent-by of our Via. */
  readonly via: AdvertisedAddress;
  /** The face of Contacts that are hidden from the next hop. */
  readonly contact: AdvertisedAddress;
}

/** What the script, or an earlier request of the dialog, has each leg print; undefined leaves it to the policy. */
export interface Overrides {
  readonly inbound: AddressParts | undefined;
  readonly outbound: AddressParts | undefined;
}

export function printLegs(received: Flow, hop: Hop, overrides: Overrides, env: ProxyEnvironment): Legs {
  const { advertise, settings } = env;
  const { address } = hop.destination;
  const caller = received.remoteAddress;
  // This server is no party: what it sends to itself goes on with the face of the party at the other end.
  const reader = hop.looped ? caller : address;
  const sender = isOwnSocket(received, env) ? address : caller;
  const override = overrides.outbound;
  const out = printed(env, hop.listener, reader, override, 'record-route-out');
  // Only the order of OpenSIPS prints other things in other places.
  const samePrint = advertise.policy.order === 'viaduct';
  const back = printed(env, received.listener, sender, overrides.inbound, 'record-route-in');
  return {
    inbound: {
      listener: received.listener,
      destination: sender,
      override: overrides.inbound,
      printed: back,
      hidden: settings.hideInside && crossesOutward(advertise, caller, received.listener, reader, out),
    },
    outbound: {
      listener: hop.listener,
      destination: reader,
      override,
      printed: out,
      hidden: settings.hideInside && crossesOutward(advertise, address, hop.listener, sender, back),
    },
    via: samePrint ? out : printed(env, hop.listener, reader, override, 'via'),
    contact: samePrint ? out : printed(env, hop.listener, reader, override, 'contact'),
  };
}

/** Whether it came from a socket of this server. */
function isOwnSocket({ transport, remoteAddress, remotePort }: Flow, env: ProxyEnvironment): boolean {
  for (const it of env.network.listeners) {
    if (it.port === remotePort && it.address === remoteAddress && it.transport === transport) return true;
  }
  return false;
}

function printed(
  env: ProxyEnvironment,
  listener: Listener,
  destination: string,
  override: AddressParts | undefined,
  place: PrintedPlace,
): AdvertisedAddress {
  return env.advertise.printed({ listener, destination, override, place });
}

/** Makes the Contacts of a request mean something to the next hop: hidden, led through the NAT, or as they are. */
export function dressContacts(edit: MessageEdit, received: Flow, legs: Legs, env: ProxyEnvironment): void {
  const { message } = edit;
  if (!message.has(H.Contact)) return;
  const { transport, remoteAddress: address, remotePort: port } = received;
  const natted = env.settings.fixContact && isBehindNat(message, received);
  const seen = natted ? { transport, address, port } : undefined;
  if (legs.inbound.hidden) {
    const face = { address: legs.contact, transport: legs.outbound.listener.transport };
    hideContacts(edit, message, env.advertise, face, seen);
  } else if (seen) {
    fixForwardedContacts(edit, seen);
  }
}

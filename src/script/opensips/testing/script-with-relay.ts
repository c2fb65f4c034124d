import { SequentialIds } from '../../../base/ids.ts';
import type { Peer } from '../../../core/proxy/testing/peer.ts';
import { type FakeRelay, FakeRelays } from '../../../media/control/testing/fake-relays.ts';
import { Anchoring } from '../../media/anchoring.ts';
import { MediaCalls } from '../../media/media-calls.ts';
import { type MediaEnvironment, newMediaCounters } from '../../media/media-environment.ts';
import { RelaySets } from '../../media/relay-sets.ts';
import type { MediaServices } from '../runtime/server-services.ts';
import { ScriptUnderTest } from './script-under-test.ts';

/** The address of the relay. */
export const RELAY = '10.0.0.40';

/** A description of one medium. */
export const sdp = (address: string, port: number): string =>
  `v=0\r\no=- 1 1 IN IP4 ${address}\r\ns=-\r\nc=IN IP4 ${address}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 101\r\n`;

/** A message without a body, with one. */
export function withSdp(text: string, body: string): string {
  return text.replace(
    'Content-Length: 0\r\n\r\n',
    `Content-Type: application/sdp\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

export function invite(peer: Peer, body: string): string {
  const text = [
    'INVITE sip:bob@example.com SIP/2.0',
    `Via: SIP/2.0/UDP ${peer.address}:${peer.port};branch=z9hG4bKmedia`,
    'From: <sip:alice@example.com>;tag=ft1',
    'To: <sip:bob@example.com>',
    'Call-ID: CALL',
    'CSeq: 1 INVITE',
    `Contact: <${peer.contact}>`,
    'Max-Forwards: 70',
    'Content-Length: 0\r\n\r\n',
  ].join('\r\n');
  return peer.send(withSdp(text, body));
}

/** Promises of relays and scripts, one after the other. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** What {@link startWithRelay} has started. */
export interface ScriptWithRelay {
  readonly server: ScriptUnderTest;
  readonly relay: FakeRelay;
  readonly caller: Peer;
  readonly callee: Peer;
  readonly calls: MediaCalls;
}

/** A script on a server with a relay at {@link RELAY}, and two parties. */
export async function startWithRelay(
  script: string,
  relays: FakeRelays = new FakeRelays(),
): Promise<ScriptWithRelay> {
  let server: ScriptUnderTest | undefined;
  const environment: MediaEnvironment = {
    get advertise() {
      return server!.advertise;
    },
    ids: new SequentialIds(),
    counters: newMediaCounters(),
    advertised: () => undefined,
    leadsTo: () => undefined,
    isOwn: () => false,
  };
  const calls = new MediaCalls(environment, () => server!.dialogs);
  const media: MediaServices = {
    anchoring: new Anchoring(calls, new RelaySets([]), 'always'),
    environment,
    openUdp: relays.open,
  };
  server = await ScriptUnderTest.run(script, { serverServices: { media } });
  const running = server;
  await settle();
  return {
    server: running,
    relay: relays.relay(RELAY),
    caller: running.peer('203.0.113.7'),
    callee: running.peer('10.0.0.50'),
    calls,
  };
}

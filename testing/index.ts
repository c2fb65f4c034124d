/** What `import … from 'viaduct/testing'` gives: a server on a fake network and clock, and peers to talk to it. */
export { FakeClock } from '../src/base/fake-clock.ts';
export { CallHarness, type CallHarnessOptions, type HarnessPeerOptions } from './call-harness.ts';
export { IncomingRequest, type PeerReply } from './incoming-request.ts';
export { OutgoingRequest } from './outgoing-request.ts';
export type { PeerDialog } from './peer-dialog.ts';
export { type PeerCall, type PeerRequest, SipPeer, type SipPeerOptions } from './sip-peer.ts';
export {
  type TestAddress,
  type TestDatagram,
  TestHost,
  type TestHostOptions,
  TestNetwork,
} from './test-network.ts';
export { type RelayCommand, TestRelay, type TestRelayOptions } from './test-relay.ts';
export type { TestServer } from './test-server.ts';

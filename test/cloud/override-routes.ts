// The shipped routes with the printed address said by the script alone, transaction by transaction: nothing in the
// configuration names the public address.
import { digest, location, routes } from '../../src/script/api/index.ts';
import { ADDRESS } from './topology.ts';

const PUBLIC = ADDRESS.serverPublic;
const subscribers = digest();

// IPv6 has no other address than the bound one.
const isInside = (address: string): boolean => address.startsWith('10.0.0.') || address.includes(':');

export default routes({
  async register(call) {
    const who = await subscribers.verify(call);
    return who.ok ? location.save(call, { owner: who.user }) : who.challenge;
  },

  async invite(call) {
    const who = await subscribers.verify(call);
    if (!who.ok) return who.challenge;
    const targets = await location.lookup(call.target);
    // The caller's side by the call, each callee's by its branch.
    if (!isInside(call.source.address)) call.advertise(PUBLIC);
    return call.anchorMedia().fork(targets, {
      onBranch(branch) {
        const { source, uri } = branch.target;
        const inside = isInside(source?.address ?? call.address(uri).host);
        branch.advertise = inside ? undefined : PUBLIC;
      },
    });
  },

  // The keep-alives that the server sends by itself.
  local(request) {
    if (!isInside(request.destination.address)) request.advertise = PUBLIC;
  },
});

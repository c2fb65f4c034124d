// Users call carriers: sip:carrier.example@example.com goes to somebody at carrier.example.
import { digest, location, routes } from '../../src/script/api/index.ts';

const subscribers = digest();

export default routes({
  async register(call) {
    const who = await subscribers.verify(call);
    return who.ok ? location.save(call, { owner: who.user }) : who.challenge;
  },
  async invite(call) {
    const who = await subscribers.verify(call);
    return who.ok ? call.anchorMedia().fork(`sip:someone@${call.target.user}`) : who.challenge;
  },
});

import type { Answer } from './answer.ts';
import type { Call } from './call.ts';
import { digest } from './digest.ts';
import { location } from './location.ts';
import { type Routes, routes } from './routes.ts';

const subscribers = digest();

/** What runs when no routes file is given: users register and reach each other; nobody else is let through. */
const program: Routes = routes({
  async register(call) {
    const who = await subscribers.verify(call);
    return who.ok ? location.save(call, { owner: who.user }) : who.challenge;
  },
  invite: toUser,
  message: toUser,
  request: toUser,
});

export default program;

async function toUser(call: Call): Promise<Answer> {
  const who = await subscribers.verify(call);
  if (!who.ok) return who.challenge;
  if (!call.target.isLocal) return call.reject(403, 'Relay Forbidden');
  return call.anchorMedia().fork(await location.lookup(call.target));
}

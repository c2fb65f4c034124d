// Compiled, never run: what must not compile does not.
import { type Answer, type Call, digest, location, routes } from '../../src/script/api/index.ts';

const subscribers = digest({ realm: 'example.com' });

export const complete = routes({
  async register(call) {
    const who = await subscribers.verify(call);
    return who.ok ? location.save(call, { owner: who.user, maxContacts: 5 }) : who.challenge;
  },
  async invite(call) {
    const who = await subscribers.verify(call);
    if (!who.ok) return who.challenge;
    if (!call.target.isLocal) return call.reject(403, 'Relay Forbidden');
    const outcome = await call.fork(await location.lookup(call.target), {
      timeout: '20s',
      advertise: 'by-destination',
    });
    return outcome.answered ? outcome : call.redirect('sip:voicemail@example.com');
  },
  options: (call) => call.reply(200),
  inDialog: (call) => call.followRoute(),
});

export const forgetful = routes({
  register: (call) => call.reject(403),
  // @ts-expect-error a path without an answer
  async invite(call) {
    if (call.target.isLocal) return call.reject(404);
  },
});

export const careless = routes({
  register: (call) => call.reject(403),
  // @ts-expect-error an answer that is made and not returned
  invite(call) {
    call.reject(404);
  },
});

export const lookupIsNoAnswer = routes({
  register: (call) => call.reject(403),
  // @ts-expect-error targets are no answer
  invite: (call) => location.lookup(call.target),
});

export const verificationIsNoAnswer = routes({
  // @ts-expect-error whether somebody is known is no answer
  register: (call) => subscribers.verify(call),
  invite: (call) => call.reject(404),
});

// @ts-expect-error invite is missing
export const halfway = routes({ register: (call) => call.reject(403) });

export const unknownHandler = routes({
  register: (call) => call.reject(403),
  invite: (call) => call.reject(404),
  // @ts-expect-error no such handler
  subscribe: (call: Call) => call.reject(489),
});

export function misuse(call: Call): Answer {
  // @ts-expect-error a method is read, not set
  call.method = 'BYE';
  // @ts-expect-error durations have units
  call.fork('sip:bob@example.com', { timeout: '20' });
  // @ts-expect-error redirections are 301 and 302
  call.redirect('sip:bob@example.com', 404);
  // @ts-expect-error the user is known only where it was verified
  location.save(call, { owner: call.target.user });
  return call.reply(200, { headers: { 'X-One': ['a', 'b'] } });
}

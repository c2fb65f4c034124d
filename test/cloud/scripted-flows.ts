// The flows of scenario.ts as scripted phones play them.
import { setTimeout as wait } from 'node:timers/promises';
import type { SipMessage } from '../../src/wire/sip/message.ts';
import { answerChallenge } from '../../testing/digest-answer.ts';
import { calleeDialog, callerDialog, type PeerDialog } from '../../testing/peer-dialog.ts';
import type { Flow } from './scenario.ts';
import type { ScriptedPhone } from './scripted-phone.ts';

// What comes after is to come while nothing is under way, as between people.
const PAUSE_MS = 20;

/** Plays the caller, who is registered. @throws Error where anything comes that the flow does not have */
export async function playCaller(phone: ScriptedPhone, flow: Flow, callId: string): Promise<void> {
  const invite = await sendInvite(phone, callId);
  if (flow === 'refused') {
    acknowledge(phone, invite, await phone.response('INVITE', 486));
    return;
  }
  if (flow === 'cancel') {
    await phone.response('INVITE', 180);
    phone.send('CANCEL', invite.requestUri, partsOf(invite));
    // The answers to CANCEL and INVITE come in either order.
    await phone.response('CANCEL', 200);
    acknowledge(phone, invite, await phone.response('INVITE', 487));
    return;
  }
  const answer = await phone.response('INVITE', 200);
  const dialog = callerDialog(invite, answer);
  phone.inDialog(dialog, 'ACK', invite.cseq?.number);
  await phone.talk(answer);
  if (flow === 'callee-hangs-up') {
    phone.reply(await phone.request('BYE'), 200);
    return;
  }
  await wait(PAUSE_MS);
  if (flow === 're-invite') {
    await reInvite(phone, dialog);
    await beReInvited(phone);
    await wait(PAUSE_MS);
  }
  await hangUp(phone, dialog);
}

/** Plays the callee, who is registered. @throws Error where anything comes that the flow does not have */
export async function playCallee(phone: ScriptedPhone, flow: Flow): Promise<void> {
  const invite = await phone.request('INVITE');
  phone.reply(invite, 180);
  if (flow === 'refused') {
    phone.reply(invite, 486);
    await phone.request('ACK');
    return;
  }
  if (flow === 'cancel') {
    phone.reply(await phone.request('CANCEL'), 200);
    phone.reply(invite, 487);
    await phone.request('ACK');
    return;
  }
  phone.reply(invite, 200, true);
  await phone.request('ACK');
  await phone.talk(invite);
  const dialog = calleeDialog(invite, phone.tag);
  if (flow === 'callee-hangs-up') {
    await wait(PAUSE_MS);
    await hangUp(phone, dialog);
    return;
  }
  if (flow === 're-invite') {
    await beReInvited(phone);
    await wait(PAUSE_MS);
    await reInvite(phone, dialog);
  }
  phone.reply(await phone.request('BYE'), 200);
}

export async function sendInvite(phone: ScriptedPhone, callId: string): Promise<SipMessage> {
  const { who, tag } = phone;
  const uri = `sip:${who.peer}@${who.domain}`;
  const parts = { callId, from: `<sip:${who.user}@${who.domain}>;tag=${tag}`, to: `<${uri}>`, sdp: true };
  const first = phone.send('INVITE', uri, parts);
  const challenge = await phone.response('INVITE', 407);
  acknowledge(phone, first, challenge);
  const credentials = answerChallenge(challenge, { method: 'INVITE', uri }, who)!;
  return phone.send('INVITE', uri, { ...parts, headers: [credentials] });
}

/** RFC 3261 §17.1.1.3: the ACK of a negative answer belongs to the INVITE's transaction. */
function acknowledge(phone: ScriptedPhone, invite: SipMessage, answer: SipMessage): void {
  phone.send('ACK', invite.requestUri, { ...partsOf(invite), to: answer.header('To') ?? '' });
}

function partsOf(invite: SipMessage): Parameters<ScriptedPhone['send']>[2] {
  return {
    callId: invite.callId,
    from: invite.header('From') ?? '',
    to: invite.header('To') ?? '',
    branch: invite.topVia?.branch ?? '',
    cseq: invite.cseq?.number ?? 0,
  };
}

async function reInvite(phone: ScriptedPhone, dialog: PeerDialog): Promise<void> {
  await phone.moveMedia();
  const invite = phone.inDialog(dialog, 'INVITE');
  const answer = await phone.response('INVITE', 200);
  phone.inDialog(dialog, 'ACK', invite.cseq?.number);
  await phone.talk(answer);
}

async function beReInvited(phone: ScriptedPhone): Promise<void> {
  const invite = await phone.request('INVITE');
  phone.reply(invite, 200, true);
  await phone.request('ACK');
  await phone.talk(invite);
}

async function hangUp(phone: ScriptedPhone, dialog: PeerDialog): Promise<void> {
  phone.inDialog(dialog, 'BYE');
  await phone.response('BYE', 200);
}

import { AccountForm } from './account-form.ts';
import type { Call } from './call.ts';
import { CallView } from './call-view.ts';
import { Dialer } from './dialer.ts';
import { block, button } from './elements.ts';
import { showLine } from './line-view.ts';
import { MessageList } from './message-list.ts';
import { Phone } from './phone.ts';
import { Ringer } from './ringer.ts';
import { offerTheme } from './theme.ts';

const SIGNED_OUT = { kind: 'off' } as const;
const TITLE = document.title;

const loudspeaker = new Audio();
loudspeaker.autoplay = true;
let phone: Phone | undefined;
const ringer = new Ringer();
const messages = new MessageList();
const callView = new CallView(show);

const form = new AccountForm((account) => {
  phone?.signOut();
  phone = new Phone(account, {
    changed: show,
    passed: (message) => messages.add(message),
    heard: (sound) => {
      loudspeaker.srcObject = sound;
    },
  });
  show();
});

const dialer = new Dialer({
  dial: (target) => phone?.dial(target) ?? false,
  press: (key) => {
    if (callUnderWay() === undefined) return false;
    phone?.call?.press(key);
    return true;
  },
});

button('retry').addEventListener('click', () => phone?.retry());
button('sign-out').addEventListener('click', () => {
  phone?.signOut();
  phone = undefined;
  show();
});

function callUnderWay(): Call | undefined {
  return phone?.call?.state === 'ended' ? undefined : phone?.call;
}

/** Draws the page as the phone now stands. */
function show(): void {
  const line = phone?.line ?? SIGNED_OUT;
  const call = callUnderWay();
  const signedIn = line.kind === 'registered' || line.kind === 'dropped' || line.kind === 'registering';
  showLine(line);
  form.show(call === undefined && !signedIn);
  callView.show(call);
  const ended = phone?.call?.state === 'ended' ? phone.call : undefined;
  dialer.show({
    dialing: call === undefined && signedIn,
    keys: callView.keysOpen,
    ready: line.kind === 'registered',
    ending: ended === undefined ? '' : `${ended.peer}: ${ended.ending}`,
  });
  block('me').textContent = phone?.account.address ?? '';
  ringer.sound(call?.state === 'incoming' ? 'bell' : call?.state === 'ringing' ? 'ringback' : 'none');
  document.title = call?.state === 'incoming' ? `${call.peer} is calling` : TITLE;
}

offerTheme();
show();
form.begin();

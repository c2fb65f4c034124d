// The browser phone against Viaduct: browsers over WSS, a softphone and a scripted phone on UDP.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PageServer } from '../../console/phone/serve/page-server.ts';
import { noteSkipped } from '../cloud/requirements.ts';
import { missingProgram } from '../cloud/sandbox.ts';
import { BrowserPhone } from './browser-phone.ts';
import { Cable } from './cable.ts';
import { chromiumPath, launchChromium } from './chromium.ts';
import { PASSWORD, PhoneServer } from './phone-server.ts';
import { Softphone } from './softphone.ts';
import { UdpPeer } from './udp-peer.ts';

const chromium = chromiumPath();
if (chromium === undefined) noteSkipped('The browser phone', 'chromium is not installed');
const noBaresip = missingProgram(['baresip']);
if (noBaresip !== undefined)
  noteSkipped('The calls between browsers and a softphone', 'baresip is not installed');

/** Where pictures of every state are left, for people to look at. */
const pictures = join(tmpdir(), 'viaduct-phone-pictures');

let folder = '';
let server: PhoneServer;
let page: PageServer;
let browser: Browser;

function open(
  user: string,
  more: { port?: number; dark?: boolean; width?: number } = {},
): Promise<BrowserPhone> {
  const { port = server.wssPort, ...look } = more;
  const where = { browser, page: page.url, server: `wss://127.0.0.1:${port}` };
  return BrowserPhone.open({ ...where, ...look, user, password: PASSWORD });
}

/** Calls, answers, and waits until both hear each other. */
async function talk(caller: BrowserPhone, callee: BrowserPhone, name: string): Promise<void> {
  await caller.dial(name);
  await callee.sees('is calling you');
  await caller.sees('Ringing …');
  await callee.press('Answer');
  await Promise.all([caller.talks(), callee.talks(), caller.hears(), callee.hears()]);
}

describe.skipIf(chromium === undefined)('the browser phone', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'viaduct-phone-test-'));
    await mkdir(pictures, { recursive: true });
    page = await PageServer.start(join(folder, 'page'), 'localhost', 0);
    server = await PhoneServer.start(['alice', 'bob', 'carol', 'dave']);
    browser = await launchChromium(chromium!);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    await page?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('says why it is not let in, and registers with the right password', async () => {
    await using alice = await open('alice');
    await alice.submit('wrong');
    await alice.sees('Not registered: wrong user or password');
    await alice.signIn();
    expect((await alice.messages()).at(-1)).toBe('200 OK (REGISTER)');
    await alice.press('Sign out');
    await alice.sees('Signed out');
    expect(alice.errors).toEqual([]);
  });

  it('calls and is called, and either side hangs up', async () => {
    await using alice = await open('alice');
    await using bob = await open('bob');
    await Promise.all([alice.signIn(), bob.signIn()]);
    await talk(alice, bob, 'bob');
    await alice.press('Hang up');
    await Promise.all([alice.isIdle(), bob.sees('alice: Call ended')]);
    await talk(bob, alice, 'sip:alice@example.com');
    await alice.press('Hang up');
    await Promise.all([alice.isIdle(), bob.sees('alice: Call ended')]);
    expect([...alice.errors, ...bob.errors]).toEqual([]);
  });

  it('holds, mutes and sends keys', async () => {
    await using alice = await open('alice');
    await using bob = await open('bob');
    await Promise.all([alice.signIn(), bob.signIn()]);
    await talk(alice, bob, 'bob');
    await alice.press('Hold');
    await Promise.all([alice.sees('On hold'), bob.sees('The other side holds the call')]);
    expect((await bob.texts('INVITE')).at(-1)).toContain('a=sendonly');
    await alice.press('Resume');
    await Promise.all([alice.talks(), bob.talks()]);
    await bob.press('Hold');
    await Promise.all([bob.sees('On hold'), alice.sees('The other side holds the call')]);
    await bob.press('Resume');
    await Promise.all([alice.talks(), bob.talks()]);
    await alice.press('Mute');
    await alice.press('Unmute');
    await alice.press('Keys');
    for (const key of ['1', '2', '#']) await alice.press(key);
    await alice.sees('12#');
    await bob.press('Hang up');
    await alice.isIdle();
    expect([...alice.errors, ...bob.errors]).toEqual([]);
  });

  it('declines, gives up, and is busy while it talks', async () => {
    await using alice = await open('alice');
    await using bob = await open('bob');
    await using carol = await open('carol');
    await Promise.all([alice.signIn(), bob.signIn(), carol.signIn()]);
    await alice.dial('bob');
    await bob.press('Decline');
    await alice.sees('bob: Declined');
    await alice.dial('bob');
    await bob.sees('is calling you');
    await alice.press('Hang up');
    await Promise.all([alice.sees('bob: Cancelled'), bob.sees('alice: Missed call')]);
    await talk(alice, bob, 'bob');
    await carol.dial('bob');
    await carol.sees('bob: Busy');
    await bob.press('Hang up');
    await alice.isIdle();
    await alice.dial('nobody');
    await alice.sees(/^nobody: (No such user|Not available)$/);
  });

  it('says that its connection is lost, comes back by itself and is called again', async () => {
    await using cable = await Cable.lay(server.wssPort);
    await using alice = await open('alice');
    await using bob = await open('bob', { port: cable.port });
    await Promise.all([alice.signIn(), bob.signIn()]);
    cable.pull();
    await bob.sees('Connection lost. Retrying …');
    await bob.press('Try now');
    await bob.sees('Connection lost. Retrying …');
    cable.plug();
    await bob.sees('Registered');
    await talk(alice, bob, 'bob');
    await bob.network(false);
    await bob.sees('Connection lost. Retrying …');
    await bob.network(true);
    await bob.sees('Registered');
    // The call has outlived the connection: bob tells where he is now, and either side can still end it.
    await expect.poll(() => alice.received()).toContain('ACK');
    await alice.press('Hang up');
    await bob.sees('alice: Call ended');
    await talk(alice, bob, 'bob');
    await bob.press('Hang up');
    await alice.isIdle();
  });

  it.skipIf(noBaresip !== undefined)('talks with a softphone on UDP, whoever calls', async () => {
    await using alice = await open('alice');
    await alice.signIn();
    const account = { port: server.udpPort, user: 'carol', password: PASSWORD };
    {
      await using carol = await Softphone.start({ ...account, folder: join(folder, 'called') });
      await alice.dial('carol');
      await Promise.all([alice.talks(), alice.hears(), carol.prints('Call established')]);
      await alice.press('Hang up');
      await carol.prints('session closed');
    }
    await using carol = await Softphone.start({
      ...account,
      folder: join(folder, 'calling'),
      dial: 'sip:alice@example.com',
    });
    await alice.press('Answer');
    await Promise.all([alice.talks(), alice.hears(), carol.prints('Call established')]);
    await alice.press('Hang up');
    await carol.prints('session closed');
    expect(alice.errors).toEqual([]);
  });

  it('rings, is refused and is given up by a phone on UDP', async () => {
    await using alice = await open('alice');
    await using peer = await UdpPeer.open('dave', PASSWORD, server.udpPort);
    const dave = peer.agent;
    await Promise.all([alice.signIn(), dave.register()]);
    await alice.dial('dave');
    const refused = await dave.next('INVITE');
    refused.reply(180);
    await alice.sees('Ringing …');
    refused.reply(486);
    await alice.sees('dave: Busy');
    await alice.dial('dave');
    const given = await dave.next('INVITE');
    given.reply(180);
    await alice.sees('Ringing …');
    await alice.press('Hang up');
    await dave.next('CANCEL');
    await alice.sees('dave: Cancelled');
    const call = dave.invite('alice');
    await alice.sees('is calling you');
    await call.cancel();
    await alice.sees('dave: Missed call');
    expect((await call.final).status).toBe(487);
    expect(alice.errors).toEqual([]);
  });

  it.each([
    { look: 'light-narrow', dark: false, width: 390 },
    { look: 'light-wide', dark: false, width: 1200 },
    { look: 'dark-narrow', dark: true, width: 390 },
    { look: 'dark-wide', dark: true, width: 1200 },
  ])('looks like this: $look', async ({ look, ...screen }) => {
    await using cable = await Cable.lay(server.wssPort);
    await using bob = await open('bob');
    await using alice = await open('alice', { ...screen, port: cable.port });
    let count = 0;
    const picture = (state: string): Promise<unknown> =>
      alice.page.screenshot({ path: join(pictures, `${look}-${++count}-${state}.png`) });
    await bob.signIn();
    await picture('signed-out');
    await alice.submit('wrong');
    await alice.sees('Not registered: wrong user or password');
    await picture('refused');
    await alice.signIn();
    await picture('registered');
    await alice.dial('bob');
    await alice.sees('Ringing …');
    await picture('ringing');
    await bob.press('Decline');
    await alice.sees('bob: Declined');
    await picture('declined');
    await bob.dial('alice');
    await alice.sees('is calling you');
    await picture('incoming');
    await alice.press('Answer');
    await alice.talks();
    await picture('talking');
    await alice.press('Keys');
    await alice.press('7');
    await picture('keys');
    await alice.press('Hold');
    await alice.sees('On hold');
    await picture('on-hold');
    cable.pull();
    await alice.sees('Connection lost. Retrying …');
    await picture('dropped');
    const wider = await alice.page.evaluate('document.documentElement.scrollWidth > innerWidth');
    expect(wider, 'nothing sticks out').toBe(false);
  });
});

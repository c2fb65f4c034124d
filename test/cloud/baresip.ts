// baresip as phones: what sipp checks message by message, a real softphone must simply be content with.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place, ServerFor, Transport } from './phones.ts';
import { stop } from './sandbox.ts';
import type { Party } from './scenario.ts';
import { packetsWithTone, toneFile } from './tone.ts';
import { ADDRESS, type Topology } from './topology.ts';
import type { Evidence } from './witness.ts';

// No sound devices: the microphone is a file with a tone, and what the loudspeaker would play is seen on the wire.
const CONFIG = `
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module_app account.so
module_app menu.so
audio_player aubridge,none
audio_alert aubridge,none
net_interface eth0
`;
const CALL_SECONDS = 2;
const ENOUGH = 25; // packets with the tone of the other one
/** What each plays, in Hz: whole periods in a packet of 20 ms. */
export const TONES = { caller: 450, callee: 900 } as const;
const LIMIT_SECONDS = 20;

/** A call between two softphones. `port` is the caller's; the callee has the next but one. */
export interface BaresipCall {
  readonly transport: Transport;
  readonly from: Place;
  readonly to: Place;
  readonly caller: Party;
  readonly callee: Party;
  readonly port: number;
  /** The caller's port for sound; the callee has the next but nine. */
  readonly media: number;
  readonly serverFor: ServerFor;
}

interface Softphone {
  /** Waits until the phone prints `text`; false when it ends (or its time does) before. */
  prints(text: string): Promise<boolean>;
  readonly said: () => string;
  stop(): Promise<void>;
}

interface Station {
  readonly place: Place;
  readonly port: number;
  readonly media: number;
  readonly who: Party;
  readonly hertz: number;
  readonly call: BaresipCall;
}

async function startSoftphone(
  net: Topology,
  folder: string,
  { place, port, media, who, hertz, call }: Station,
  more: readonly string[],
): Promise<Softphone> {
  const own = join(folder, `${who.user}-${call.transport}-${port}`);
  await mkdir(own, { recursive: true });
  const proxy = `sip:${call.serverFor[place]};transport=${call.transport}`;
  const account =
    `<sip:${who.user}@${who.domain};transport=${call.transport}>;auth_user=${who.user};auth_pass=${who.password};` +
    `outbound="${proxy}";answermode=auto;audio_codecs=PCMU;regint=600`;
  const tone = join(own, 'tone.wav');
  await writeFile(tone, toneFile(hertz, LIMIT_SECONDS));
  const lines = [
    `sip_listen ${ADDRESS[place]}:${port}`,
    `rtp_ports ${media}-${media + 8}`,
    `audio_source aufile,${tone}`,
  ];
  await writeFile(join(own, 'config'), `${CONFIG}${lines.join('\n')}\n`);
  await writeFile(join(own, 'accounts'), `${account}\n`);
  await writeFile(join(own, 'contacts'), '');
  const child = net.spawn(place, ['baresip', '-4', '-f', own, ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let ended = false;
  const listeners = new Set<() => void>();
  const hear = (text: Buffer): void => {
    said += text;
    for (const listener of listeners) listener();
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  child.once('close', () => {
    ended = true;
    for (const listener of listeners) listener();
  });
  return {
    said: () => said,
    stop: () => stop(child),
    prints: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!said.includes(text) && !ended) return;
          listeners.delete(look);
          resolve(said.includes(text));
        };
        listeners.add(look);
        look();
      }),
  };
}

/** Registers both, calls, and lets the caller hang up. Returns what went wrong; empty when nothing did. */
export async function baresipCall(net: Topology, call: BaresipCall, folder: string): Promise<string> {
  const called = {
    place: call.to,
    port: call.port + 2,
    media: call.media + 10,
    who: call.callee,
    hertz: TONES.callee,
    call,
  };
  const calling = {
    place: call.from,
    port: call.port,
    media: call.media,
    who: call.caller,
    hertz: TONES.caller,
    call,
  };
  const callee = await startSoftphone(net, folder, called, ['-t', String(LIMIT_SECONDS)]);
  const trouble = (what: string, phone: Softphone): string => `${what}\n${phone.said()}`;
  try {
    if (!(await callee.prints('200 OK'))) return trouble('the callee did not register', callee);
    const dial = ['-e', `d sip:${call.callee.user}@${call.callee.domain}`, '-t', String(CALL_SECONDS)];
    const caller = await startSoftphone(net, folder, calling, dial);
    try {
      if (!(await caller.prints('Call established'))) return trouble('no call for the caller', caller);
      if (!(await callee.prints('Call established'))) return trouble('no call for the callee', callee);
      if (!(await callee.prints('session closed'))) return trouble('the callee saw no end', callee);
      return '';
    } finally {
      await caller.stop();
    }
  } finally {
    await callee.stop();
  }
}

/** Whether each of two softphones has heard the other one's tone. Returns what is wrong; empty where nothing is. */
export function silentSoftphones(calls: readonly BaresipCall[], { sound }: Evidence): string[] {
  return calls.flatMap(({ from, to, media, transport }) => {
    const heard = (place: Place, first: number, hertz: number): number => {
      const packets = sound.get(place) ?? [];
      const here = packets.filter(({ destinationPort: port }) => port >= first && port <= first + 8);
      return packetsWithTone(
        here.map(({ payload }) => payload),
        hertz,
      );
    };
    const caller = heard(from, media, TONES.callee);
    const callee = heard(to, media + 10, TONES.caller);
    if (Math.min(caller, callee) >= ENOUGH) return [];
    return [`${transport} ${from} > ${to}: the caller hears ${caller} packets, the callee ${callee}`];
  });
}

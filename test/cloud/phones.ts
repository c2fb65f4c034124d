// sipp as phones: a caller and a callee somewhere in the test network, registered with the server and calling.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stop } from './sandbox.ts';
import { type Flow, type Party, REGISTERED, scenarioXml } from './scenario.ts';
import { ADDRESS, type Topology } from './topology.ts';

/** Where phones stand. */
export type Place = 'phone' | 'home' | 'home2' | 'vpcphone';
export const PLACES: readonly Place[] = ['phone', 'home', 'home2', 'vpcphone'];

export type Transport = 'udp' | 'tcp';

/** Where the phones of each place find the server: host:port. */
export type ServerFor = Readonly<Record<Place, string>>;

export const SERVER_FOR: ServerFor = {
  phone: `${ADDRESS.serverPublic}:5060`,
  home: `${ADDRESS.serverPublic}:5060`,
  home2: `${ADDRESS.serverPublic}:5060`,
  vpcphone: `${ADDRESS.server}:5060`,
};

/** One call of the matrix. Calls that run together need different `name`s and `port`s (each takes two). */
export interface CallPlan {
  readonly name: string; // also the Call-ID
  readonly flow: Flow;
  readonly transport: Transport;
  readonly from: Place;
  readonly to: Place;
  readonly caller: Party;
  readonly callee: Party;
  readonly port: number;
  readonly media: number; // the first of MEDIA_PORTS_EACH ports of the two phones
  readonly serverFor: ServerFor;
}

export const MEDIA_PORTS_EACH = 20;
const CALLEE_MEDIA = 10; // sipp opens some beside the one that it tells

/** The port at which a phone of a call hears. */
export function mediaPort({ media }: CallPlan, side: 'caller' | 'callee'): number {
  return side === 'caller' ? media : media + CALLEE_MEDIA;
}

/** What a phone of a call says, again and again. */
export function soundOf({ name }: CallPlan, side: 'caller' | 'callee'): string {
  return `${side} of ${name}|`;
}

/** How a call went; `trouble` holds sipp's own words where it failed. */
export interface CallOutcome {
  readonly plan: CallPlan;
  readonly ok: boolean;
  readonly trouble: string;
}

const CALL_LIMIT_SECONDS = 20;
const SOUND_REPEATS = 800;

interface Running {
  readonly registered: Promise<boolean>; // false when it ended before
  readonly ended: Promise<string>; // trouble; empty when all went as the scenario says
  stop(): Promise<void>;
}

async function startSipp(
  net: Topology,
  plan: CallPlan,
  side: 'caller' | 'callee',
  folder: string,
): Promise<Running> {
  const [place, who, port] =
    side === 'caller'
      ? ([plan.from, plan.caller, plan.port] as const)
      : ([plan.to, plan.callee, plan.port + 1] as const);
  const base = join(folder, `${plan.name}-${side}`);
  const file = `${base}.xml`;
  const sound = `${base}.raw`;
  await writeFile(sound, soundOf(plan, side).repeat(SOUND_REPEATS));
  await writeFile(file, scenarioXml(side, plan.flow, who, sound));
  const command = ['sipp', plan.serverFor[place], '-sf', file, '-t', plan.transport === 'udp' ? 'u1' : 't1'];
  command.push(
    '-i',
    ADDRESS[place],
    '-p',
    String(port),
    '-mp',
    String(mediaPort(plan, side)),
    '-cid_str',
    plan.name,
    '-auth_uri',
    who.domain,
    '-m',
    '1',
  );
  command.push('-nostdin', '-timeout', String(CALL_LIMIT_SECONDS), '-timeout_error');
  command.push(
    '-trace_err',
    '-error_file',
    `${base}.errors`,
    '-trace_msg',
    '-message_file',
    `${base}.messages`,
  );
  const sipp = net.spawn(place, command, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  let said = '';
  let seeRegistered: (registered: boolean) => void;
  const registered = new Promise<boolean>((resolve) => (seeRegistered = resolve));
  const hear = (text: Buffer): void => {
    said += text;
    if (said.includes(REGISTERED)) seeRegistered(true);
  };
  sipp.stdout?.on('data', hear);
  sipp.stderr?.on('data', hear);
  const ended = new Promise<string>((resolve) => {
    sipp.once('close', async (code) => {
      seeRegistered(false);
      const errors = await readFile(`${base}.errors`, 'utf8').catch(() => '');
      resolve(
        code === 0 ? '' : `${side} at ${place}: sipp ended with ${code}\n${errors || said.slice(-2000)}`,
      );
    });
  });
  return { registered, ended, stop: () => stop(sipp, 'SIGKILL') };
}

/** Registers both phones, makes the call and waits for its end. Traces of sipp stay in `folder`. */
export async function placeCall(net: Topology, plan: CallPlan, folder: string): Promise<CallOutcome> {
  await mkdir(folder, { recursive: true });
  const callee = await startSipp(net, plan, 'callee', folder);
  if (!(await callee.registered)) return { plan, ok: false, trouble: await callee.ended };
  const caller = await startSipp(net, plan, 'caller', folder);
  const callerTrouble = await caller.ended;
  if (callerTrouble !== '') await callee.stop(); // it would only wait for its time limit
  const trouble = [callerTrouble, await callee.ended].filter(Boolean).join('\n');
  return { plan, ok: trouble === '', trouble };
}

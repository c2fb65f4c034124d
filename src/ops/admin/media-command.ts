import { DialogState } from '../../core/dialog/dialog.ts';
import type { MediaOutcome } from '../../script/api/media.ts';
import type { AnchoredCall } from '../../script/media/anchored-call.ts';
import { CallMediaHandle } from '../../script/media/call-media-handle.ts';
import { NameAddr } from '../../wire/sip/name-addr.ts';
import { type AdminCommand, CommandFault } from './admin-command.ts';
import type { Administered } from './administered.ts';

const MOST_ROWS = 10_000;
const PARTIES = ['caller', 'callee'] as const;

/** What may follow `media`: each verb with its arguments. */
const USAGE = [
  '[calls [CALL-ID]]',
  'relays',
  'relay NODE on|off|probe',
  'play CALL-ID PROMPT [caller|callee] [TIMES|forever]',
  'silence CALL-ID [caller|callee]',
  'record CALL-ID start|stop [NAME]',
  'move CALL-ID RELAY [NODE]',
  'statistics CALL-ID',
  'end CALL-ID',
].join(' | ');

type Verb = (server: Administered, args: readonly string[]) => unknown;

/** Shows and changes the media of calls while they run. */
export function mediaCommand(server: Administered): AdminCommand {
  return {
    name: 'media',
    usage: USAGE,
    summary: 'calls whose media go through a relay, and the relays',
    run: ([name = 'calls', ...args]) => {
      const verb = VERBS[name];
      if (!verb) throw new CommandFault(`media knows no ${name}`, `one of ${Object.keys(VERBS).join(', ')}`);
      return verb(server, args);
    },
  };
}

const VERBS: Readonly<Record<string, Verb>> = {
  calls: (server, [callId]) => callRows(server, callId),
  relays: ({ media }) => media.relays.rows().map(relayRow),
  relay: ({ media }, [node, to]) => {
    if (node === undefined || (to !== 'on' && to !== 'off' && to !== 'probe')) {
      throw new CommandFault('a relay, and on, off or probe, are needed');
    }
    if (media.relays.switch(node, to)) return `${node} is switched ${to}`;
    const names = media.relays.rows().map((row) => row.node);
    throw new CommandFault(`there is no relay ${node}`, `one of ${names.join(', ')}`);
  },
  play: async (server, [callId, prompt, ...more]) => {
    if (prompt === undefined) throw new CommandFault('a Call-ID and a prompt are needed');
    const to = PARTIES.find((party) => more.includes(party));
    const times = more.find((word) => word !== to);
    return done(await mediaOf(server, callId).play(prompt, { ...(to && { to }), times: timesOf(times) }));
  },
  silence: async (server, [callId, party]) => {
    const to = PARTIES.find((it) => it === party);
    if (party !== undefined && !to) throw new CommandFault(`${party} is neither caller nor callee`);
    return done(await mediaOf(server, callId).stopPlaying(to));
  },
  record: async (server, [callId, verb, name]) => {
    const media = mediaOf(server, callId);
    if (verb === 'start') return done(await media.startRecording(name === undefined ? {} : { name }));
    if (verb === 'stop') return done(await media.stopRecording());
    throw new CommandFault('start or stop is needed');
  },
  move: async (server, [callId, relay, node]) => {
    if (relay === undefined) throw new CommandFault('a Call-ID and the name of relays are needed');
    return done(await mediaOf(server, callId).moveTo(relay, node));
  },
  statistics: async (server, [callId]) => {
    const result = await mediaOf(server, callId).statistics();
    if (!result.ok) throw new CommandFault(result.reason);
    return result.counters;
  },
  end: async (server, [callId]) => {
    const { dialog } = callOf(server, callId);
    await server.dialogs.end(dialog, 'Ended by the administrator');
    return 'ended';
  },
};

function callRows(server: Administered, callId: string | undefined): readonly object[] {
  const { calls } = server.media;
  const wanted = callId === undefined ? calls.calls() : calls.ofCall(callId).values();
  return wanted
    .take(MOST_ROWS)
    .map((call) => callRow(call, server.clock.wallNow()))
    .toArray();
}

function callRow({ dialog, session, settings }: AnchoredCall, now: number): object {
  const { caller, callee, confirmedAt, createdAt } = dialog;
  return {
    callId: dialog.callId,
    caller: uriOf(caller.local),
    callee: uriOf(callee?.local ?? caller.remote),
    state: dialog.state >= DialogState.Answered ? 'answered' : 'ringing',
    seconds: Math.round((now - (confirmedAt || createdAt)) / 1000),
    relay: settings.relay.name,
    node: session?.node ?? '',
  };
}

function relayRow({
  name,
  node,
  state,
  retryIn,
  weight,
  advertised,
  commands,
  failures,
  pending,
}: Relay): object {
  const until = retryIn === undefined ? '' : `, tried again in ${Math.round(retryIn)}s`;
  return { relay: name, node, state: `${state}${until}`, weight, advertised, commands, failures, pending };
}

type Relay = ReturnType<Administered['media']['relays']['rows']>[number];

function callOf(server: Administered, callId: string | undefined): AnchoredCall {
  if (callId === undefined) throw new CommandFault('a Call-ID is needed', 'those of viaduct ctl media calls');
  const [call] = server.media.calls.ofCall(callId);
  if (call) return call;
  throw new CommandFault(`no relay has media of a call ${callId}`, 'those of viaduct ctl media calls');
}

function mediaOf(server: Administered, callId: string | undefined): CallMediaHandle {
  return new CallMediaHandle(server.media, callOf(server, callId));
}

function timesOf(word: string | undefined): number | 'forever' {
  if (word === undefined) return 1;
  if (word === 'forever') return word;
  const times = Number(word);
  if (Number.isInteger(times) && times >= 1 && times <= 10_000) return times;
  throw new CommandFault(`${word} is no number of times`, 'a number from 1 on, or forever');
}

function done(outcome: MediaOutcome): string {
  if (outcome.ok) return 'done';
  throw new CommandFault(outcome.reason);
}

function uriOf(text: string): string {
  return NameAddr.parse(text)?.uriText ?? text;
}

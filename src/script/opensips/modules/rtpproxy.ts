import type { MediaDone } from '../../../media/control/media-control.ts';
import type { MediaFlags } from '../../../media/control/media-flags.ts';
import { mergeNodeSets, type NodeSetSpec, parseNodeSet } from '../../../media/control/node-spec.ts';
import { parseRtpproxyFlags } from '../../../media/control/parse-rtpproxy-flags.ts';
import { parseNotifySocket } from '../../../wire/rtpproxy/notification.ts';
import { toByteString } from '../../../wire/sip/text.ts';
import { type ExchangeParty, exchangeKey, exchangeParty, unforce } from '../../media/explicit-exchange.ts';
import type { RelaySet } from '../../media/relay-sets.ts';
import { int, optional, output, parsed, text } from '../frame/argument.ts';
import { CommandError } from '../frame/command.ts';
import type { Code } from '../frame/function.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { ignored, intParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import { WITH_MESSAGE } from '../frame/route-kind.ts';
import type { VariableRef } from '../frame/variable.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { engage } from './rtpproxy/engage.ts';
import { exchange } from './rtpproxy/exchange.ts';
import { ScriptRelays } from './rtpproxy/relays.ts';

const { fn, define } = moduleParts<ScriptRelays>();

const NO_SETS: readonly NodeSetSpec[] = [];
const NO_TABLE = 'name relays by rtpproxy_sock';
const STATS = ['npkts_ina', 'npkts_ino', 'nrelayed', 'ndropped'];
const ALL_STATS = [
  'ttl',
  'npkts_ina',
  'npkts_ino',
  'nrelayed',
  'ndropped',
  'rtpa_nsent',
  'rtpa_nrcvd',
  'rtpa_ndups',
  'rtpa_nlost',
  'rtpa_perrs',
];

const flagsArgument = optional(
  parsed<MediaFlags>(
    'flags',
    (letters) => {
      const result = parseRtpproxyFlags(letters);
      return result.ok ? { ok: true, value: result.flags } : { ok: false, problem: result.reason };
    },
    'letters: a asymmetric, s w symmetric, e i sides of a relay in bridge mode, f force, r trust the description, o c rewrite o= and every c=, k keep the body, l only a known call, z20 packet time, t60 time to live, n tell of silence, d101 tell of keys',
  ),
);
const address = optional(text('ip_address', 'stands in the description, whoever reads it'));
const setId = optional(int('set_id', { least: 0 }));
const sockVar = optional(output('sock_var', 'gets the relay'));
const retVar = optional(output('ret_var', 'gets the address and port of the last medium'));

function relayOf(
  m: ScriptMessage,
  relays: ScriptRelays,
  set: number | undefined,
  name: string,
): RelaySet | undefined {
  const relay = relays.set(set);
  if (!relay) m.program.log('error', `${name}: there is no relay: set rtpproxy_sock`, m.message.callId);
  return relay;
}

/** Does something with the relay of the call, and tells how it went. */
async function command(
  m: ScriptMessage,
  relays: ScriptRelays,
  name: string,
  set: number | undefined,
  node: VariableRef | undefined,
  act: (relay: RelaySet) => Promise<MediaDone>,
): Promise<Code> {
  const relay = relayOf(m, relays, set, name);
  if (!relay) return false;
  const done = await act(relay);
  if (done.ok) node?.set(m, toByteString(done.node));
  else m.program.log('error', `${name}: ${done.reason}`, m.message.callId);
  return done.ok;
}

function exchangeFunction(kind: 'offer' | 'answer', describe: string) {
  return fn({
    args: [
      flagsArgument,
      address,
      setId,
      sockVar,
      retVar,
      optional(output('body_var', 'the description to relay, and then the relayed one')),
      optional(text('bind_local', 'the address of the relay to use, or `{label}`')),
    ],
    routes: WITH_MESSAGE,
    describe,
    waits: true,
    run: (m, relays, flags, ip, set, node, result, body, local) =>
      exchange(m, relays, { kind, flags, address: ip, set, node, result, body, local }),
  });
}

function streamFunction(to: ExchangeParty) {
  return fn({
    args: [
      text('prompt_name'),
      int('count', { least: -1, describe: 'how often; -1 for ever' }),
      setId,
      sockVar,
    ],
    routes: WITH_MESSAGE,
    describe: `Plays a prompt to who ${to === 'uac' ? 'sent the request' : 'answers it'}.`,
    waits: true,
    run: (m, relays, prompt, count, set, node) =>
      command(m, relays, `rtpproxy_stream2${to}`, set, node, (relay) =>
        relay.control.play({
          ...exchangeKey(m.message, relay, 'offer'),
          to: exchangeParty(to, m.message),
          prompt,
          count: count === 0 ? 1 : count,
        }),
      ),
  });
}

function stopFunction(to: ExchangeParty) {
  return fn({
    args: [setId, sockVar],
    routes: WITH_MESSAGE,
    describe: 'Stops the prompt.',
    waits: true,
    run: (m, relays, set, node) =>
      command(m, relays, `rtpproxy_stop_stream2${to}`, set, node, (relay) =>
        relay.control.stopPlay({
          ...exchangeKey(m.message, relay, 'offer'),
          to: exchangeParty(to, m.message),
        }),
      ),
  });
}

/** Asks the relay for counters, and gives each to who wants it. */
async function statistics(
  m: ScriptMessage,
  relays: ScriptRelays,
  name: string,
  place: { readonly set: number | undefined; readonly node: VariableRef | undefined },
  counters: readonly string[],
  give: (values: readonly number[]) => boolean,
): Promise<Code> {
  const relay = relayOf(m, relays, place.set, name);
  if (!relay) return false;
  const found = await relay.control.query({ ...exchangeKey(m.message, relay, 'offer'), counters });
  if (!found.ok) {
    m.program.log('error', `${name}: ${found.reason}`, m.message.callId);
    return false;
  }
  place.node?.set(m, toByteString(found.node));
  return give(counters.map((counter) => Math.trunc(found.counters.get(counter) ?? 0) | 0));
}

export const module: ScriptModule = define({
  name: 'rtpproxy',
  // Where relays tell their news is one place.
  sharedState: ({ rtpp_notify_socket: notify }) => notify !== undefined,
  summary:
    'Takes media through relays: rtpproxy, `viaduct relay`, or, where `rtpproxy_sock` names none, the relay in this server.',
  needs: ['tm'],
  params: {
    rtpproxy_sock: parsedParameter(
      NO_SETS,
      'Relays: `"[SET == ] udp:HOST:PORT[|ADDRESS][=WEIGHT] …"`, also udp6, tcp, tcp6, unix, cunix, `rtp.io:auto`. May be given several times.',
      (given, before) => {
        if (String(given).trim() === '') return { ok: true, value: before };
        const result = parseNodeSet(String(given), 'rtpproxy');
        if (!result.ok) return { ok: false, problem: result.reason };
        return { ok: true, value: mergeNodeSets([...before, result.set]) };
      },
    ),
    rtpproxy_disable_tout: intParameter(
      60,
      'Seconds that a relay that failed is left alone; -1: as long as another works.',
      {
        least: -1,
      },
    ),
    rtpproxy_timeout: parsedParameter(
      1,
      'Seconds to wait for an answer.',
      (given) => {
        const seconds = Number(given);
        return seconds > 0 && seconds <= 60
          ? { ok: true, value: seconds }
          : { ok: false, problem: `${given} is no number of seconds up to 60` };
      },
      '1',
    ),
    rtpproxy_retr: intParameter(5, 'How often a command is sent.', { least: 1, most: 100 }),
    rtpproxy_autobridge: intParameter(0, '1: relays choose their address by who reads the description.', {
      least: 0,
      most: 1,
    }),
    default_set: intParameter(0, 'The set of calls that name none.', { least: 0 }),
    nortpproxy_str: textParameter(
      'a=nortpproxy:yes\r\n',
      'The line that marks a description as relayed; empty for none.',
    ),
    rtpp_notify_socket: textParameter(
      undefined,
      'Where relays tell of silence and keys: `tcp:HOST:PORT`, `unix:PATH`.',
    ),
    db_url: ignored('text', 'Relays from a table.', NO_TABLE),
    db_table: ignored('text', 'Its name.', NO_TABLE),
    rtpp_socket_col: ignored('text', 'A column.', NO_TABLE),
    set_id_col: ignored('text', 'A column.', NO_TABLE),
    generated_sdp_port_min: ignored('int', 'For descriptions made here.', 'none are made here'),
    generated_sdp_port_max: ignored('int', 'For descriptions made here.', 'none are made here'),
    generated_sdp_media_ip: ignored('text', 'For descriptions made here.', 'none are made here'),
  },
  start: (params, context) => {
    const { rtpproxy_disable_tout: disable, rtpp_notify_socket: notify } = params;
    const listen = notify === undefined ? undefined : parseNotifySocket(notify);
    if (notify !== undefined && listen === undefined) {
      context.log('error', `rtpproxy: rtpp_notify_socket ${notify} is no tcp:HOST:PORT and no unix:PATH`);
    }
    return ScriptRelays.open(context, {
      sets: params.rtpproxy_sock,
      defaultSet: params.default_set,
      disableMs: disable < 0 ? 'never' : disable * 1000,
      timeoutMs: params.rtpproxy_timeout * 1000,
      tries: params.rtpproxy_retr,
      autobridge: params.rtpproxy_autobridge === 1,
      mark: params.nortpproxy_str.replace(/[\r\n]+$/, ''),
      ...(listen && notify !== undefined && { notify: { listen, printed: notify } }),
    });
  },
  functions: {
    rtpproxy_engage: fn({
      args: [flagsArgument, address, setId, sockVar, retVar],
      routes: WITH_MESSAGE,
      describe:
        'Takes the media of a call through a relay from its INVITE to its end; each party is told the address that it can reach, unless one is given.',
      returns: '1: done; -1: not an INVITE that begins a call, or no relay.',
      run: (m, relays, flags, ip, set, node) => engage(m, relays, { flags, address: ip, set, node }),
    }),
    rtpproxy_offer: exchangeFunction('offer', 'Relays the offer in this message.'),
    rtpproxy_answer: exchangeFunction('answer', 'Relays the answer in this message.'),
    rtpproxy_unforce: fn({
      args: [setId, sockVar],
      routes: WITH_MESSAGE,
      describe: 'Gives the ports of the call back.',
      waits: true,
      run: (m, relays, set, node) =>
        command(m, relays, 'rtpproxy_unforce', set, node, (relay) => unforce(m.message, relay)),
    }),
    rtpproxy_stream2uac: streamFunction('uac'),
    rtpproxy_stream2uas: streamFunction('uas'),
    rtpproxy_stop_stream2uac: stopFunction('uac'),
    rtpproxy_stop_stream2uas: stopFunction('uas'),
    rtpproxy_start_recording: fn({
      args: [
        setId,
        sockVar,
        optional(text('flags', '`s`: both directions in one file')),
        optional(text('destination', "a file's name, or `udp:HOST:PORT`")),
        optional(int('mediastream', { least: 1, describe: 'all where it is left out' })),
      ],
      routes: WITH_MESSAGE,
      describe: 'Records the call, or copies its packets.',
      waits: true,
      run: (m, relays, set, node, flags, destination, media) =>
        command(m, relays, 'rtpproxy_start_recording', set, node, (relay) =>
          relay.control.startRecording({
            ...exchangeKey(m.message, relay, 'offer'),
            singleFile: flags?.toLowerCase().includes('s') ?? false,
            ...(destination === undefined || destination === '' ? {} : { destination }),
            ...(media === undefined ? {} : { media }),
          }),
        ),
    }),
    rtpproxy_stats: fn({
      args: [output('up_var'), output('down_var'), output('sent_var'), output('fail_var'), setId, sockVar],
      routes: WITH_MESSAGE,
      describe: 'Packets from either side, relayed, and dropped.',
      waits: true,
      run: (m, relays, up, down, sent, fail, set, node) =>
        statistics(m, relays, 'rtpproxy_stats', { set, node }, STATS, (values) =>
          [up, down, sent, fail].every((variable, i) => variable.set(m, values[i]!)),
        ),
    }),
    rtpproxy_all_stats: fn({
      args: [output('stats_avp', undefined, ['avp']), setId, sockVar],
      routes: WITH_MESSAGE,
      describe: `All counters in one AVP, by index: ${ALL_STATS.join(', ')}.`,
      waits: true,
      run: (m, relays, result, set, node) =>
        statistics(m, relays, 'rtpproxy_all_stats', { set, node }, ALL_STATS, (values) =>
          values.toReversed().every((value, i) => result.set(m, value, i === 0 ? ':=' : '=')),
        ),
    }),
  },
  commands: {
    'rtpproxy:enable': {
      describe: 'Switches a relay on (1), off (0), or off until it answers a test (2).',
      params: ['url', 'enable', 'setid?'],
      aliases: ['rtpproxy_enable'],
      run: ({ control }, { url, enable, setid }) => {
        const to = ({ 0: 'off', 1: 'on', 2: 'probe' } as const)[Number(enable)];
        if (to === undefined) throw new CommandError(400, 'Bad enable value');
        const found = control?.switch(String(url), to, setid === undefined ? undefined : Number(setid));
        if (!found) throw new CommandError(404, 'No proxy found');
        return 'OK';
      },
    },
    'rtpproxy:show': {
      describe: 'Lists the relays.',
      aliases: ['rtpproxy_show'],
      run: ({ control }) => {
        const rows = control?.relays() ?? [];
        const sets = [...new Set(rows.map(({ set }) => set))];
        return {
          Sets: sets.map((set) => ({
            Set: set,
            Nodes: rows
              .filter((row) => row.set === set)
              .map(({ node, state, weight, retryIn }, index) => ({
                url: node,
                index,
                disabled: state === 'active' ? 0 : 1,
                weight,
                recheck_ticks: retryIn ?? 0,
              })),
          })),
        };
      },
    },
  },
  events: {
    E_RTPPROXY_STATUS: { describe: 'A relay answers again, or no more.', params: ['socket', 'status'] },
    E_RTPPROXY_DTMF: {
      describe: 'A key was pressed (flag `d`).',
      params: ['digit', 'duration', 'volume', 'id', 'is_callid', 'stream'],
    },
  },
  missing: { 'rtpproxy:reload': NO_TABLE },
});

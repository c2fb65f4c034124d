import type { MediaParty } from '../../../media/control/media-control.ts';
import { mergeNodeSets, type NodeSetSpec, parseNodeSet } from '../../../media/control/node-spec.ts';
import { parseRtpengineFlags } from '../../../media/control/parse-rtpengine-flags.ts';
import type { RtpengineFlags } from '../../../media/control/rtpengine-flags.ts';
import type { NgCommand } from '../../../wire/ng/message.ts';
import type { NgDictionary } from '../../../wire/ng/value.ts';
import { toByteString } from '../../../wire/sip/text.ts';
import { int, optional, output, parsed, text } from '../frame/argument.ts';
import { CommandError, intParam, textParam } from '../frame/command.ts';
import type { Code } from '../frame/function.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { avpParameter, ignored, intParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import { ANY } from '../frame/route-kind.ts';
import type { VariableRef } from '../frame/variable.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { CHOSEN_SET, numberIn, ScriptEngines } from './rtpengine/engines.ts';
import { type EngineExchange, exchange, manage, nodeIn, remove } from './rtpengine/exchange.ts';
import { hearNotifications } from './rtpengine/notifications.ts';

const { fn, define } = moduleParts<ScriptEngines>();

const NO_SETS: readonly NodeSetSpec[] = [];
const NO_WORDS: readonly string[] = [];
const NO_FLAGS: RtpengineFlags = { fields: {} };
const NO_TABLE = 'name rtpengines by rtpengine_sock';
const TOO_LATE = 'a variable cannot wait for the answer of an rtpengine, which has its own statistics';
const DIGITS = '0123456789*#ABCD';

const flagWords = parsed<RtpengineFlags>(
  'flags',
  (words) => {
    const result = parseRtpengineFlags(words);
    return result.ok ? { ok: true, value: result.flags } : { ok: false, problem: result.reason };
  },
  'words and `key=value`, as rtpengine has them',
);
const flags = optional(flagWords);
const sockVar = optional(output('sock_var', 'the rtpengine: where it holds one, that one is used'));

function exchangeFunction(
  describe: string,
  returns: string,
  act: (m: ScriptMessage, engines: ScriptEngines, wishes: EngineExchange) => Promise<boolean> | boolean,
) {
  return fn({
    args: [
      flags,
      sockVar,
      optional(output('sdp_var', 'gets the description, which then does not go into the message')),
      optional(text('body', 'a description instead of that of the message')),
    ],
    routes: ANY,
    describe,
    returns,
    waits: true,
    run: (m, engines, words = NO_FLAGS, node, result, body) =>
      act(m, engines, { flags: words, node, result, body }),
  });
}

/** What a function asks an rtpengine for. */
interface Asked {
  readonly flags: RtpengineFlags;
  readonly node: VariableRef | undefined;
  /** Whose media; undefined: the whole call, unless the flags name a party. */
  readonly party?: MediaParty | undefined;
  readonly fields?: NgDictionary;
  readonly hear?: (body: NgDictionary) => void;
}

async function ask(
  m: ScriptMessage,
  engines: ScriptEngines,
  command: NgCommand,
  { flags: words, node, party, fields, hear }: Asked,
): Promise<Code> {
  const name = `rtpengine_${command.toLowerCase().replaceAll(' ', '_')}`;
  const answer = await engines.control.call(command, engines.keyOf(m, words, nodeIn(m, node)), party, fields);
  if (!answer.ok) return engines.complain(m, name, answer.reason);
  node?.set(m, toByteString(answer.node));
  hear?.(answer.body);
  return true;
}

function callFunction(command: NgCommand, describe: string, party?: MediaParty) {
  return fn({
    args: [flags, sockVar],
    routes: ANY,
    describe,
    waits: true,
    run: (m, engines, words = NO_FLAGS, node) => ask(m, engines, command, { flags: words, node, party }),
  });
}

/** Who hears a file: who sent the request, unless an address or a label says it. */
function hearerOf({ fields }: RtpengineFlags): MediaParty | undefined {
  return 'address' in fields || 'label' in fields ? undefined : 'offerer';
}

export const module: ScriptModule = define({
  name: 'rtpengine',
  summary: 'Takes media through rtpengine.',
  params: {
    rtpengine_sock: parsedParameter(
      NO_SETS,
      'rtpengines: `"[SET == ] udp:HOST:PORT[=WEIGHT] …"`. May be given several times.',
      (given, before) => {
        if (String(given).trim() === '') return { ok: true, value: before };
        const result = parseNodeSet(String(given), 'rtpengine');
        if (!result.ok) return { ok: false, problem: result.reason };
        return { ok: true, value: mergeNodeSets([...before, result.set]) };
      },
    ),
    rtpengine_disable_tout: intParameter(60, 'Seconds that an rtpengine that failed is left alone.', {
      least: 1,
    }),
    rtpengine_tout: intParameter(1, 'Seconds to wait for an answer.', { least: 1, most: 60 }),
    rtpengine_retr: intParameter(5, 'How often a command is sent.', { least: 1, most: 100 }),
    rtpengine_timer_interval: ignored(
      'int',
      'Seconds between tests.',
      'one that failed is tried when its time is up',
    ),
    notification_sock: textParameter(undefined, '`IP:port` where rtpengine tells of keys and the like.'),
    extra_id_pv: textParameter(undefined, 'The variable that `via-branch=extra` means.'),
    setid_avp: avpParameter('Holds the number of the set.'),
    error_pv: avpParameter('Gets what went wrong.'),
    extra_failover_error: parsedParameter(
      NO_WORDS,
      'What an error says after which another rtpengine is tried. May be given several times.',
      (given, before) =>
        /[\\^$.*+?()[\]{}|]/.test(String(given))
          ? {
              ok: false,
              problem: `${JSON.stringify(given)} is an expression`,
              hint: 'write a part of the error',
            }
          : { ok: true, value: [...before, String(given)] },
    ),
    db_url: ignored('text', 'rtpengines from a table.', NO_TABLE),
    db_table: ignored('text', 'Its name.', NO_TABLE),
    socket_column: ignored('text', 'A column.', NO_TABLE),
    set_column: ignored('text', 'A column.', NO_TABLE),
    ping_enabled: ignored(
      'int',
      'Tests of those that answer.',
      'one that does not answer is found by the first call',
    ),
  },
  start: async (params, context) => {
    const engines = new ScriptEngines(
      context,
      {
        sets: params.rtpengine_sock,
        disableMs: params.rtpengine_disable_tout * 1000,
        timeoutMs: params.rtpengine_tout * 1000,
        tries: params.rtpengine_retr,
        elsewhere: params.extra_failover_error,
      },
      { setAvp: params.setid_avp, errorAvp: params.error_pv, extraId: params.extra_id_pv },
    );
    try {
      if (params.notification_sock !== undefined) {
        engines.own(await hearNotifications(params.notification_sock, context));
      }
    } catch (fault) {
      await engines[Symbol.asyncDispose]();
      throw fault;
    }
    return engines;
  },
  functions: {
    rtpengine_use_set: fn({
      args: [int('setid', { least: 0 })],
      routes: ANY,
      describe: 'Chooses the set of rtpengines for what comes next.',
      run: (m, _engines, set) => {
        m.context.set(CHOSEN_SET, set);
        return true;
      },
    }),
    rtpengine_offer: exchangeFunction('Relays the offer in this message.', '', (m, engines, wishes) =>
      exchange(m, engines, 'offer', wishes),
    ),
    rtpengine_answer: exchangeFunction('Relays the answer in this message.', '', (m, engines, wishes) =>
      exchange(m, engines, 'answer', wishes),
    ),
    rtpengine_manage: exchangeFunction(
      'Does what this message calls for: relays an offer or an answer, or ends the call.',
      '1: done; -1: it failed, or there was nothing to do.',
      manage,
    ),
    rtpengine_delete: fn({
      args: [flags, sockVar],
      routes: ANY,
      describe: 'Ends the call in rtpengine.',
      waits: true,
      run: (m, engines, words = NO_FLAGS, node) => remove(m, engines, words, node),
    }),
    rtpengine_start_recording: callFunction('start recording', 'Records the call.'),
    rtpengine_stop_recording: callFunction('stop recording', 'Ends the recording.'),
    rtpengine_pause_recording: callFunction(
      'pause recording',
      'Pauses the recording; `rtpengine_start_recording` goes on with it.',
    ),
    rtpengine_play_media: fn({
      args: [flagWords, optional(output('duration', 'in ms; -1 where it is not known')), sockVar],
      routes: ANY,
      describe: 'Plays a file (`file=`, `blob=`, `db-id=`) to who sent the request, or to `from-tag=`.',
      waits: true,
      run: (m, engines, words, duration, node) =>
        ask(m, engines, 'play media', {
          flags: words,
          node,
          party: hearerOf(words),
          hear: (body) => void duration?.set(m, numberIn(body.duration)),
        }),
    }),
    rtpengine_stop_media: fn({
      args: [flags, sockVar, optional(output('last_frame_pos', 'gets the last frame that was played'))],
      routes: ANY,
      describe: 'Stops what is played.',
      waits: true,
      run: (m, engines, words = NO_FLAGS, node, last) =>
        ask(m, engines, 'stop media', {
          flags: words,
          node,
          party: hearerOf(words),
          hear: (body) => void last?.set(m, numberIn(body['last-frame-pos'])),
        }),
    }),
    rtpengine_block_media: callFunction('block media', 'Lets no media of a party through.', 'offerer'),
    rtpengine_unblock_media: callFunction('unblock media', 'Lets its media through again.', 'offerer'),
    rtpengine_block_dtmf: callFunction('block DTMF', 'Lets no keys of a party through.', 'offerer'),
    rtpengine_unblock_dtmf: callFunction('unblock DTMF', 'Lets its keys through again.', 'offerer'),
    rtpengine_start_forwarding: callFunction('start forwarding', 'Sends the media elsewhere, too.'),
    rtpengine_stop_forwarding: callFunction('stop forwarding', 'Ends that.'),
    rtpengine_play_dtmf: fn({
      args: [
        parsed('code', (code) =>
          code.length === 1 && DIGITS.includes(code)
            ? { ok: true, value: code }
            : { ok: false, problem: `${JSON.stringify(code)} is no key`, hint: `one of ${DIGITS}` },
        ),
        flags,
        sockVar,
      ],
      routes: ANY,
      describe: 'Presses a key for the other party. The call needs the flag `inject-DTMF`.',
      waits: true,
      run: (m, engines, code, words = NO_FLAGS, node) =>
        ask(m, engines, 'play DTMF', { flags: words, node, party: 'offerer', fields: { code } }),
    }),
  },
  commands: {
    'rtpengine:enable': {
      describe: 'Switches an rtpengine on (1), off (0), or off until it answers a test (2).',
      params: ['url', 'enable', 'setid?'],
      aliases: ['rtpengine_enable'],
      run: ({ control }, params) => {
        const to = ({ 0: 'off', 1: 'on', 2: 'probe' } as const)[intParam(params, 'enable')];
        if (to === undefined) throw new CommandError(400, 'Bad enable value');
        const set = params.setid === undefined ? undefined : intParam(params, 'setid');
        if (!control.switch(textParam(params, 'url'), to, set)) {
          throw new CommandError(404, 'RTP engine not found');
        }
        return 'OK';
      },
    },
    'rtpengine:show': {
      describe: 'Lists the rtpengines.',
      aliases: ['rtpengine_show'],
      run: ({ control }) => {
        const rows = control.relays();
        return [...new Set(rows.map(({ set }) => set))].map((set) => ({
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
        }));
      },
    },
    'rtpengine:teardown': {
      describe: 'Ends the calls with a Call-ID, as rtpengine asks for where media have stopped.',
      params: ['callid'],
      aliases: ['teardown'],
      run: (engines, params) => {
        if (!engines.endCall(toByteString(textParam(params, 'callid')))) {
          throw new CommandError(500, 'Failed to terminate dialog');
        }
        return 'OK';
      },
    },
  },
  events: {
    E_RTPENGINE_STATUS: {
      describe: 'An rtpengine answers again, or no more.',
      params: ['socket', 'status', 'set'],
    },
    E_RTPENGINE_NOTIFICATION: {
      describe: 'rtpengine tells something by itself; there are more parameters, as it has them.',
      params: ['type', 'callid', 'source_tag', 'timestamp', 'source_ip', 'event', 'duration', 'volume'],
    },
  },
  missing: { 'rtpengine:reload': NO_TABLE, rtpstat: TOO_LATE, rtpquery: TOO_LATE },
});

import { ServerError } from '../../../base/errors.ts';
import { NAT_TESTS, natTest, natTestsOf } from '../../../core/nat/nat-test.ts';
import type { Listener } from '../../../net/listener.ts';
import { isToken } from '../../../wire/sip/text.ts';
import { Uri } from '../../../wire/sip/uri.ts';
import { int, optional, parsed, text, words } from '../frame/argument.ts';
import { CommandError, intParam } from '../frame/command.ts';
import { moduleParts, type ScriptModule } from '../frame/module.ts';
import { avpParameter, ignored, intParameter, parsedParameter, textParameter } from '../frame/parameter.ts';
import type { RouteKinds } from '../frame/route-kind.ts';
import type { ModuleContext } from '../runtime/module-context.ts';
import {
  addReceivedParam,
  fixNatedContact,
  isUriParams,
  receivedUri,
  restoreNatedUri,
} from './nathelper/contacts.ts';
import { type PingSettings, Pings } from './nathelper/pings.ts';
import { fixNatedSdp, SDP_FLAGS } from './nathelper/sdp.ts';
import type { UsrlocState } from './usrloc/commands.ts';
import { module as usrloc } from './usrloc.ts';

interface State extends AsyncDisposable {
  readonly receivedAvp: string | undefined;
  readonly mark: string;
  /** Letters of what is not kept of old addresses. */
  readonly skip: string;
  readonly pings: Pings | undefined;
}

const { fn, define } = moduleParts<State>();

const MESSAGES: RouteKinds = ['request', 'failure', 'branch', 'onreply', 'local'];
const NO_CLUSTER = 'one node works for itself';
const NO_CODES: ReadonlySet<number> = new Set();

/** @throws ServerError CFG_INVALID for what is no socket of the server */
function socketOf(context: ModuleContext, written: string | undefined): Listener | undefined {
  if (written === undefined) return undefined;
  const found = context.program.socket(written) ?? context.program.socket(`udp:${written}`);
  if (found !== undefined) return found;
  throw new ServerError('CFG_INVALID', `nathelper: force_socket ${written} is no socket of this server`);
}

function startPings(settings: PingSettings, context: ModuleContext): Pings | undefined {
  if (settings.intervalMs === 0) return undefined;
  if (!context.program.modules.includes(usrloc)) {
    throw new ServerError('CFG_INVALID', 'nathelper: natping_interval needs the module usrloc', {
      hint: 'write loadmodule "usrloc.so"',
    });
  }
  const pings = new Pings(settings, context, () => context.stateOf<UsrlocState>(usrloc));
  context.onRetire(() => void pings[Symbol.asyncDispose]());
  return pings;
}

export const module: ScriptModule = define({
  name: 'nathelper',
  summary: 'Finds phones behind NATs, corrects what they say of themselves, and keeps the way to them open.',
  params: {
    natping_interval: intParameter(0, 'Seconds in which every contact is pinged once; 0: none is.', {
      least: 0,
    }),
    ping_nated_only: intParameter(0, '1: only contacts with the `nat_bflag` of usrloc.', {
      least: 0,
      most: 1,
    }),
    natping_partitions: ignored('int', 'Parts of a round.', 'pings are spread evenly over the interval'),
    natping_socket: ignored(
      'text',
      'An address that pings pretend to come from.',
      'pings come from the socket that the contact registered on',
    ),
    received_avp: avpParameter('Gets the URI that a REGISTER came from, for the parameter of registrar.'),
    force_socket: textParameter(undefined, 'The socket to ping from where that of a contact is not known.'),
    sipping_bflag: textParameter(undefined, 'The flag of contacts that are pinged by a request.'),
    remove_on_timeout_bflag: textParameter(
      undefined,
      'The flag of contacts that are removed when they do not answer.',
    ),
    sipping_latency_flag: textParameter(undefined, 'The flag of contacts whose answers are timed.'),
    sipping_ignore_rpl_codes: parsedParameter(NO_CODES, 'Codes of answers that count as none.', (given) => {
      const codes = String(given).split(',').map(Number);
      return codes.every((code) => Number.isInteger(code) && code >= 100 && code <= 699)
        ? { ok: true, value: new Set(codes) }
        : { ok: false, problem: `${JSON.stringify(given)} are no codes with commas between` };
    }),
    sipping_from: parsedParameter<string | undefined>(
      undefined,
      'From of requests that ping; without it none are sent.',
      (given) =>
        Uri.parse(String(given))?.kind === 'sip'
          ? { ok: true, value: String(given) }
          : { ok: false, problem: `${JSON.stringify(given)} is no SIP URI` },
    ),
    sipping_method: parsedParameter(
      'OPTIONS',
      'The method of requests that ping.',
      (given) =>
        isToken(String(given)) && !['INVITE', 'ACK', 'CANCEL'].includes(String(given))
          ? { ok: true, value: String(given) }
          : { ok: false, problem: `${JSON.stringify(given)} is no method to ping by` },
      'OPTIONS',
    ),
    nortpproxy_str: textParameter('a=nortpproxy:yes\r\n', 'The line that `add-no-rtpproxy` adds.'),
    natping_tcp: intParameter(0, '1: contacts on connections are pinged, too.', { least: 0, most: 1 }),
    oldip_skip: parsedParameter('', '`o`, `c`: no line keeps the old address of o=, c=.', (given) =>
      [...String(given)].every((letter) => ' oc'.includes(letter))
        ? { ok: true, value: String(given) }
        : { ok: false, problem: `${JSON.stringify(given)} has other letters than o and c` },
    ),
    ping_threshold: intParameter(3, 'Seconds after which a ping without an answer is lost.', { least: 1 }),
    max_pings_lost: intParameter(3, 'Lost pings after which a contact is removed.', { least: 1 }),
    cluster_id: ignored('int', 'The cluster.', NO_CLUSTER),
    cluster_sharing_tag: ignored('text', 'Who pings.', NO_CLUSTER),
  },
  start: (params, context) => {
    const pings = startPings(
      {
        intervalMs: params.natping_interval * 1000,
        nattedOnly: params.ping_nated_only === 1,
        connections: params.natping_tcp === 1,
        requestFlag: params.sipping_bflag,
        removeFlag: params.remove_on_timeout_bflag,
        latencyFlag: params.sipping_latency_flag,
        from: params.sipping_from,
        method: params.sipping_method,
        ignored: params.sipping_ignore_rpl_codes,
        thresholdMs: params.ping_threshold * 1000,
        maxLost: params.max_pings_lost,
        socket: socketOf(context, params.force_socket),
      },
      context,
    );
    return {
      receivedAvp: params.received_avp,
      mark: params.nortpproxy_str.trim(),
      skip: params.oldip_skip,
      pings,
      [Symbol.asyncDispose]: async () => pings?.[Symbol.asyncDispose](),
    };
  },
  functions: {
    nat_uac_test: fn({
      args: [words('flags', NAT_TESTS, { numeric: true })],
      routes: MESSAGES,
      describe: 'Whether one of the tests finds a sign that the message came from behind a NAT.',
      run: (m, _state, bits) => natTest(m.message, m.flow, natTestsOf(bits) ?? []),
    }),
    fix_nated_contact: fn({
      args: [
        optional(
          parsed(
            'uri_params',
            (given) =>
              isUriParams(given)
                ? { ok: true, value: given }
                : { ok: false, problem: 'these are no URI parameters', hint: 'write them as ";a=b"' },
            'added to the URI',
          ),
        ),
        optional(words('flags', { 'preserve-uri': 1 })),
      ],
      routes: ['request', 'branch', 'onreply', 'local'],
      describe: 'Puts the address that the message came from into every Contact.',
      run: (m, _state, params = '', flags = 0) => fixNatedContact(m, params, flags === 1),
    }),
    restore_nated_ruri: fn({
      args: [],
      routes: ['request', 'branch', 'local'],
      describe:
        'Gives the phone the Request-URI that it knows, which `fix_nated_contact` has kept with `preserve-uri`, and sends it where the phone is reached.',
      returns: '1: done; -1: the Request-URI keeps nothing.',
      run: (m) => restoreNatedUri(m),
    }),
    fix_nated_sdp: fn({
      args: [
        words('flags', SDP_FLAGS, { numeric: true }),
        optional(text('ip_address', 'instead of that which the message came from')),
        optional(text('sdp_fields', 'lines to append, each with `\\r\\n` before it')),
      ],
      routes: MESSAGES,
      describe: 'Changes the session description.',
      run: (m, { mark, skip }, flags, ip, more = '') =>
        fixNatedSdp(m, {
          flags,
          address: ip === '' ? undefined : ip,
          more,
          mark,
          skipMedia: skip.includes('c'),
          skipOrigin: skip.includes('o'),
        }),
    }),
    fix_nated_register: fn({
      args: [],
      routes: ['request'],
      describe: 'Puts the URI that the request came from into `received_avp`, for `save`.',
      run: (m, { receivedAvp }) => receivedAvp === undefined || m.avps.push(receivedAvp, receivedUri(m.flow)),
    }),
    add_rcv_param: fn({
      args: [optional(int('flag', { describe: '0: a parameter of the header; else of the URI' }))],
      routes: ['request'],
      describe: 'Tells in every Contact where the message came from: `;received="sip:…"`.',
      run: (m, _state, flag = 0) => addReceivedParam(m, flag > 0),
    }),
  },
  commands: {
    'nathelper:enable_ping': {
      describe: 'Tells whether contacts are pinged, or switches it on (1) or off (0).',
      params: ['status?'],
      aliases: ['nh_enable_ping'],
      run: ({ pings }, params) => {
        if (pings === undefined) throw new CommandError(400, 'NATping disabled from script');
        if (params.status === undefined) return { Status: pings.enabled ? 1 : 0 };
        pings.enabled = intParam(params, 'status') !== 0;
        return 'OK';
      },
    },
  },
  notes:
    'Contacts on connections get a double CRLF (RFC 5626 §3.5.1) where OpenSIPS sends four zero bytes. `fix_nated_contact` is for messages that came straight from a phone: what came through a proxy has the address of that proxy.',
});

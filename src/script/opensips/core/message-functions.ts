import { parseAddressParts } from '../../../advertise/advertised-address.ts';
import {
  int,
  optional,
  type ParsedArgument,
  parsed,
  socket,
  staticText,
  text,
  words,
} from '../frame/argument.ts';
import type { FunctionSpec } from '../frame/function.ts';
import { moduleParts } from '../frame/module.ts';
import { ANY, WITH_MESSAGE } from '../frame/route-kind.ts';
import { destination } from '../runtime/destination.ts';
import { forwardStateless, sendRaw } from '../runtime/relay.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';

const { fn } = moduleParts<undefined>();

const FORCE_RPORT = 1;
const LOCAL_RPORT = 2;
const TO_VIA = 4;
const TCP_ALIAS = 8;

/** `host`, or `host:port`, that can be printed. */
function readAddress(given: string): ParsedArgument<string> {
  const parsed = parseAddressParts(given);
  if (!parsed.ok)
    return { ok: false, problem: parsed.reason, hint: 'write the address that others reach this server by' };
  return parsed.parts.host === undefined
    ? { ok: false, problem: 'a host is needed' }
    : { ok: true, value: given };
}

function readPort(given: string): ParsedArgument<number> {
  const port = /^\d{1,5}$/.test(given) ? Number(given) : 0;
  if (port < 1 || port > 65_535) return { ok: false, problem: `${JSON.stringify(given)} is no port` };
  return { ok: true, value: port };
}

function forceRport(m: ScriptMessage): boolean {
  m.context.transaction?.forceRport();
  return true;
}

/** Functions of the core that decide how messages are sent. */
export const messageFunctions: Readonly<Record<string, FunctionSpec<undefined>>> = {
  force_rport: fn({
    args: [],
    routes: ANY,
    describe: 'Has answers go to the port that the request came from.',
    run: forceRport,
  }),
  add_local_rport: fn({
    args: [],
    routes: ANY,
    describe: 'Asks for rport in the Via of what is forwarded; over UDP that is always done.',
    run: () => true,
  }),
  set_via_handling: fn({
    args: [
      words('flags', {
        'force-rport': FORCE_RPORT,
        'add-local-rport': LOCAL_RPORT,
        'reply-to-via': TO_VIA,
        'force-tcp-alias': TCP_ALIAS,
      }),
    ],
    routes: ANY,
    describe:
      'How answers find back. `reply-to-via` has no effect: answers go to the address that the request came from.',
    run: (m, _s, flags) => ((flags & FORCE_RPORT) !== 0 ? forceRport(m) : true),
  }),
  force_tcp_alias: fn({
    args: [optional(int('port_alias'))],
    routes: ANY,
    describe:
      'Has requests to that side take the connection of this one. Connections are reused by themselves where they may be.',
    run: () => true,
  }),
  set_advertised_address: fn({
    args: [parsed('address', readAddress)],
    routes: WITH_MESSAGE,
    describe:
      'Prints another host in all that the request causes, in a branch_route in that branch; the port stays, unless one stands behind it.',
    run: (m, _s, address) => {
      const parsed = parseAddressParts(address);
      if (!parsed.ok) return false;
      m.advertise = { ...m.advertise, ...parsed.parts };
      return true;
    },
  }),
  set_advertised_port: fn({
    args: [parsed('port', readPort)],
    routes: WITH_MESSAGE,
    describe: 'As set_advertised_address, for the port.',
    run: (m, _s, port) => {
      m.advertise = { ...m.advertise, port };
      return true;
    },
  }),
  force_send_socket: fn({
    args: [socket('socket', '`udp:10.0.0.34:5060`, or its tag')],
    routes: ANY,
    describe: 'Sends the message from that socket.',
    run: (m, _s, listener) => {
      m.target.socket = listener;
      return true;
    },
  }),
  is_myself: fn({
    args: [text('host'), optional(int('port', { least: 0, most: 65_535 }))],
    routes: ANY,
    describe:
      'Whether host and port are those of the server itself: its sockets, what it prints, its aliases.',
    run: (m, _s, host, port) => {
      const { own } = m.program.services.advertise;
      return own.recognise({ host, ...(port ? { port } : {}) }).own;
    },
  }),
  forward: fn({
    args: [optional(parsed('destination', destination, '`[proto:]host[:port]`'))],
    routes: WITH_MESSAGE,
    describe:
      'Forwards the request without keeping anything of it; without a destination to its Request-URI.',
    run: (m, _s, to) => forwardStateless(m, to),
  }),
  send: fn({
    args: [
      parsed('destination', destination, '`[proto:]host[:port]`'),
      optional(text('headers', 'lines to add')),
    ],
    routes: WITH_MESSAGE,
    describe: 'Sends the message as it came to another place, without a Via of this server.',
    waits: true,
    run: (m, _s, to, headers) => sendRaw(m, to, headers),
  }),
  script_trace: fn({
    args: [optional(int('log_level')), optional(staticText('format')), optional(staticText('info'))],
    routes: ANY,
    describe: 'Has no effect: lines are told by xlog, and by faults.',
    run: () => true,
  }),
};

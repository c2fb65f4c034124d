import type { Listener } from '../../../net/listener.ts';
import type { VariableSpec } from '../frame/variable.ts';
import type { ScriptMessage } from '../runtime/script-message.ts';
import { socketText } from '../runtime/socket-names.ts';
import { NumericText, textOf, type Value } from '../value.ts';

type Variables = Readonly<Record<string, VariableSpec<undefined>>>;

const FIELDS = {
  ip: 'its address',
  port: 'its port',
  proto: 'its transport, as UDP',
  advertised_ip: 'the host that it prints',
  advertised_port: 'the port that it prints',
  tag: 'its name',
  anycast: 'always 0',
  af: 'INET or INET6',
};

function field(listener: Listener, name: string): Value {
  const { advertised, address, port, transport, family } = listener;
  switch (name) {
    case '':
      return socketText(listener);
    case 'ip':
      return address;
    case 'port':
      return new NumericText(String(port), port);
    case 'proto':
      return transport.toUpperCase();
    case 'advertised_ip':
      return advertised?.host ?? null;
    case 'advertised_port': {
      if (advertised === undefined) return null;
      const printed = advertised.port ?? port;
      return new NumericText(String(printed), printed);
    }
    case 'tag':
      return listener.name;
    case 'anycast':
      return 0;
    default:
      return family === 6 ? 'INET6' : 'INET';
  }
}

function forced(m: ScriptMessage): Listener | undefined {
  return m.target.socket;
}

function inbound(describe: string, name: string, older: string): VariableSpec<undefined> {
  return { describe, read: (m) => field(m.flow.listener, name), older };
}

const socketOut: VariableSpec<undefined> = {
  describe: 'The socket that the message is sent from; may be written.',
  inner: 'optional',
  fields: { ...FIELDS, forced: 'the socket that was chosen by the script, NULL for none' },
  read: (m, _s, inner) => {
    const chosen = forced(m);
    if (inner === 'forced') return chosen ? socketText(chosen) : null;
    return field(chosen ?? m.flow.listener, inner);
  },
  write: (m, _s, value, inner) => {
    if (inner !== '') return false;
    const text = textOf(value);
    if (text === undefined) {
      m.target.socket = undefined;
      return true;
    }
    const listener = m.program.socket(text);
    if (listener === undefined) return false;
    m.target.socket = listener;
    return true;
  },
};

/** The server's own sockets. */
export const socketVariables: Variables = {
  socket_in: {
    describe: 'The socket that received the message.',
    inner: 'optional',
    fields: FIELDS,
    read: (m, _s, inner) => field(m.flow.listener, inner),
  },
  socket_out: socketOut,
  fs: { ...socketOut, inner: 'none', older: 'write $socket_out' },
  Ri: inbound('Address that received the message.', 'ip', 'write $socket_in(ip)'),
  Rp: inbound('Port that received the message.', 'port', 'write $socket_in(port)'),
  pr: inbound('Transport of the message.', 'proto', 'write $socket_in(proto)'),
  proto: inbound('Transport of the message.', 'proto', 'write $socket_in(proto)'),
  af: inbound('Address family of the message.', 'af', 'write $socket_in(af)'),
  proxy_protocol: {
    describe: 'What a PROXY header said; always NULL, for none is read.',
    inner: 'name',
    fields: { src_ip: '', src_port: '', dst_ip: '', dst_port: '', af: '' },
    read: () => null,
  },
};

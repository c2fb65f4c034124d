import type { TransportName } from '../../../../net/transport-name.ts';
import { moduleParts, type ScriptModule } from '../../frame/module.ts';
import { ignored, intParameter, type Parameter } from '../../frame/parameter.ts';

const { define } = moduleParts();

const BY_ITSELF = 'the server finds its own measure';
const NO_TRACE = 'viaduct has its own tracing: see docs/configuration.md';

/** What the transports have alike of what has no effect: by the part behind `tcp_`, `tls_` … */
const MEASURES: Readonly<Record<string, string>> = {
  send_timeout: BY_ITSELF,
  max_msg_chunks: 'a message may come in any number of pieces, within the time for one',
  handshake_timeout: BY_ITSELF,
  async: 'nothing waits for a connection',
  async_max_postponed_chunks: BY_ITSELF,
  async_local_connect_timeout: BY_ITSELF,
  async_local_write_timeout: BY_ITSELF,
  parallel_handling: BY_ITSELF,
  crlf_pingpong: 'a double CRLF is always answered (RFC 5626 §4.4.1)',
  crlf_drop: 'line ends between messages are always dropped',
  tls_handshake_timeout: BY_ITSELF,
  resource: 'every path is served',
};

export interface TransportSpec {
  readonly transport: TransportName;
  readonly summary: string;
  /** The usual one. */
  readonly port: number;
  /** Which of the {@link MEASURES} OpenSIPS has, by the part of their names behind the transport's. */
  readonly measures: readonly string[];
  /** Further parameters without effect, and why. */
  readonly more?: Readonly<Record<string, string>>;
  readonly needs?: readonly string[];
}

/** The module of a transport: the server has it in any case, so that only the usual port is left to say. */
export function transportModule(spec: TransportSpec): ScriptModule {
  const { transport, measures, more = {} } = spec;
  const port = intParameter(spec.port, 'The port of sockets that name none.', { least: 1, most: 65_535 });
  const params: Record<string, Parameter<number> | Parameter<undefined>> = {
    [`${transport}_port`]: port,
    trace_destination: ignored('text', 'Where messages are traced.', NO_TRACE),
    trace_on: ignored('int', 'Whether they are.', NO_TRACE),
    trace_filter_route: ignored('text', 'Which are.', NO_TRACE),
  };
  for (const name of measures) params[`${transport}_${name}`] = ignored('int', 'A limit.', MEASURES[name]!);
  for (const [name, why] of Object.entries(more)) params[name] = ignored('int', 'A check.', why);
  return define({
    name: `proto_${transport}`,
    summary: spec.summary,
    ...(spec.needs && { needs: spec.needs }),
    params,
    configure: (values) => ({ ports: { [transport]: values[`${transport}_port`] as number } }),
    missing: { [`${transport}:trace`]: NO_TRACE },
    notes: 'The server speaks this transport with or without the module, where a socket asks for it.',
  });
}

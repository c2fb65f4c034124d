import type { ParsedArgument } from '../frame/argument.ts';

/** `[proto:]host[:port]` as a URI. */
export function destination(given: string): ParsedArgument<string> {
  const match = /^(?:(udp|tcp|tls|ws|wss):)?(\[[0-9a-fA-F:.]+\]|[^:\s;<>@]+)(?::(\d{1,5}))?$/i.exec(given);
  if (!match) {
    return {
      ok: false,
      problem: `${JSON.stringify(given)} is no destination`,
      hint: 'write udp:10.0.0.10:5060',
    };
  }
  const [, proto, host, port] = match;
  const transport = proto === undefined ? '' : `;transport=${proto.toLowerCase()}`;
  return { ok: true, value: `sip:${host}${port === undefined ? '' : `:${port}`}${transport}` };
}

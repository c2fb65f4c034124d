import { z } from 'zod';
import { canonicalHost, ipFamily } from '../../base/ip.ts';
import { type NodeSpec, parseNodeSet, type RelayProtocol } from '../../media/control/node-spec.ts';
import { parseNotifySocket } from '../../wire/rtpproxy/notification.ts';
import { parseMediaAddress } from './media-address.ts';
import type { ParsedMedia } from './parsed-config.ts';
import { duration, fault, parsedText, wholeNumber } from './values.ts';

const ADDRESS_EXAMPLE = '10.0.0.34 as 99.88.44.33';
const PORTS_EXAMPLE = '35000-65000';

const address = parsedText('address', ADDRESS_EXAMPLE, (text) => {
  const parsed = parseMediaAddress(text);
  return parsed.ok ? { ok: true, value: parsed.address } : parsed;
});

const plainAddress = parsedText<string>('address', '99.88.44.33', (text) =>
  ipFamily(text) === 0
    ? { ok: false, reason: `"${text}" is no IP address` }
    : { ok: true, value: canonicalHost(text) },
);

const range = parsedText<{ min: number; max: number }>('range of ports', PORTS_EXAMPLE, (text) => {
  const match = /^(\d{1,5})\s*-\s*(\d{1,5})$/.exec(text.trim());
  const [min, max] = [Number(match?.[1]), Number(match?.[2])];
  if (!match) return { ok: false, reason: `"${text}" is no range of ports` };
  if (min < 1024 || max > 65_535 || min >= max) {
    return { ok: false, reason: `${text}: a range goes up, within 1024 and 65535` };
  }
  return { ok: true, value: { min, max } };
});

const list = z.array(wholeNumber(1024, 65_535)).transform((ports, context): readonly number[] => {
  const known = new Set(ports);
  if (ports.some((port) => port % 2 === 0 && known.has(port + 1))) return ports;
  const message = fault(
    'no even port stands in it with the odd one above',
    'RTP takes an even port and RTCP the next: [40000, 40001, 40002, 40003]',
  );
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const relay = z.strictObject({
  addresses: z
    .array(address)
    .min(1, fault('the list is empty', `as ${ADDRESS_EXAMPLE}`))
    .optional()
    .meta({
      description: "`ADDRESS [as ADDRESS] [name NAME]`, one for each network; the listeners' where left out",
    }),
  advertise: z.array(plainAddress).optional().meta({
    description: 'printed for media outside instead of what the listeners print, one for each family',
  }),
  ports: z
    .union([range, list])
    .optional()
    .meta({ description: `UDP ports: \`${PORTS_EXAMPLE}\`, or a list where only some can be had` }),
  path: z.enum(['auto', 'portable', 'accelerated', 'kernel']).optional().meta({
    description: 'how packets pass; `auto` is the fastest that leaves the machine as it is: media-paths.md',
  }),
  timeout: duration('5s', '1d')
    .optional()
    .meta({ description: 'after so long without a packet from either party the call is ended' }),
  setupTimeout: duration('5s', '1d').optional().meta({ description: 'the same before the call is answered' }),
  heldTimeout: duration('5s', '7d').optional().meta({ description: 'the same while the call is held' }),
  sessions: wholeNumber(1, 100_000).optional().meta({ description: 'calls at once' }),
  learning: duration('0s', '1m').optional().meta({
    description: 'how long a party may be found at another address than it has signalled',
  }),
  prompts: z.string().min(1).optional().meta({ description: 'directory of what is played' }),
  recordings: z.string().min(1).optional().meta({ description: 'directory of recordings' }),
  capture: z
    .enum(['pcap', 'rtpproxy', 'none'])
    .optional()
    .meta({ description: 'form in which recordings hold packets' }),
  wav: z
    .boolean()
    .optional()
    .meta({ description: 'whether recordings have the sound of G.711 too, in stereo' }),
});

const SET_NAME = /^[A-Za-z0-9._-]{1,64}$/;

function sets(protocol: RelayProtocol, example: string) {
  const node = parsedText<NodeSpec>('relay', example, (text) => {
    const parsed = parseNodeSet(text, protocol);
    if (!parsed.ok) return parsed;
    const [only, ...others] = parsed.set.nodes;
    return others.length === 0 && only
      ? { ok: true, value: only }
      : { ok: false, reason: `"${text}" is more than one relay` };
  });
  const nodes = z.array(node).min(1, fault('the list is empty', `as ${example}`));
  return z
    .record(z.string().regex(SET_NAME, fault('no name of a set', 'letters, digits, dots and hyphens')), nodes)
    .optional()
    .meta({ description: `relays by the name of their set: \`west: [${example}]\`` });
}

const notifySocket = parsedText<string>('socket', 'tcp:10.0.0.34:22223 or unix:/run/viaduct.sock', (text) =>
  parseNotifySocket(text) ? { ok: true, value: text } : { ok: false, reason: `"${text}" is no socket` },
);

const patience = {
  timeout: duration('50ms', '1m').optional().meta({ description: 'until a command is sent again' }),
  retries: wholeNumber(0, 50).optional().meta({ description: 'how often; then the relay counts as gone' }),
  retryAfter: duration('1s', '1d')
    .optional()
    .meta({ description: 'how long one that is gone is left alone before it is asked again' }),
};

/** `media` of the configuration file. */
export const mediaSchema: z.ZodType<ParsedMedia> = z.strictObject({
  anchor: z.enum(['always', 'nat', 'never']).optional().meta({
    description:
      'which calls `call.anchorMedia()` takes through a relay: all, those whose phones may not reach each other, none',
  }),
  relay: z
    .union([z.literal('off'), relay])
    .optional()
    .meta({ description: "the relay in this server; `off` where others' do the work" }),
  use: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'the relays that serve where a script names none: a set, or `embedded`' }),
  rtpproxy: z
    .strictObject({
      sets: sets('rtpproxy', 'udp:10.0.0.60:22222'),
      ...patience,
      autobridge: z.boolean().optional().meta({
        description:
          'whether relays choose their address by that of the reader, as those on several networks must',
      }),
      notify: notifySocket
        .optional()
        .meta({ description: 'where relays tell that media have stopped, and keys: what they are told' }),
      notifyOn: notifySocket
        .optional()
        .meta({ description: 'what is listened on for that, where it is not the same' }),
    })
    .optional()
    .meta({ description: "relays that speak rtpproxy's protocol, as `viaduct relay` does" }),
  rtpengine: z
    .strictObject({ sets: sets('rtpengine', 'udp:10.0.0.62:2223'), ...patience })
    .optional()
    .meta({ description: 'relays that speak the ng protocol of rtpengine' }),
});

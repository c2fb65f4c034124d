import { z } from 'zod';
import { parseAddressParts } from '../../advertise/advertised-address.ts';
import { type Alias, parseAlias } from '../../advertise/alias.ts';
import { Cidr, ipFamily } from '../../base/ip.ts';
import { type ListenSpec, parseListenSpec } from '../../net/listen-spec.ts';
import type { AddressParts } from '../../net/listener.ts';
import { serverAddress } from '../../net/name-server.ts';
import { MOST_WORKERS } from '../../net/worker-place.ts';
import { mediaSchema } from './media-schema.ts';
import type { ParsedConfig, ParsedListen } from './parsed-config.ts';
import { duration, durationInSeconds, fault, parsedText, wholeNumber } from './values.ts';
import { WORKERS_HINT } from './workers-value.ts';

const LISTEN_EXAMPLE = 'udp:10.0.0.34:5060 as 99.88.44.33:5060';
const LISTEN_PARTS = [
  ['on', ''],
  ['as', ' as '],
  ['name', ' name '],
] as const;

const certificateFields = {
  certificate: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'PEM file: the certificate, and those that lead up to its issuer' }),
  key: z.string().min(1).optional().meta({ description: 'PEM file of its private key' }),
};

const serverCertificate = z.strictObject({
  name: z
    .string({ error: fault('no name', 'a domain, or *.example.com for names one label longer') })
    .regex(
      /^(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/,
      fault('no domain', 'sip.example.com, or *.example.com'),
    )
    .meta({ description: 'the name that is asked for (SNI)' }),
  certificate: z
    .string({ error: fault('no file', 'a PEM file') })
    .min(1)
    .meta({ description: 'as above' }),
  key: z
    .string({ error: fault('no file', 'a PEM file') })
    .min(1)
    .meta({ description: 'as above' }),
});

const tls = z
  .strictObject({
    ...certificateFields,
    servers: z
      .array(serverCertificate)
      .optional()
      .meta({ description: 'further certificates, by the name that is asked for' }),
    selfSigned: z
      .boolean()
      .optional()
      .meta({ description: 'where no certificate is given, make one that signs itself: to try things out' }),
    ca: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'PEM file of the authorities that are believed; default: those of Node' }),
    clientCertificates: z.enum(['off', 'optional', 'required']).optional().meta({
      description:
        'whether those who connect show a certificate; with `optional`, one that is shown must be good',
    }),
    verifyServers: z
      .boolean()
      .optional()
      .meta({ description: 'whether servers must prove the domain that was asked for (RFC 5922)' }),
    minVersion: z.enum(['TLSv1.2', 'TLSv1.3']).optional().meta({ description: 'the least version' }),
    ciphers: z.string().min(1).optional().meta({ description: "in OpenSSL's notation; default: Node's" }),
  })
  .superRefine((group, context) => {
    for (const [present, absent] of [
      ['certificate', 'key'],
      ['key', 'certificate'],
    ] as const) {
      if (group[present] === undefined || group[absent] !== undefined) continue;
      const message = fault(`there is a ${present}, but no ${absent}`, 'give both, or neither');
      context.addIssue({ code: 'custom', path: [present], message });
    }
  });

const listenText = z
  .string({ error: fault('no listener', `write it as ${LISTEN_EXAMPLE}`) })
  .transform((text, context): ListenSpec => {
    const parsed = parseListenSpec(text);
    if (parsed.ok) return parsed.spec;
    const message = fault(parsed.message, parsed.hint);
    context.addIssue({ code: 'custom', message, params: { column: parsed.column } });
    return z.NEVER;
  });

const listenObject = z
  .strictObject({
    on: z.string({ error: fault('no socket', `write it as ${LISTEN_EXAMPLE.split(' ')[0]}`) }),
    as: z.string().optional(),
    name: z.string().optional(),
    tls: tls.optional().meta({ description: 'over what `tls` says for all, key by key' }),
  })
  .transform((parts, context): ParsedListen => {
    // Part by part, so that a fault is known to lie in the part added last.
    let text = '';
    let parsed = parseListenSpec(text);
    for (const [key, prefix] of LISTEN_PARTS) {
      const part = parts[key];
      if (part === undefined) continue;
      const start = text.length + prefix.length;
      text += prefix + part;
      parsed = parseListenSpec(text);
      if (parsed.ok) continue;
      const column = Math.max(1, parsed.column - start);
      const message = fault(parsed.message, parsed.hint);
      context.addIssue({ code: 'custom', message, path: [key], params: { column } });
      return z.NEVER;
    }
    return parsed.ok ? { ...parsed.spec, tls: parts.tls } : z.NEVER;
  });

const addressParts = parsedText<AddressParts>('address', '99.88.44.33 or 99.88.44.33:5060', (text) => {
  const parsed = parseAddressParts(text);
  return parsed.ok ? { ok: true, value: parsed.parts } : parsed;
});

const network = parsedText<Cidr>('network', '10.0.0.0/8', (text) => {
  const value = Cidr.parse(text);
  return value ? { ok: true, value } : { ok: false, reason: `"${text}" is no network and no address` };
});

const alias = parsedText<Alias>('alias', 'sip.example.com, udp:99.88.44.33:5060', (text) => {
  const parsed = parseAlias(text);
  return parsed.ok ? { ok: true, value: parsed.alias } : parsed;
});

const domain = parsedText<string>('domain', 'example.com', (text) => {
  const parsed = parseAddressParts(text);
  const host = parsed.ok && parsed.parts.port === undefined ? parsed.parts.host : undefined;
  if (host === undefined) return { ok: false, reason: `"${text}" is no domain` };
  return { ok: true, value: ipFamily(host) === 0 ? host.toLowerCase() : host };
});

const nameServer = parsedText<string>('name server', '10.0.0.2 or 10.0.0.2:53', (text) =>
  serverAddress(text) ? { ok: true, value: text } : { ok: false, reason: `"${text}" is no address` },
);

const rule = z.strictObject({
  network: network.meta({ description: 'the destinations that the rule speaks for' }),
  as: z
    .union([z.literal('bound'), addressParts])
    .meta({ description: 'what is printed to them; `bound` prints the address of the socket' }),
});

/** The configuration file; every key may be left out. Defaults are in `defaults.ts`. */
export const configSchema: z.ZodType<ParsedConfig> = z.strictObject({
  listen: z
    .array(z.union([listenText, listenObject]), {
      error: fault('no list', `each line as - ${LISTEN_EXAMPLE}`),
    })
    .min(1, fault('the list is empty', `give at least one listener, as ${LISTEN_EXAMPLE}`))
    .optional()
    .meta({
      description: 'sockets: `PROTO:HOST[:PORT] [as HOST[:PORT]] [name NAME]`, or `{ on, as, name, tls }`',
    }),
  tls: tls
    .optional()
    .meta({ description: 'TLS, for `tls:` and `wss:` listeners without `tls` of their own' }),
  webSocket: z
    .strictObject({
      origins: z
        .union([z.literal('any'), z.array(z.string().min(1))])
        .optional()
        .meta({ description: 'pages that may connect: `https://phone.example.com`' }),
      ping: duration('1s', '1h')
        .optional()
        .meta({ description: 'after so long without a word a peer is asked whether it is there' }),
      pong: duration('1s', '10m')
        .optional()
        .meta({ description: 'until a peer that does not answer is closed' }),
    })
    .optional()
    .meta({ description: '`ws:` and `wss:` listeners' }),
  advertise: z
    .strictObject({
      address: addressParts
        .optional()
        .meta({ description: 'printed where no other level speaks: host, or host:port' }),
      to: z.array(rule).optional().meta({ description: 'rules by destination; the longest prefix wins' }),
      compatibility: z
        .enum(['viaduct', 'opensips'])
        .optional()
        .meta({ description: 'which order of levels; `opensips` reproduces its two' }),
    })
    .optional()
    .meta({ description: 'the addresses printed in messages' }),
  networks: z
    .strictObject({
      inside: z
        .union([z.enum(['auto', 'none']), z.array(network)])
        .optional()
        .meta({ description: 'networks that see bound addresses; `auto`: private ranges and own subnets' }),
    })
    .optional()
    .meta({ description: 'which networks are inside' }),
  aliases: z
    .array(alias)
    .optional()
    .meta({ description: 'further names of this server: `[PROTO:]HOST[:PORT] [accept_subdomain]`' }),
  domains: z
    .array(domain)
    .optional()
    .meta({ description: 'domains whose users are registered here; the first is the default realm' }),
  data: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'directory of the store, the log and the control socket' }),
  routes: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'the routes file; the shipped routes where left out' }),
  datagrams: z.enum(['auto', 'portable']).optional().meta({
    description: 'how UDP passes the kernel: in batches where the accelerator was built, or portably',
  }),
  workers: z
    .union([z.literal('auto'), wholeNumber(1, MOST_WORKERS)], {
      error: fault('no number of workers', WORKERS_HINT),
    })
    .optional()
    .meta({ description: 'how many threads signal; `auto`: one for each core (see workers.md)' }),
  limits: z
    .strictObject({
      messageSize: wholeNumber(1_000, 1_000_000).optional().meta({ description: 'bytes of one message' }),
      headerSize: wholeNumber(500, 500_000)
        .optional()
        .meta({ description: 'bytes of the header of one message' }),
      headers: wholeNumber(20, 10_000).optional().meta({ description: 'header lines of one message' }),
      connections: wholeNumber(1, 1_000_000).optional().meta({ description: 'open stream connections' }),
      connectionsPerSource: wholeNumber(1, 1_000_000)
        .optional()
        .meta({ description: 'of them from one address' }),
      halfOpenConnections: wholeNumber(1, 100_000)
        .optional()
        .meta({ description: 'connections that have not sent a whole message yet' }),
      idleConnection: duration('10s', '7d')
        .optional()
        .meta({ description: 'after which an idle connection is closed' }),
      datagramRequest: wholeNumber(500, 65_535).optional().meta({
        description: 'bytes from which a request goes by TCP instead of UDP, where the next hop takes it',
      }),
      serverTransactions: wholeNumber(100, 10_000_000)
        .optional()
        .meta({ description: 'requests being handled at once' }),
      clientTransactions: wholeNumber(100, 10_000_000)
        .optional()
        .meta({ description: 'requests being sent at once' }),
    })
    .optional()
    .meta({ description: 'bounds of everything that peers can fill' }),
  connectionReuse: z.enum(['authenticated', 'all', 'off']).optional().meta({
    description: 'who is called back on connections that he opened and asks for it (RFC 5923)',
  }),
  timers: z
    .strictObject({
      t1: duration('10ms', '10s')
        .optional()
        .meta({ description: 'round-trip estimate (RFC 3261 §17.1.1.1)' }),
      t2: duration('100ms', '60s')
        .optional()
        .meta({ description: 'longest interval between retransmissions' }),
      t4: duration('100ms', '60s')
        .optional()
        .meta({ description: 'how long a message stays in the network' }),
      frTimeout: duration('500ms', '10m')
        .optional()
        .meta({ description: 'until a branch without any answer fails' }),
      nextHop: duration('500ms', '1m')
        .optional()
        .meta({ description: 'until an INVITE goes to the next address of a name, if nothing is heard' }),
      frInvTimeout: duration('1s', '1h')
        .optional()
        .meta({ description: 'until a ringing branch without final answer is cancelled' }),
      timerC: duration('10s', '24h')
        .optional()
        .meta({ description: 'bound of a proxied INVITE (RFC 3261 §16.6 step 11)' }),
    })
    .optional()
    .meta({ description: 'transaction timers' }),
  registrar: z
    .strictObject({
      minExpires: durationInSeconds('1s', '1d').optional().meta({ description: 'a shorter wish gets 423' }),
      maxExpires: durationInSeconds('10s', '30d')
        .optional()
        .meta({ description: 'a longer wish is shortened' }),
      defaultExpires: durationInSeconds('10s', '30d')
        .optional()
        .meta({ description: 'where the phone has no wish' }),
      maxContacts: wholeNumber(1, 1000).optional().meta({ description: 'contacts of one address-of-record' }),
      whenFull: z
        .enum(['refuse', 'replace-oldest'])
        .optional()
        .meta({ description: 'what happens to one contact too many: 403, or the oldest makes room' }),
      flowTimer: z
        .union([z.literal('off'), durationInSeconds('30s', '1h')])
        .optional()
        .meta({
          description: 'longest time between keep-alives on flows by TCP and TLS (RFC 5626), or `off`',
        }),
      onConnectionLost: z.enum(['remove', 'keep']).optional().meta({
        description: 'what becomes of a contact that was reached by its connection alone when that closes',
      }),
    })
    .optional()
    .meta({ description: 'the registrar' }),
  auth: z
    .strictObject({
      realm: z
        .string()
        .min(1)
        .max(255)
        .optional()
        .meta({ description: 'the digest realm; default: the first domain' }),
      algorithms: z
        .array(z.enum(['MD5', 'SHA-256', 'SHA-512-256']))
        .min(1)
        .optional()
        .meta({
          description:
            'offered digest algorithms; phones that read only one challenge need it to be MD5 alone',
        }),
      nonceLife: duration('10s', '1d').optional().meta({ description: 'how long a nonce is good for' }),
    })
    .optional()
    .meta({ description: 'digest authentication' }),
  nat: z
    .strictObject({
      keepAlive: z
        .union([
          z.literal('off'),
          z.strictObject({
            interval: duration('5s', '10m')
              .optional()
              .meta({ description: 'between two keep-alives to one contact' }),
            method: z.enum(['options', 'crlf', 'zeros']).optional().meta({
              description: 'to datagram contacts: `options` finds those that are gone, the others cost less',
            }),
            lost: wholeNumber(1, 100)
              .optional()
              .meta({ description: 'unanswered OPTIONS after which a contact is removed' }),
          }),
        ])
        .optional()
        .meta({ description: 'keeps the way to phones behind NAT open; `off` sends none' }),
    })
    .optional()
    .meta({ description: 'phones behind NAT' }),
  dns: z
    .strictObject({
      servers: z
        .array(nameServer)
        .min(1, fault('the list is empty', 'leave the key out for those of /etc/resolv.conf'))
        .optional()
        .meta({
          description: 'name servers, `ADDRESS[:PORT]`, in order; those of /etc/resolv.conf where left out',
        }),
      timeout: duration('50ms', '30s')
        .optional()
        .meta({ description: 'how long one server may take; then the next one is asked' }),
      deadline: duration('100ms', '1m')
        .optional()
        .meta({ description: 'how long one question may take, whoever is asked' }),
      cache: z
        .strictObject({
          longest: duration('1s', '7d')
            .optional()
            .meta({ description: 'records hold for their TTL, but no longer than this' }),
          denial: duration('1s', '1d')
            .optional()
            .meta({ description: 'that there is nothing holds as the SOA says, but no longer than this' }),
          stale: duration('0s', '7d')
            .optional()
            .meta({ description: 'how long lapsed records serve while no name server answers' }),
        })
        .optional()
        .meta({ description: 'what is remembered' }),
      quarantine: z
        .strictObject({
          first: duration('1s', '1h')
            .optional()
            .meta({ description: 'until an address that failed is probed; doubled with each failure more' }),
          longest: duration('1s', '1d').optional().meta({ description: 'but no longer than this' }),
        })
        .optional()
        .meta({ description: 'addresses that failed are tried after all others of their name' }),
    })
    .optional()
    .meta({ description: 'how servers are found by name' }),
  frontDoor: z
    .strictObject({
      scanners: z
        .union([z.literal('off'), z.array(z.string().min(3))])
        .optional()
        .meta({ description: 'parts of User-Agents dropped without an answer; `off` lets all pass' }),
      trustInside: z
        .boolean()
        .optional()
        .meta({ description: 'whether addresses of the inside networks are free of the rate' }),
      rate: z
        .union([
          z.literal('off'),
          z.strictObject({
            perSecond: wholeNumber(1, 1_000_000).optional().meta({ description: 'over time' }),
            burst: wholeNumber(1, 1_000_000).optional().meta({ description: 'at once' }),
          }),
        ])
        .optional()
        .meta({ description: 'requests taken from one address; `off` takes all' }),
    })
    .optional()
    .meta({ description: 'what is turned away before any script' }),
  overload: z
    .union([
      z.literal('off'),
      z.strictObject({
        targetDelay: duration('5ms', '5s')
          .optional()
          .meta({ description: 'how long messages may wait before they are read' }),
      }),
    ])
    .optional()
    .meta({
      description: 'new requests get 503 while there is more to do than can be done; `off` refuses none',
    }),
  media: mediaSchema.optional().meta({ description: 'media of calls' }),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .optional()
        .meta({ description: 'the least that is logged' }),
      file: z.string().min(1).optional().meta({ description: 'a path, or `stdout`' }),
    })
    .optional()
    .meta({ description: 'the log' }),
});

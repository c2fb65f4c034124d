import { ACCEPT, answer, type TortureCase } from '../torture-case.ts';

const CASES: readonly TortureCase[] = [
  {
    name: 'ipv6-good',
    section: '4.1',
    title: 'Valid SIP message with an IPv6 reference',
    wants: 'accept',
    role: 'registrar',
    outcome: ACCEPT,
  },
  {
    name: 'ipv6-bad',
    section: '4.2',
    title: 'Invalid SIP message with an IPv6 reference',
    wants: '400: the brackets are missing',
    role: 'registrar',
    outcome: answer(400, 'Malformed Request-URI'),
  },
  {
    name: 'port-ambiguous',
    section: '4.3',
    title: 'Port ambiguous in a SIP URI',
    wants: 'accept; all between the brackets is the address',
    role: 'registrar',
    outcome: ACCEPT,
    note: 'read as the address 2001:db8::10:5070 without a port',
  },
  {
    name: 'port-unambiguous',
    section: '4.4',
    title: 'Port unambiguous in a SIP URI',
    wants: 'accept with port 5070',
    role: 'registrar',
    outcome: ACCEPT,
  },
  {
    name: 'via-received-param-with-delim',
    section: '4.5',
    title: 'IPv6 reference delimiters in Via header: with',
    wants: 'accept',
    role: 'proxy',
    outcome: ACCEPT,
    note: 'read without them, and forwarded as it was written',
  },
  {
    name: 'via-received-param-no-delim',
    section: '4.5',
    title: 'IPv6 reference delimiters in Via header: without',
    wants: 'accept; this form is to be sent',
    role: 'proxy',
    outcome: ACCEPT,
    note: 'written so',
  },
  {
    name: 'ipv6-in-sdp',
    section: '4.6',
    title: 'SIP request with IPv6 addresses in SDP body',
    wants: 'accept',
    role: 'proxy',
    outcome: ACCEPT,
  },
  {
    name: 'mult-ip-in-header',
    section: '4.7',
    title: 'Multiple IP addresses in SIP headers',
    wants: 'accept',
    role: 'proxy',
    outcome: ACCEPT,
  },
  {
    name: 'mult-ip-in-sdp',
    section: '4.8',
    title: 'Multiple IP addresses in SDP',
    wants: 'accept',
    role: 'proxy',
    outcome: ACCEPT,
  },
  {
    name: 'ipv4-mapped-ipv6',
    section: '4.9',
    title: 'IPv4-mapped IPv6 addresses',
    wants: 'accept',
    role: 'proxy',
    outcome: ACCEPT,
    note: 'the same host as the IPv4 address',
  },
  {
    name: 'ipv6-bug-abnf-3-colons',
    section: '4.10',
    title: 'IPv6 reference bug in RFC 3261 ABNF: three colons',
    wants: 'accept, though it is no address',
    role: 'proxy',
    outcome: ACCEPT,
    note: 'passed on as it was written; it resolves to nothing',
  },
  {
    name: 'ipv6-correct-abnf-2-colons',
    section: '4.10',
    title: 'IPv6 reference bug in RFC 3261 ABNF: two colons',
    wants: 'accept',
    role: 'proxy',
    outcome: ACCEPT,
  },
];

/** A message of RFC 5118 with its bytes. */
export interface Rfc5118Case extends TortureCase {
  readonly file: URL;
}

export const RFC5118: readonly Rfc5118Case[] = CASES.map((torture) => ({
  ...torture,
  file: new URL(`./testdata/${torture.name}.dat`, import.meta.url),
}));

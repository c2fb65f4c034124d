import { parseDecimal } from '../sip/text.ts';
import { parsePort, words } from './lines.ts';

/** Attributes that belong to ICE (RFC 8839 §5) and mean nothing without candidates. */
export const ICE_ATTRIBUTES: readonly string[] = [
  'candidate',
  'remote-candidates',
  'end-of-candidates',
  'ice-ufrag',
  'ice-pwd',
  'ice-options',
  'ice-lite',
  'ice-mismatch',
  'ice-pacing',
];

const MOST_WORDS = 64;
const FIRST_EXTENSION = 8;

/** An ICE candidate: the value of an `a=candidate` line (RFC 8839 §5.1). */
export interface Candidate {
  readonly foundation: string;
  /** 1 for RTP, 2 for RTCP. */
  readonly component: number;
  /** `UDP`, `TCP`, as written. */
  readonly transport: string;
  readonly priority: number;
  /** An IP address, or the name of a concealed one (`….local`). */
  readonly address: string;
  readonly port: number;
  /** `host`, `srflx`, `prflx`, `relay`. */
  readonly type: string;
  /** What follows the type, in pairs of words: `raddr`, `rport`, `tcptype`, extensions. */
  readonly extensions: readonly string[];
}

/** @returns undefined for what is no candidate */
export function parseCandidate(value: string): Candidate | undefined {
  const parts = words(value, MOST_WORDS);
  const [foundation, component, transport, priority, address, port, typ, type] = parts;
  if (type === undefined || typ !== 'typ') return undefined;
  const numbers = [parseDecimal(component!), parseDecimal(priority!), parsePort(port!)];
  if (numbers.includes(undefined)) return undefined;
  return {
    foundation: foundation!,
    component: numbers[0]!,
    transport: transport!,
    priority: numbers[1]!,
    address: address!,
    port: numbers[2]!,
    type,
    extensions: parts.slice(FIRST_EXTENSION),
  };
}

export function printCandidate(candidate: Candidate): string {
  const { foundation, component, transport, priority, address, port, type, extensions } = candidate;
  return [foundation, component, transport, priority, address, port, 'typ', type, ...extensions].join(' ');
}

/**
 * @param localPreference 0 to 65535, higher is better
 * @returns the priority of a candidate of our own (RFC 8445 §5.1.2.1)
 */
export function hostPriority(component: number, localPreference = 65_535): number {
  return 126 * 2 ** 24 + localPreference * 2 ** 8 + (256 - component);
}

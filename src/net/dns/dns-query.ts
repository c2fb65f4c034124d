import { type Answer, decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet';
import type { IdSource } from '../../base/ids.ts';

/** The record types that lead to a SIP server. */
export type RecordType = 'A' | 'AAAA' | 'SRV' | 'NAPTR';

/** A question on the wire (RFC 1035 §4.1.2). */
export interface DnsQuery {
  readonly id: number;
  /** In random letter case: an answer must repeat it, which those who only guess cannot. */
  readonly name: string;
  readonly type: RecordType;
  readonly bytes: Buffer;
}

/** What some bytes are, as an answer to a question. */
export type DnsReply =
  /** Not an answer to it: somebody guesses, or is late. */
  | { readonly kind: 'foreign' }
  /** To be asked again over TCP: cut off, or by a server that does not keep the letter case. */
  | { readonly kind: 'over-tcp' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'answer'; readonly answers: readonly Answer[]; readonly authorities: readonly Answer[] };

const HEADER_BYTES = 12;
const QR = 0x80;
const TC = 0x02;
const NO_ERROR = 0;
const NAME_ERROR = 3;
const MOST_RECORDS = 512;

export function dnsQuery(name: string, type: RecordType, ids: IdSource): DnsQuery {
  const id = ids.uint32() & 0xffff;
  const mixed = mixCase(name, ids);
  const questions = [{ name: mixed, type }];
  return { id, name: mixed, type, bytes: encode({ type: 'query', id, flags: RECURSION_DESIRED, questions }) };
}

/** @param overTcp whether it came on a connection, where letter case and truncation mean nothing more */
export function readReply(bytes: Buffer, query: DnsQuery, overTcp: boolean): DnsReply {
  if (bytes.length < HEADER_BYTES || bytes.readUInt16BE(0) !== query.id || (bytes[2]! & QR) === 0) {
    return { kind: 'foreign' };
  }
  // What was cut off need not be readable.
  if (!overTcp && (bytes[2]! & TC) !== 0) return { kind: 'over-tcp' };
  const rcode = bytes[3]! & 0x0f;
  // Some refuse with the header alone.
  if (rcode !== NO_ERROR && rcode !== NAME_ERROR) return { kind: 'refused', reason: `rcode ${rcode}` };
  let packet: Packet;
  try {
    packet = decode(bytes);
  } catch {
    return { kind: 'refused', reason: 'an answer that cannot be read' };
  }
  const question = packet.questions?.length === 1 ? packet.questions[0] : undefined;
  if (question?.type !== query.type) return { kind: 'foreign' };
  if (question.name !== query.name) {
    if (question.name.toLowerCase() !== query.name.toLowerCase()) return { kind: 'foreign' };
    if (!overTcp) return { kind: 'over-tcp' };
  }
  const { answers = [], authorities = [] } = packet;
  return { kind: 'answer', answers: answers.slice(0, MOST_RECORDS), authorities };
}

/** draft-vixie-dnsext-dns0x20: as many bits more to guess as the name has letters. */
function mixCase(name: string, ids: IdSource): string {
  let mixed = '';
  let bits = 0;
  for (let i = 0; i < name.length; i++) {
    if (i % 32 === 0) bits = ids.uint32();
    mixed += (bits & 1) === 1 ? name[i]!.toUpperCase() : name[i]!;
    bits >>>= 1;
  }
  return mixed;
}

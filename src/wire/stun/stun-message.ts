/** The fixed value that tells STUN of RFC 8489 from that of RFC 3489, and from anything else. */
const MAGIC_COOKIE = 0x2112_a442;
const HEADER_BYTES = 20;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const ERROR_CODE = 0x0009;
const UNKNOWN_ATTRIBUTES = 0x000a;
const XOR_MAPPED_ADDRESS = 0x0020;
const UNKNOWN_REASON = 'Unknown Attribute';
/** RFC 8489 §14: types below must be understood, the others may be passed over. */
const OPTIONAL_FROM = 0x8000;
/** So that an answer is never much larger than what asked for it. */
const MOST_UNKNOWN = 8;

/** A Binding request (RFC 8489 §5), as far as a server without credentials needs it. */
export interface BindingRequest {
  /** Magic cookie and transaction id, 16 bytes: they come back in the answer. */
  readonly id: Buffer;
  /** Types of attributes that must be understood, and are not. */
  readonly unknown: readonly number[];
}

/** @returns undefined for everything that is no well-formed Binding request */
export function parseBindingRequest(bytes: Buffer): BindingRequest | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt16BE(0) !== BINDING_REQUEST) return undefined;
  if (bytes.readUInt32BE(4) !== MAGIC_COOKIE) return undefined;
  const end = HEADER_BYTES + bytes.readUInt16BE(2);
  if (end !== bytes.length || end % 4 !== 0) return undefined;
  const unknown: number[] = [];
  for (let at = HEADER_BYTES; at < end; ) {
    // Attributes are padded to four bytes, so that there is always room for a type and a length.
    const type = bytes.readUInt16BE(at);
    at += 4 + padded(bytes.readUInt16BE(at + 2));
    if (at > end) return undefined;
    if (type < OPTIONAL_FROM && unknown.length < MOST_UNKNOWN) unknown.push(type);
  }
  return { id: Buffer.from(bytes.subarray(4, HEADER_BYTES)), unknown };
}

/**
 * The answer: where the request came from (RFC 8489 §6.3.1, §14.2), or 420 with the attributes that nobody here knows.
 * @param address the bytes of the source's IP address, 4 or 16
 */
export function bindingAnswer(request: BindingRequest, address: readonly number[], port: number): Buffer {
  return request.unknown.length > 0 ? refusal(request) : success(request, address, port);
}

function success({ id }: BindingRequest, address: readonly number[], port: number): Buffer {
  const answer = message(BINDING_SUCCESS, id, 8 + address.length);
  answer.writeUInt16BE(XOR_MAPPED_ADDRESS, 20);
  answer.writeUInt16BE(4 + address.length, 22);
  answer.writeUInt16BE(address.length === 4 ? 1 : 2, 24);
  answer.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 26);
  for (const [i, byte] of address.entries()) answer[28 + i] = byte ^ id[i]!;
  return answer;
}

function refusal({ id, unknown }: BindingRequest): Buffer {
  const reason = padded(4 + UNKNOWN_REASON.length);
  const answer = message(BINDING_ERROR, id, 4 + reason + 4 + padded(2 * unknown.length));
  answer.writeUInt16BE(ERROR_CODE, 20);
  answer.writeUInt16BE(4 + UNKNOWN_REASON.length, 22);
  answer.writeUInt16BE(0x0414, 26);
  answer.write(UNKNOWN_REASON, 28, 'latin1');
  const list = 24 + reason;
  answer.writeUInt16BE(UNKNOWN_ATTRIBUTES, list);
  answer.writeUInt16BE(2 * unknown.length, list + 2);
  for (const [i, type] of unknown.entries()) answer.writeUInt16BE(type, list + 4 + 2 * i);
  return answer;
}

function message(type: number, id: Buffer, length: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + length);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(length, 2);
  id.copy(bytes, 4);
  return bytes;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

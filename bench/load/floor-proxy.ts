// floor-proxy: relays calls over UDP as a record-routing proxy does, message for message, and keeps nothing: received bytes
// in, spliced bytes out, over the server's own datagram path. It trusts its load: headers are spelled as sipload spells
// them, nothing is checked, and nobody gets an error.
//
//   node floor-proxy.ts PORT
import { datagramPath } from '../../src/net/datagram-path.ts';

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const port = Number(process.argv[2]);
const VIA = `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKfloor`;
const RECORD_ROUTE = Buffer.from(`Record-Route: <sip:127.0.0.1:${port};lr>\r\n`, 'latin1');
const TRYING = Buffer.from('SIP/2.0 100 Trying\r\n', 'latin1');
const EMPTY = Buffer.from('Content-Length: 0\r\n\r\n', 'latin1');
const HOPS = 'Max-Forwards: '.length;
const HOST = '127.0.0.1';

const V = 0x56;
const F = 0x46;
const T = 0x54;
const R = 0x52;
const M = 0x4d;
const C = 0x43;
const S = 0x53;
const I = 0x49;

/** Written from behind by each message in turn; what is sent is copied by whoever sends. */
const out = Buffer.allocUnsafe(65_536);
let number = 0;

function lineEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== LF) at++;
  return at + 1;
}

/** The digits that follow the host of a URI or a sent-by, behind its second colon (`sip:user@host:5080`). */
function portBehind(bytes: Buffer, colon: number): number {
  let value = 0;
  for (let at = colon + 1; bytes[at]! >= 0x30 && bytes[at]! <= 0x39; at++)
    value = value * 10 + bytes[at]! - 0x30;
  return value;
}

function lastColon(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== COLON) at++;
  return at;
}

function text(line: string, at: number): number {
  return at + out.write(line, at, 'latin1');
}

function copy(bytes: Buffer, from: number, to: number, at: number): number {
  bytes.copy(out, at, from, to);
  return at + to - from;
}

function request(bytes: Buffer): void {
  const head = lineEnd(bytes, 0);
  const isInvite = bytes[0] === I;
  const colon = lastColon(bytes, lastColon(bytes, 0, head) + 1, head);
  const target = portBehind(bytes, colon);
  let at = text(`${VIA}${number++}\r\n`, copy(bytes, 0, head, 0));
  if (isInvite) at = copy(RECORD_ROUTE, 0, RECORD_ROUTE.length, at);
  // Stretches that stay as they are, between the lines that are left out or changed.
  let from = head;
  for (let line = head; line < bytes.length && bytes[line] !== CR; ) {
    const next = lineEnd(bytes, line);
    if (bytes[line] === R && bytes[line + 5] === COLON) {
      at = copy(bytes, from, line, at);
      from = next;
    } else if (bytes[line] === M && bytes[line + 3] === 0x2d) {
      at = text(String(portBehind(bytes, line + HOPS - 1) - 1), copy(bytes, from, line + HOPS, at));
      from = next - 2;
    }
    line = next;
  }
  at = copy(bytes, from, bytes.length, at);
  io.send(out.subarray(0, at), HOST, target);
}

/** 100, with the lines that an answer repeats. */
function trying(bytes: Buffer, peer: number): void {
  let at = copy(TRYING, 0, TRYING.length, 0);
  for (let line = lineEnd(bytes, 0); line < bytes.length && bytes[line] !== CR; ) {
    const next = lineEnd(bytes, line);
    const first = bytes[line]!;
    const repeats = first === V || first === F || first === T || (first === C && second(bytes[line + 1]!));
    if (repeats) at = copy(bytes, line, next, at);
    line = next;
  }
  at = copy(EMPTY, 0, EMPTY.length, at);
  io.send(out.subarray(0, at), HOST, peer);
}

/** Of Call-ID and CSeq, and not of Contact and Content-Length. */
function second(byte: number): boolean {
  return byte === 0x61 || byte === S;
}

/** Back to whom the second Via names, without the first. */
function response(bytes: Buffer): void {
  const head = lineEnd(bytes, 0);
  const via = lineEnd(bytes, head);
  const colon = lastColon(bytes, lastColon(bytes, via, bytes.length) + 1, bytes.length);
  const at = copy(bytes, via, bytes.length, copy(bytes, 0, head, 0));
  io.send(out.subarray(0, at), HOST, portBehind(bytes, colon));
}

const io = await datagramPath('auto').open(
  { address: HOST, port, family: 4, receiveBufferBytes: 8 << 20 },
  {
    datagram(bytes, _address, peer) {
      if (bytes[0] === S && bytes[1] === I) response(bytes);
      else {
        if (bytes[0] === I) trying(bytes, peer);
        request(bytes);
      }
    },
    sendFailed: () => undefined,
  },
);
process.once('SIGTERM', () => process.exit(0));

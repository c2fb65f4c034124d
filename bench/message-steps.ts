// What is done to every message on the wire floor, on an INVITE as phones send it.
import { MessageEdit } from '../src/wire/sip/edit.ts';
import { H } from '../src/wire/sip/header-name.ts';
import type { SipMessage } from '../src/wire/sip/message.ts';
import { parseMessage } from '../src/wire/sip/parse.ts';
import { judge } from '../src/wire/sip/verdict.ts';

const BODY = [
  'v=0',
  'o=alice 2890844526 2890844526 IN IP4 198.51.100.23',
  's=-',
  'c=IN IP4 198.51.100.23',
  't=0 0',
  'm=audio 49172 RTP/AVP 0',
  'a=sendrecv',
  '',
].join('\r\n');

export const INVITE = Buffer.from(
  [
    'INVITE sip:bob@192.0.2.7:5062;transport=udp SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa1b2c3d4e5f6',
    'Via: SIP/2.0/UDP 198.51.100.23:49152;rport=49152;branch=z9hG4bK776asdhds',
    'Max-Forwards: 69',
    'Record-Route: <sip:192.0.2.1;lr>',
    'From: "Alice" <sip:alice@example.com>;tag=1928301774',
    'To: <sip:bob@example.com>',
    'Call-ID: a84b4c76e66710@pc33.example.com',
    'CSeq: 314159 INVITE',
    'Contact: <sip:alice@198.51.100.23:49152>',
    'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY',
    'User-Agent: Softphone/1.0',
    'Content-Type: application/sdp',
    `Content-Length: ${BODY.length}`,
    '',
    BODY,
  ].join('\r\n'),
  'latin1',
);

export function parse(): SipMessage {
  const result = parseMessage(INVITE);
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

export function parseJudgeAndEdit(): Buffer {
  const message = parse();
  judge(message);
  return new MessageEdit(message)
    .insertTop(H.Via, 'SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1')
    .set(H.MaxForwards, '68')
    .toBuffer();
}

import type { Flow } from '../../../net/flow.ts';
import type { Listener } from '../../../net/listener.ts';
import { buildRequest } from '../../../wire/sip/build.ts';
import type { SipMessage } from '../../../wire/sip/message.ts';
import { parseMessage } from '../../../wire/sip/parse.ts';

let request: SipMessage | undefined;

/** What routes work on that no message sets off; nothing of it is ever sent. */
export function dummyRequest(): SipMessage {
  request ??= parsed(
    buildRequest({
      method: 'OPTIONS',
      requestUri: 'sip:localhost',
      headers: [
        ['Via', 'SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK-none'],
        ['From', '<sip:localhost>;tag=none'],
        ['To', '<sip:localhost>'],
        ['Call-ID', 'none'],
        ['CSeq', '1 OPTIONS'],
      ],
    }),
  );
  return request;
}

/** @throws TypeError where the bytes are no message, which those of this server are */
export function parsed(bytes: Buffer): SipMessage {
  const result = parseMessage(bytes);
  if (!result.ok) throw new TypeError(result.reason);
  return result.message;
}

const NOWHERE: Listener = {
  name: 'udp:127.0.0.1:5060',
  transport: 'udp',
  address: '127.0.0.1',
  port: 5060,
  family: 4,
  advertised: undefined,
};

export function dummyFlow(listeners: readonly Listener[]): Flow {
  const listener = listeners[0] ?? NOWHERE;
  return {
    listener,
    transport: listener.transport,
    remoteAddress: '127.0.0.1',
    remotePort: listener.port,
    connectionId: 0,
    send: () => false,
  };
}

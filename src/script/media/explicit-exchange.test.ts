import { describe, expect, it } from 'vitest';
import { TestRelay } from '../../../testing/test-relay.ts';
import { Advertise } from '../../advertise/advertise.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import { SequentialIds } from '../../base/ids.ts';
import type { Listener } from '../../net/listener.ts';
import { buildRequest, buildResponse } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { parseMessage } from '../../wire/sip/parse.ts';
import {
  type ExplicitExchange,
  exchangeKey,
  exchangeOnce,
  exchangeParty,
  unforce,
} from './explicit-exchange.ts';
import { type MediaEnvironment, newMediaCounters } from './media-environment.ts';

const SDP =
  'v=0\r\no=- 1 1 IN IP4 10.0.0.50\r\ns=-\r\nc=IN IP4 10.0.0.50\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
const LISTENER: Listener = {
  name: 'udp',
  transport: 'udp',
  address: '10.0.0.34',
  port: 5060,
  family: 4,
  advertised: { host: '99.88.44.33' },
};
const key = Buffer.alloc(32);
const ENVIRONMENT: MediaEnvironment = {
  advertise: new Advertise({ settings: {}, listeners: [LISTENER], key, clock: new FakeClock() }),
  ids: new SequentialIds(),
  counters: newMediaCounters(),
  advertised: () => undefined,
  leadsTo: () => undefined,
  isOwn: () => false,
};

function read(bytes: Buffer): SipMessage {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

const body = { headers: [[H.ContentType, 'application/sdp'] as const], body: Buffer.from(SDP) };

function request(toTag = '', withBody = true): SipMessage {
  const headers = [
    [H.Via, 'SIP/2.0/UDP 10.0.0.50;branch=z9hG4bK1'],
    [H.From, '<sip:alice@example.com>;tag=a'],
    [H.To, `<sip:bob@example.com>${toTag}`],
    [H.CallId, 'call'],
    [H.CSeq, '1 INVITE'],
  ] as const;
  const parts = { method: 'INVITE', requestUri: 'sip:bob@example.com' };
  return read(
    withBody
      ? buildRequest({ ...parts, headers: [...headers, ...body.headers], body: body.body })
      : buildRequest({ ...parts, headers }),
  );
}

const answer = read(buildResponse(request(), { status: 200, toTag: 'b', ...body }));

describe('the tags of an exchange', () => {
  const relay = { name: 'own', control: new TestRelay(), set: 3 };
  it.each([
    ['a request that offers', request(), 'offer', 'a', undefined],
    ['an answer to it', answer, 'answer', 'a', 'b'],
    ['an answer with a late offer', answer, 'offer', 'b', 'a'],
    ['the ACK to it', request(';tag=b'), 'answer', 'b', 'a'],
  ] as const)('%s', (_, message, kind, fromTag, toTag) => {
    expect(exchangeKey(message, relay, kind)).toEqual({ callId: 'call', fromTag, toTag, set: 3 });
  });

  it('name the parties by who sent the request', () => {
    expect(exchangeParty('uac', request(';tag=b'))).toBe('offerer');
    expect(exchangeParty('uas', request(';tag=b'))).toBe('answerer');
    expect(exchangeParty('uac', answer)).toBe('answerer');
  });
});

describe('exchangeOnce', () => {
  const control = new TestRelay();
  const relay = { name: 'own', control, set: 0 };
  const once = (parts: Partial<ExplicitExchange>) =>
    exchangeOnce(
      { kind: 'offer', message: request(), source: '10.0.0.50', relay, flags: {}, ...parts },
      ENVIRONMENT,
    );
  const reader = { listener: LISTENER, destination: '203.0.113.10', override: undefined };

  it('prints for its reader what that one can reach, or what the script says', async () => {
    const offer = await once({});
    expect(offer?.ok && offer.for(reader).toString()).toContain(
      'c=IN IP4 99.88.44.33\r\nt=0 0\r\nm=audio 40000',
    );
    const forced = await once({ kind: 'answer', message: answer, address: '23.45.67.89' });
    expect(forced?.ok && forced.for(reader).toString()).toContain(
      'c=IN IP4 23.45.67.89\r\nt=0 0\r\nm=audio 40002',
    );
    expect(await unforce(request(';tag=b'), relay)).toMatchObject({ ok: true });
    expect(control.size).toBe(0);
  });

  it('tells what went wrong, and nothing where there is no description', async () => {
    expect(await once({ kind: 'answer', message: answer })).toMatchObject({
      ok: false,
      failure: { fault: 'unknown-call' },
    });
    expect(await once({ message: request('', false) })).toBeUndefined();
  });
});

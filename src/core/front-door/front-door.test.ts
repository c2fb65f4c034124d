import { describe, expect, it } from 'vitest';
import { Advertise } from '../../advertise/advertise.ts';
import { FakeClock } from '../../base/fake-clock.ts';
import type { Flow } from '../../net/flow.ts';
import type { Listener } from '../../net/listener.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { parseMessage } from '../../wire/sip/parse.ts';
import { boundedAnswer } from './bounded-answer.ts';
import { DEFAULT_FRONT_DOOR, FrontDoor, type FrontDoorSettings } from './front-door.ts';

const LISTENER: Listener = {
  name: 'udp:10.0.0.34:5060',
  transport: 'udp',
  address: '10.0.0.34',
  port: 5060,
  family: 4,
  advertised: { host: '99.88.44.33' },
};

function flow(remoteAddress = '203.0.113.1', transport: 'udp' | 'tcp' = 'udp'): Flow {
  return {
    listener: LISTENER,
    transport,
    remoteAddress,
    remotePort: 5060,
    connectionId: 0,
    send: () => true,
  };
}

function request(startLine: string, ...headers: string[]): SipMessage {
  const method = startLine.split(' ')[0];
  const text = [
    `${startLine} SIP/2.0`,
    'Via: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK-1',
    'From: <sip:alice@example.com>;tag=1',
    ...(headers.some((line) => line.startsWith('To:')) ? [] : ['To: <sip:bob@example.com>']),
    'Call-ID: 1',
    `CSeq: 1 ${method}`,
    ...headers,
    '',
    '',
  ].join('\r\n');
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

function frontDoor(change: Partial<FrontDoorSettings> = {}, clock: FakeClock = new FakeClock()): FrontDoor {
  const advertise = new Advertise({
    settings: { domains: ['example.com'] },
    listeners: [LISTENER],
    key: Buffer.alloc(32, 1),
    clock,
  });
  return new FrontDoor({ clock, advertise, settings: { ...DEFAULT_FRONT_DOOR, ...change } });
}

describe('the front door', () => {
  it('lets a sound request in', () => {
    expect(frontDoor().admit(request('INVITE sip:bob@example.com'), flow())).toBeUndefined();
  });

  it.each(['friendly-scanner', 'sipvicious', 'SIPVicious 0.3', 'sundayddr', 'pplsip'])(
    'drops %s',
    (agent) => {
      const door = frontDoor();
      const scan = request('OPTIONS sip:100@99.88.44.33', `User-Agent: ${agent}`);
      expect(door.admit(scan, flow())).toEqual({ kind: 'drop', reason: 'scanner' });
      expect(door.counters.scanners).toBe(1);
    },
  );

  it('lets everybody in where no scanners are listed', () => {
    const scan = request('OPTIONS sip:100@99.88.44.33', 'User-Agent: friendly-scanner');
    expect(frontDoor({ scanners: [] }).admit(scan, flow())).toBeUndefined();
  });

  it('drops what one source sends beyond its rate, and that source alone', () => {
    const clock = new FakeClock();
    const door = frontDoor({ rate: { perSecond: 1, burst: 3 } }, clock);
    const invite = request('INVITE sip:bob@example.com');
    const admitted = () => Array.from({ length: 5 }, () => door.admit(invite, flow()) === undefined);
    expect(admitted()).toEqual([true, true, true, false, false]);
    expect(door.admit(invite, flow('203.0.113.2'))).toBeUndefined();
    clock.advance(2000);
    expect(admitted()).toEqual([true, true, false, false, false]);
    expect(door.counters.flooded).toBe(5);
  });

  it('does not count neighbours of the inside, unless it is told to', () => {
    const invite = request('INVITE sip:bob@example.com');
    const rate = { perSecond: 1, burst: 1 };
    const trusting = frontDoor({ rate });
    const wary = frontDoor({ rate, trustInside: false });
    for (const door of [trusting, wary]) door.admit(invite, flow('10.0.0.50'));
    expect(trusting.admit(invite, flow('10.0.0.50'))).toBeUndefined();
    expect(wary.admit(invite, flow('10.0.0.50'))).toMatchObject({ kind: 'drop' });
  });

  it('starts new settings with full buckets', () => {
    const door = frontDoor({ rate: { perSecond: 1, burst: 1 } });
    const invite = request('INVITE sip:bob@example.com');
    door.admit(invite, flow());
    door.update({ ...DEFAULT_FRONT_DOOR, rate: { perSecond: 1, burst: 1 } });
    expect(door.admit(invite, flow())).toBeUndefined();
  });

  it('answers what is malformed with the status that the RFC wants', () => {
    const door = frontDoor();
    expect(door.admit(request('INVITE sip:bob@example.com', 'Max-Forwards: x'), flow())).toMatchObject({
      kind: 'answer',
      status: 400,
    });
    expect(door.admit(request('INVITE http://example.com'), flow())).toMatchObject({ status: 416 });
    expect(door.admit(request('INVITE sip:bob@example.com', 'Proxy-Require: magic'), flow())).toMatchObject({
      status: 420,
    });
    expect(door.counters.malformed).toBe(3);
  });

  it('answers 483 where no hop is left, but for what ends here', () => {
    const door = frontDoor();
    const last = 'Max-Forwards: 0';
    expect(door.admit(request('INVITE sip:bob@example.com', last), flow())).toMatchObject({ status: 483 });
    expect(door.admit(request('OPTIONS sip:bob@example.com', last), flow())).toMatchObject({ status: 483 });
    expect(door.admit(request('OPTIONS sip:99.88.44.33', last), flow())).toBeUndefined();
    expect(door.admit(request('REGISTER sip:example.com', last), flow())).toBeUndefined();
  });

  it('refuses a preloaded Route to anybody but this server', () => {
    const door = frontDoor();
    const invite = (...routes: string[]) =>
      door.admit(request('INVITE sip:bob@example.com', ...routes), flow());
    expect(invite('Route: <sip:99.88.44.33;lr>')).toBeUndefined();
    expect(invite('Route: <sip:10.0.0.34:5060;lr>')).toBeUndefined();
    expect(invite('Route: <sip:198.51.100.7;lr>')).toMatchObject({ status: 403 });
    expect(invite('Route: <sip:99.88.44.33;lr>, <sip:198.51.100.7;lr>')).toMatchObject({ status: 403 });
    expect(invite('Route: <sip:99.88.44.33;transport=invalid;lr>')).toMatchObject({ status: 403 });
  });

  it('believes no dialog that only its sender knows of', () => {
    const advertise = new Advertise({
      settings: { domains: ['example.com'] },
      listeners: [LISTENER],
      key: Buffer.alloc(32, 1),
      clock: new FakeClock(),
    });
    const { tags } = advertise;
    const door = frontDoor();
    const sequential = (method: string, from: string, ...routes: string[]) => {
      const message = request(
        `${method} sip:premium@198.51.100.7`,
        'To: <sip:premium@198.51.100.7>;tag=2',
        ...routes,
      );
      return method === 'ACK' ? door.admitAck(message, flow(from)) : door.admit(message, flow(from));
    };
    const written = `Route: <sip:99.88.44.33;lr;vt=${tags.tagOf(LISTENER)}>`;
    const proof = tags.proofOf(request('INVITE sip:bob@example.com').callId);
    const printed = written.replace('>', `;vd=${proof}>`);
    const copied = written.replace('>', `;vd=${tags.proofOf('another call')}>`);
    for (const method of ['INVITE', 'BYE', 'ACK', 'NOTIFY']) {
      expect(sequential(method, '203.0.113.1', printed)).toBeUndefined();
      expect(sequential(method, '203.0.113.1', written)).toBeDefined();
      expect(sequential(method, '203.0.113.1', copied)).toBeDefined();
      expect(sequential(method, '203.0.113.1', `Route: <sip:198.51.100.7;lr;vd=${proof}>`)).toBeDefined();
      expect(sequential(method, '10.0.0.50', written)).toBeUndefined();
    }
    expect(sequential('BYE', '203.0.113.1', written)).toMatchObject({ kind: 'answer', status: 403 });
    expect(sequential('ACK', '203.0.113.1', written)).toMatchObject({ kind: 'drop' });
    expect(door.counters.relayRefused).toBe(14);
  });
});

describe('answers to those who have not shown who they are', () => {
  const large = { status: 200, headers: [['X-Long', 'x'.repeat(3000)] as const], body: Buffer.alloc(3000) };
  const stranger = request('OPTIONS sip:99.88.44.33');

  it('keep their size', () => {
    expect(boundedAnswer(stranger, flow(), large)).toEqual({ status: 200, headers: [] });
    const challenged = { ...large, headers: [...large.headers, ['www-authenticate', 'Digest'] as const] };
    expect(boundedAnswer(stranger, flow(), challenged).headers).toEqual([['www-authenticate', 'Digest']]);
    const small = { status: 200, headers: [['Allow', 'INVITE'] as const] };
    expect(boundedAnswer(stranger, flow(), small)).toBe(small);
  });

  it('are whole over connections, whose source nobody can forge, and for those with credentials', () => {
    expect(boundedAnswer(stranger, flow('203.0.113.1', 'tcp'), large)).toBe(large);
    const known = request('OPTIONS sip:99.88.44.33', 'Authorization: Digest username="alice"');
    expect(boundedAnswer(known, flow(), large)).toBe(large);
  });
});

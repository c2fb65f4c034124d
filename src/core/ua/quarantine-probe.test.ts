import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import type { Destination } from '../../net/network.ts';
import { Quarantine } from '../../net/quarantine.ts';
import type { SipMessage } from '../../wire/sip/message.ts';
import { read } from '../proxy/testing/messages.ts';
import { QuarantineProbe } from './quarantine-probe.ts';
import type { OutgoingRequest, RequestOutcome } from './user-agent-client.ts';

const PLACE: Destination = { transport: 'tcp', address: '2001:db8::1', port: 5070 };
const ANY_RESPONSE: SipMessage = read('SIP/2.0 404 Not Found\r\n\r\n');

function setUp(answer: (request: OutgoingRequest) => Promise<RequestOutcome>) {
  const clock = new FakeClock();
  const quarantine = new Quarantine(clock, { firstMs: 10_000 });
  const requests: OutgoingRequest[] = [];
  const request = (it: OutgoingRequest) => {
    requests.push(it);
    return answer(it);
  };
  const probe = new QuarantineProbe(quarantine, { request }, clock);
  quarantine.failed(PLACE, 'no answer');
  return { clock, quarantine, requests, probe };
}

describe('QuarantineProbe', () => {
  it('asks when the time is over, and any answer lets the place out', async () => {
    const { clock, quarantine, requests } = setUp(async () => ({ status: 404, response: ANY_RESPONSE }));
    await clock.advanceAsync(9_999);
    expect(requests).toEqual([]);
    await clock.advanceAsync(2_000);
    expect(requests).toEqual([
      { method: 'OPTIONS', requestUri: 'sip:[2001:db8::1]:5070;transport=tcp', source: PLACE },
    ]);
    expect(quarantine.size).toBe(0);
  });

  it.each<[string, RequestOutcome]>([
    ['silence', { status: 408, response: undefined }],
    ['503', { status: 503, response: ANY_RESPONSE }],
  ])('keeps the place in after %s, for longer', async (_what, outcome) => {
    const { clock, quarantine, requests } = setUp(async () => outcome);
    await clock.advanceAsync(12_000);
    expect(quarantine.all()).toMatchObject([{ failures: 2 }]);
    await clock.advanceAsync(17_000);
    expect(requests).toHaveLength(1);
    await clock.advanceAsync(4_000);
    expect(requests).toHaveLength(2);
  });

  it('asks nobody who is asked from elsewhere', async () => {
    const [clock, requests] = [new FakeClock(), [] as OutgoingRequest[]];
    const quarantine = new Quarantine(clock, { firstMs: 10_000 });
    const request = async (it: OutgoingRequest) => {
      requests.push(it);
      return { status: 404, response: ANY_RESPONSE };
    };
    const other: Destination = { ...PLACE, address: '2001:db8::2' };
    await using _ = new QuarantineProbe(quarantine, { request }, clock, (it) => it.address === PLACE.address);
    for (const place of [PLACE, other]) quarantine.failed(place, 'no answer');
    await clock.advanceAsync(60_000);
    expect(requests.map(({ source }) => source)).toEqual([PLACE]);
  });

  it('asks once at a time, and nobody once it is closed', async () => {
    const { clock, requests, probe } = setUp(() => new Promise(() => {}));
    await clock.advanceAsync(60_000);
    expect(requests).toHaveLength(1);
    await probe[Symbol.asyncDispose]();
    expect(clock.pendingTimers).toBe(0);
  });
});

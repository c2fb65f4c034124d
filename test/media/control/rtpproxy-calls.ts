import type { MediaControl, MediaQuestion, MediaResult } from '../../../src/media/control/media-control.ts';

function sdp(...media: string[]): string {
  return ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', ...media, ''].join('\r\n');
}

const AUDIO = 'm=audio 8000 RTP/AVP 0 8 101';
const VIDEO = ['m=video 8002 RTP/AVP 96', 'a=rtcp:8003'];

/**
 * Calls through one relay at 127.0.0.1, whatever it is: all that a control may ask, right and wrong.
 * @returns what came of each step, as text
 */
export async function relayCalls(control: MediaControl): Promise<string[]> {
  const outcomes: string[] = [];
  const key = { callId: 'call-1@example.com', fromTag: 'ft', toTag: 'tt' };
  const ask = (more: Partial<MediaQuestion>): MediaQuestion => ({
    ...key,
    sdp: sdp(AUDIO),
    source: '127.0.0.1',
    ...more,
  });
  const note = (step: string, what: unknown) => outcomes.push(`${step}: ${JSON.stringify(what)}`);
  const noteRelayed = (step: string, result: MediaResult) =>
    note(step, result.ok ? result.print(({ address }) => address!) : result);

  const twoMedia = sdp(AUDIO, ...VIDEO);
  noteRelayed('INVITE', await control.offer(ask({ toTag: undefined, sdp: twoMedia })));
  noteRelayed(
    '183',
    await control.answer(ask({ sdp: sdp('m=audio 9000 RTP/AVP 0', 'm=video 0 RTP/AVP 96') })),
  );
  noteRelayed(
    '200',
    await control.answer(ask({ sdp: sdp('m=audio 9000 RTP/AVP 0', 'm=video 9002 RTP/AVP 96') })),
  );
  noteRelayed('re-INVITE', await control.offer(ask({ sdp: twoMedia, flags: { origin: true } })));
  noteRelayed('its 200', await control.answer(ask({ sdp: twoMedia })));
  const back = { fromTag: 'tt', toTag: 'ft', sdp: twoMedia };
  noteRelayed('re-INVITE of the callee', await control.offer(ask(back)));
  noteRelayed('its 200', await control.answer(ask(back)));
  noteRelayed(
    'offer of a call that exists',
    await control.offer(ask({ toTag: undefined, flags: { onlyExisting: true } })),
  );

  const counters = ['ttl', 'npkts_ina', 'npkts_ino', 'nrelayed', 'ndropped', 'rtpa_nsent', 'rtpa_nrcvd'];
  for (const request of [key, { ...key, media: 2 }, { ...key, toTag: undefined, counters }]) {
    const result = await control.query(request);
    note('statistics', result.ok ? Object.fromEntries(result.counters) : result);
  }
  note('no such counter', await control.query({ ...key, counters: ['nonsense'] }));
  note('start recording', await control.startRecording(key));
  note('stop recording', await control.stopRecording(key));
  note(
    'record one side',
    await control.startRecording({ ...key, party: 'offerer', destination: 'one', media: 1 }),
  );
  note('stop it', await control.stopRecording({ ...key, party: 'offerer', media: 1 }));
  note('no such prompt', await control.play({ ...key, to: 'offerer', prompt: '/nowhere/none', count: 1 }));
  note('stop playing', await control.stopPlay({ ...key, to: 'answerer' }));
  note('BYE', await control.delete(key));
  note('BYE again', await control.delete(key));
  note('statistics of what is over', await control.query(key));

  noteRelayed('late offer', await control.offer(ask({ fromTag: 'tt', toTag: 'ft', callId: 'late' })));
  noteRelayed('ACK', await control.answer(ask({ fromTag: 'tt', toTag: 'ft', callId: 'late' })));
  note('its BYE', await control.delete({ ...key, callId: 'late' }));

  const other = { callId: 'other', toTag: undefined };
  noteRelayed('answer of an unknown call', await control.answer(ask({ ...other, toTag: 'x' })));
  noteRelayed('no such label', await control.offer(ask({ ...other, local: '{nowhere}' })));
  noteRelayed('no such address', await control.offer(ask({ ...other, local: '192.0.2.99' })));
  noteRelayed(
    'e and i without bridge',
    await control.offer(ask({ ...other, flags: { directions: ['external'] } })),
  );
  noteRelayed('no IPv6', await control.offer(ask({ ...other, source: '::1' })));
  noteRelayed(
    'address by its reader',
    await control.offer(ask({ ...other, reader: '127.0.0.1', local: '127.0.0.1' })),
  );
  const flags = { packetTime: 30, ttl: 90, asymmetric: true };
  noteRelayed('packet time, ttl, asymmetric', await control.offer(ask({ ...other, callId: 'flags', flags })));
  noteRelayed(
    'held',
    await control.offer(
      ask({ callId: 'held', sdp: sdp(AUDIO, 'c=IN IP4 0.0.0.0'), flags: { trustAddress: true } }),
    ),
  );
  for (const callId of ['other', 'flags', 'held'])
    note('BYE', await control.delete({ callId, fromTag: 'ft' }));
  return outcomes;
}

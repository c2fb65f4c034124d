import { describe, expect, it } from 'vitest';
import { buildTelephoneEvent, eventKey, keyEvent, parseTelephoneEvent } from './telephone-event.ts';

describe('telephone events', () => {
  it('are read and written as RFC 4733 §2.3 has them', () => {
    const event = { event: 11, end: true, volume: 10, duration: 800 };
    expect(buildTelephoneEvent(event).toString('hex')).toBe('0b8a0320');
    expect(parseTelephoneEvent(Buffer.from('0b8a0320', 'hex'))).toEqual(event);
    expect(parseTelephoneEvent(Buffer.from('014a0320', 'hex'))).toEqual({ ...event, event: 1, end: false });
    expect(parseTelephoneEvent(Buffer.from('0b8a03', 'hex'))).toBeUndefined();
  });

  it('are keys up to 16', () => {
    const keys = Array.from({ length: 18 }, (_, event) => eventKey(event) ?? '-').join('');
    expect(keys).toBe('0123456789*#ABCD!-');
    expect([
      keyEvent('#'),
      keyEvent('d'),
      keyEvent('!'),
      keyEvent('x'),
      keyEvent(''),
      keyEvent('12'),
    ]).toEqual([11, 15, 16, undefined, undefined, undefined]);
  });
});

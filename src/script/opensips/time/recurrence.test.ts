import { describe, expect, it } from 'vitest';
import { parseTimeExpression } from './recurrence-expression.ts';
import { momentOf, zonedTime } from './zoned-time.ts';

const at = (text: string): number => Date.parse(text);
const WORK = 'UTC|20210104T080000|20210104T180000||WEEKLY|||MO,TU,WE,TH,FR';

describe('time recurrences', () => {
  it.each([
    ['a plain interval', 'UTC|20120101T000000|20130101T000000', '2012-06-01T00:00:00Z', true],
    ['its end', 'UTC|20120101T000000|20130101T000000', '2013-01-01T00:00:00Z', false],
    ['a duration', 'UTC|20121101T000000||p30d', '2012-11-30T23:59:59Z', true],
    ['behind a duration', 'UTC|20121101T000000||p30d', '2012-12-01T00:00:00Z', false],
    ['a working day', WORK, '2026-11-25T12:00:00Z', true],
    ['its evening', WORK, '2026-11-25T18:00:00Z', false],
    ['a Sunday', WORK, '2026-11-29T12:00:00Z', false],
    [
      'lunch left out',
      `${WORK} & !UTC|20210104T120000|20210104T140000||WEEKLY|||MO,TU,WE,TH,FR`,
      '2026-11-25T13:00:00Z',
      false,
    ],
    [
      'one of two',
      'UTC|20210427T000000|20210428T000000 / UTC|20211227T000000|20211228T000000',
      '2021-12-27T10:00:00Z',
      true,
    ],
    [
      'zones with a slash',
      '(Europe/Amsterdam|20210427T000000|20210428T000000 / Europe/London|20211227T000000|20211228T000000)',
      '2021-04-26T22:30:00Z',
      true,
    ],
    ['every second day', 'UTC|20260101T000000|20260102T000000||DAILY||2', '2026-01-03T10:00:00Z', true],
    ['not the day between', 'UTC|20260101T000000|20260102T000000||DAILY||2', '2026-01-02T10:00:00Z', false],
    ['the last Friday', 'UTC|20260101T000000|20260102T000000||MONTHLY|||-1FR', '2026-11-27T10:00:00Z', true],
    ['no other Friday', 'UTC|20260101T000000|20260102T000000||MONTHLY|||-1FR', '2026-11-20T10:00:00Z', false],
    [
      'the last of the month',
      'UTC|20260101T000000|20260102T000000||MONTHLY||||-1',
      '2026-02-28T10:00:00Z',
      true,
    ],
    [
      'the first days of the year',
      'UTC|20260101T000000|20260102T000000||YEARLY|||||1,2',
      '2027-01-02T10:00:00Z',
      true,
    ],
    ['night over midnight', 'UTC|20260101T220000|20260102T060000||DAILY', '2026-05-05T02:00:00Z', true],
    ['the day between nights', 'UTC|20260101T220000|20260102T060000||DAILY', '2026-05-05T12:00:00Z', false],
    ['until', 'UTC|20260101T000000|20260102T000000||DAILY|20260201T000000', '2026-02-02T00:00:00Z', false],
    ['December', 'UTC|20260101T000000|20260102T000000||YEARLY|||||||12', '2026-12-01T00:00:00Z', true],
    ['summer time', 'Europe/Bucharest|20260101T080000|20260101T090000||DAILY', '2026-07-01T05:30:00Z', true],
  ])('%s', (_name, text, when, expected) => {
    expect(parseTimeExpression(text)?.(at(when))).toBe(expected);
  });

  it.each([
    'Nowhere/Land|20260101T000000',
    '2026',
    '20260101T000000||||20270101T000000',
    '(20260101T000000',
    'UTC|20260101T000000|20260102T000000||OFTEN',
    '20260101T000000||p',
  ])('%s is none', (text) => {
    expect(parseTimeExpression(text)).toBeUndefined();
  });

  it('finds moments in zones, on both sides of a change', () => {
    expect(momentOf(2026, 3, 29, 4, 0, 0, 'Europe/Berlin')).toBe(at('2026-03-29T02:00:00Z'));
    expect(momentOf(2026, 3, 29, 1, 0, 0, 'Europe/Berlin')).toBe(at('2026-03-29T00:00:00Z'));
    expect(zonedTime(at('2026-03-01T00:30:00Z'), 'America/New_York')).toMatchObject({
      day: 28,
      hour: 19,
      weekday: 6,
    });
  });
});

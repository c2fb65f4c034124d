import { dayNumber, isZone, momentOf, type ZonedTime, zonedTime } from './zoned-time.ts';

type Frequency = 'daily' | 'weekly' | 'monthly' | 'yearly';

/** A number with the sign that counts from the end, and for days of the week which one. */
interface Numbered {
  readonly value: number;
  /** 0 where none is written. */
  readonly nth: number;
}

const SECONDS = { daily: 86_400, weekly: 604_800, monthly: 31 * 86_400, yearly: 366 * 86_400 } as const;
const WEEKDAYS = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA'];
const MOST_LISTED = 400;

interface Rule {
  readonly zone: string | undefined;
  /** ms since 1970. */
  readonly start: number;
  readonly end: number;
  readonly durationS: number;
  readonly frequency: Frequency | undefined;
  readonly until: number | undefined;
  readonly interval: number;
  readonly byDay: readonly Numbered[];
  readonly byMonthDay: readonly number[];
  readonly byYearDay: readonly number[];
  readonly byWeek: readonly number[];
  readonly byMonth: readonly number[];
}

/** One time recurrence (RFC 2445 §4.8.5.4, in the fields of OpenSIPS): when it is, and when not. */
export class TimeRecurrence {
  readonly #rule: Rule;

  private constructor(rule: Rule) {
    this.#rule = rule;
  }

  /** `[zone|]dtstart|dtend|duration|freq|until|interval|byday|bymday|byyday|byweekno|bymonth`; @returns undefined for what is none */
  static parse(text: string): TimeRecurrence | undefined {
    const fields = text
      .trim()
      .split('|')
      .map((field) => field.trim());
    if (fields.length > 12) return undefined;
    const zoned = /^[A-Za-z]/.test(fields[0]!);
    const zone = zoned ? fields.shift() : undefined;
    if (zone !== undefined && !isZone(zone)) return undefined;
    const [dtstart = '', dtend = '', duration = '', freq = '', until = '', interval = ''] = fields;
    const lists = [fields[7], fields[8], fields[9], fields[10]].map((field) => numbers(field ?? ''));
    const byDay = weekdays(fields[6] ?? '');
    const frequency = freq === '' ? undefined : freq.toLowerCase();
    if (frequency !== undefined && !(frequency in SECONDS)) return undefined;
    const start = dtstart === '' ? 0 : dateTime(dtstart, zone);
    const stop = dtend === '' ? undefined : dateTime(dtend, zone);
    const length = duration === '' ? undefined : durationSeconds(duration);
    const last = until === '' ? undefined : dateTime(until, zone);
    const every = interval === '' ? 1 : Number(interval);
    const parts = [start, stop, length, last];
    if (parts.some(Number.isNaN) || !Number.isInteger(every) || every < 1) return undefined;
    if (byDay === undefined || lists.includes(undefined)) return undefined;
    const [byMonthDay, byYearDay, byWeek, byMonth] = lists as number[][];
    const limited = byDay.length + lists.flat().length > 0;
    if (frequency === undefined && (until !== '' || interval !== '' || limited)) return undefined;
    const rule = {
      zone,
      start: start!,
      frequency: frequency as Frequency | undefined,
      until: last,
      interval: every,
      byDay,
      byMonthDay: byMonthDay!,
      byYearDay: byYearDay!,
      byWeek: byWeek!,
      byMonth: byMonth!,
    };
    const durationS = length ?? (stop === undefined ? untilUnitEnds(rule) : (stop - start!) / 1000);
    return new TimeRecurrence({ ...rule, durationS, end: start! + durationS * 1000 });
  }

  /** @param wallMs ms since 1970 */
  matches(wallMs: number): boolean {
    const rule = this.#rule;
    if (wallMs < rule.start) return false;
    if (rule.frequency === undefined) return wallMs < rule.end;
    if (rule.until !== undefined && wallMs > rule.until) return false;
    const at = zonedTime(wallMs, rule.zone);
    const first = zonedTime(rule.start, rule.zone);
    return isInInterval(rule, first, at) && isInUnit(rule, first, at) && isListed(rule, at);
  }
}

/** The smallest unit in which a rule repeats. */
function unitOf(
  rule: Pick<Rule, 'frequency' | 'byDay' | 'byMonthDay' | 'byYearDay' | 'byWeek' | 'byMonth'>,
): Frequency | undefined {
  const { frequency, byDay, byMonthDay, byYearDay, byWeek, byMonth } = rule;
  if (frequency === 'daily' || byDay.length + byMonthDay.length + byYearDay.length > 0) return 'daily';
  if (frequency === 'weekly' || byWeek.length > 0) return 'weekly';
  return frequency === 'monthly' || byMonth.length > 0 ? 'monthly' : frequency;
}

/** Without an end the rest of its unit is meant. */
function untilUnitEnds(rule: Omit<Rule, 'durationS' | 'end'>): number {
  const unit = unitOf(rule);
  if (unit === undefined) return Number.POSITIVE_INFINITY;
  const at = zonedTime(rule.start, rule.zone);
  const days = { daily: 0, weekly: at.weekday, monthly: at.day, yearly: at.yearDay }[unit];
  return SECONDS[unit] - days * SECONDS.daily - secondOfDay(at);
}

function isInInterval({ frequency, interval }: Rule, first: ZonedTime, at: ZonedTime): boolean {
  if (interval === 1) return true;
  const days = dayNumber(at) - dayNumber(first);
  switch (frequency!) {
    case 'daily':
      return days % interval === 0;
    case 'weekly': {
      // Weeks begin on Mondays.
      const shift = ((at.weekday + 6) % 7) - ((first.weekday + 6) % 7);
      return ((days - shift) / 7) % interval === 0;
    }
    case 'monthly':
      return ((at.year - first.year) * 12 + at.month - first.month) % interval === 0;
    case 'yearly':
      return (at.year - first.year) % interval === 0;
  }
}

/** Whether the time lies in the stretch that begins where the first one began, in its unit. */
function isInUnit(rule: Rule, first: ZonedTime, at: ZonedTime): boolean {
  const unit = unitOf(rule)!;
  if (rule.durationS >= SECONDS[unit]) return true;
  const length = { daily: 1, weekly: 7, monthly: 31, yearly: 366 }[unit];
  const place = (time: ZonedTime): number =>
    ({ daily: 0, weekly: time.weekday, monthly: time.day - 1, yearly: time.yearDay })[unit] * SECONDS.daily +
    secondOfDay(time);
  const total = length * SECONDS.daily;
  return (place(at) - place(first) + total) % total < rule.durationS;
}

function isListed(rule: Rule, at: ZonedTime): boolean {
  const { frequency, byDay, byMonthDay, byYearDay, byWeek, byMonth } = rule;
  const monthDays = new Date(Date.UTC(at.year, at.month, 0)).getUTCDate();
  const yearDays = new Date(Date.UTC(at.year, 1, 29)).getUTCDate() === 29 ? 366 : 365;
  if (byMonth.length > 0 && !byMonth.some((it) => fromEnd(it, 12) === at.month)) return false;
  if (frequency === 'yearly' && byWeek.length > 0) {
    const weeks = weekOf(at.yearDay, at.weekday, yearDays);
    if (!byWeek.some((it) => fromEnd(it, weeks.total) === weeks.at)) return false;
  }
  if (byYearDay.length > 0 && !byYearDay.some((it) => fromEnd(it, yearDays) === at.yearDay + 1)) return false;
  if (byMonthDay.length > 0 && !byMonthDay.some((it) => fromEnd(it, monthDays) === at.day)) return false;
  if (byDay.length === 0) return true;
  return byDay.some(({ value, nth }) => {
    if (value !== at.weekday) return false;
    if (nth === 0 || (frequency !== 'monthly' && frequency !== 'yearly')) return true;
    const [place, total] = frequency === 'monthly' ? [at.day - 1, monthDays] : [at.yearDay, yearDays];
    return nth > 0 ? Math.floor(place / 7) + 1 === nth : Math.floor((total - 1 - place) / 7) + 1 === -nth;
  });
}

/** Weeks begin on Mondays; the days before the first Monday are of week 1 too where it has four of them (ISO 8601). */
function weekOf(yearDay: number, weekday: number, yearDays: number): { at: number; total: number } {
  const monday = (weekday + 6) % 7;
  const at = Math.floor((yearDay - monday + 9) / 7);
  return { at, total: Math.floor((yearDays + 6) / 7) };
}

/** Negative numbers count from the end: -1 is the last. */
function fromEnd(value: number, total: number): number {
  return value < 0 ? total + 1 + value : value;
}

function secondOfDay({ hour, minute, second }: ZonedTime): number {
  return hour * 3600 + minute * 60 + second;
}

/** `YYYYMMDD[THHMMSS]` in the zone, with `Z` at its end in UTC. @returns NaN for what is none */
function dateTime(text: string, zone: string | undefined): number {
  const found = /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2}))?(Z?)$/.exec(text);
  if (!found) return Number.NaN;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0));
  if (month! < 1 || month! > 12 || day! < 1 || day! > 31 || hour! > 23 || minute! > 59 || second! > 60) {
    return Number.NaN;
  }
  return momentOf(year!, month!, day!, hour!, minute!, second!, found[7] === 'Z' ? 'UTC' : zone);
}

/** `P3W`, `P30D`, `PT8H30M`, in any case. @returns NaN for what is none */
function durationSeconds(text: string): number {
  const found = /^\+?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/i.exec(text);
  if (!found || !/\d/.test(text)) return Number.NaN;
  const [weeks, days, hours, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0));
  return weeks! * 604_800 + days! * 86_400 + hours! * 3600 + minutes! * 60 + seconds!;
}

function numbers(text: string): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(/[,\s]+/).filter((part) => part !== '');
  if (parts.length > MOST_LISTED || !parts.every((part) => /^[+-]?\d{1,3}$/.test(part))) return undefined;
  return parts.map(Number).filter((value) => value !== 0);
}

function weekdays(text: string): Numbered[] | undefined {
  if (text === '') return [];
  const found: Numbered[] = [];
  for (const part of text.split(/[,\s]+/)) {
    const match = /^([+-]?\d{1,2})?([A-Z]{2})$/i.exec(part);
    const value = WEEKDAYS.indexOf(match?.[2]?.toUpperCase() ?? '');
    if (value < 0 || found.length >= MOST_LISTED) return undefined;
    found.push({ value, nth: Number(match![1] ?? 0) });
  }
  return found;
}

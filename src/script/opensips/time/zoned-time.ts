/** A moment as a calendar on the wall of some place shows it. */
export interface ZonedTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 for Sunday. */
  readonly weekday: number;
  /** 0 for the first of January. */
  readonly yearDay: number;
}

const DAY_MS = 86_400_000;

/** Formats are slow to make, and few zones are ever used. */
const formats = new Map<string, Intl.DateTimeFormat>();
const MOST_ZONES = 1000;

/** @returns undefined for a zone that is none */
function formatOf(zone: string | undefined): Intl.DateTimeFormat | undefined {
  const key = zone ?? '';
  const known = formats.get(key);
  if (known !== undefined) return known;
  try {
    const made = new Intl.DateTimeFormat('en-US', {
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
      ...(zone === undefined ? {} : { timeZone: zone }),
    });
    if (formats.size < MOST_ZONES) formats.set(key, made);
    return made;
  } catch {
    return undefined;
  }
}

export function isZone(zone: string): boolean {
  return formatOf(zone) !== undefined;
}

/**
 * @param wallMs ms since 1970
 * @param zone as `Europe/Bucharest`; undefined for that of the machine, which is also used for a zone that is none
 */
export function zonedTime(wallMs: number, zone: string | undefined): ZonedTime {
  const found: Record<string, number> = {};
  for (const { type, value } of (formatOf(zone) ?? formatOf(undefined)!).formatToParts(wallMs)) {
    found[type] = Number(value);
  }
  const { year, month, day, hour, minute, second } = found as Record<string, number>;
  const midnight = Date.UTC(year!, month! - 1, day!);
  return {
    year: year!,
    month: month!,
    day: day!,
    hour: hour!,
    minute: minute!,
    second: second!,
    weekday: new Date(midnight).getUTCDay(),
    yearDay: (midnight - Date.UTC(year!, 0, 1)) / DAY_MS,
  };
}

/** The moment at which the wall of a place shows a time. @returns ms since 1970 */
export function momentOf(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  zone: string | undefined,
): number {
  const wanted = Date.UTC(year, month - 1, day, hour, minute, second);
  let guess = wanted;
  // Twice: the first guess may lie on the other side of a change of summer time.
  for (let i = 0; i < 2; i++) {
    const seen = zonedTime(guess, zone);
    const shown = Date.UTC(seen.year, seen.month - 1, seen.day, seen.hour, seen.minute, seen.second);
    guess += wanted - shown;
  }
  return guess;
}

/** Days since 1970 of a calendar day, for differences between days. */
export function dayNumber({ year, month, day }: ZonedTime): number {
  return Date.UTC(year, month - 1, day) / DAY_MS;
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** A local time by a format of strftime (POSIX); letters that it does not know stay as they are. */
export function formatTime(time: Date, format: string): string {
  return format.replaceAll(/%([a-zA-Z%])/g, (whole, letter: string) => FORMATS[letter]?.(time) ?? whole);
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}

function dayOfYear(time: Date): number {
  const start = new Date(time.getFullYear(), 0, 1);
  return Math.round(
    (new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime() - start.getTime()) / 86_400_000,
  );
}

function zone(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const sign = minutes < 0 ? '-' : '+';
  return `${sign}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`;
}

const FORMATS: Readonly<Record<string, (time: Date) => string>> = {
  '%': () => '%',
  a: (t) => DAYS[t.getDay()]!.slice(0, 3),
  A: (t) => DAYS[t.getDay()]!,
  b: (t) => MONTHS[t.getMonth()]!.slice(0, 3),
  B: (t) => MONTHS[t.getMonth()]!,
  c: (t) => formatTime(t, '%a %b %e %H:%M:%S %Y'),
  C: (t) => two(Math.floor(t.getFullYear() / 100)),
  d: (t) => two(t.getDate()),
  D: (t) => formatTime(t, '%m/%d/%y'),
  e: (t) => String(t.getDate()).padStart(2),
  F: (t) => formatTime(t, '%Y-%m-%d'),
  h: (t) => MONTHS[t.getMonth()]!.slice(0, 3),
  H: (t) => two(t.getHours()),
  I: (t) => two(t.getHours() % 12 || 12),
  j: (t) => String(dayOfYear(t) + 1).padStart(3, '0'),
  k: (t) => String(t.getHours()).padStart(2),
  l: (t) => String(t.getHours() % 12 || 12).padStart(2),
  m: (t) => two(t.getMonth() + 1),
  M: (t) => two(t.getMinutes()),
  n: () => '\n',
  p: (t) => (t.getHours() < 12 ? 'AM' : 'PM'),
  r: (t) => formatTime(t, '%I:%M:%S %p'),
  R: (t) => formatTime(t, '%H:%M'),
  s: (t) => String(Math.floor(t.getTime() / 1000)),
  S: (t) => two(t.getSeconds()),
  t: () => '\t',
  T: (t) => formatTime(t, '%H:%M:%S'),
  u: (t) => String(t.getDay() || 7),
  U: (t) => two(Math.floor((dayOfYear(t) + 7 - t.getDay()) / 7)),
  w: (t) => String(t.getDay()),
  x: (t) => formatTime(t, '%m/%d/%y'),
  X: (t) => formatTime(t, '%H:%M:%S'),
  y: (t) => two(t.getFullYear() % 100),
  Y: (t) => String(t.getFullYear()),
  z: zone,
  Z: zone,
};

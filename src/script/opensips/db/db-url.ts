import type { Parameter, Taken } from '../frame/parameter.ts';

/** How OpenSIPS names a database: `scheme://[user[:password]@]host[:port]/database[?params]`, for files `scheme://path`. */
export class DbUrl {
  readonly text: string;
  /** `mysql`, `postgres`, `sqlite` or `text`; the module that serves it is `db_` and this. */
  readonly scheme: string;
  readonly user: string;
  readonly password: string;
  readonly host: string;
  readonly port: number | undefined;
  /** Path of a socket of the machine, as `unix(/run/mysqld/mysqld.sock)` in place of the host. */
  readonly socket: string | undefined;
  /** The name of the database, or the path of a file or folder. */
  readonly database: string;
  readonly params: ReadonlyMap<string, string>;

  private constructor(text: string, scheme: string, parts: Partial<DbUrl>) {
    this.text = text;
    this.scheme = scheme;
    this.user = parts.user ?? '';
    this.password = parts.password ?? '';
    this.host = parts.host ?? '';
    this.port = parts.port;
    this.socket = parts.socket;
    this.database = parts.database ?? '';
    this.params = parts.params ?? new Map();
  }

  /** @returns undefined where it is none */
  static parse(text: string): DbUrl | undefined {
    const match = /^([a-z][a-z0-9_]*):\/\/(.+)$/is.exec(text.trim());
    if (!match) return undefined;
    const scheme = match[1]!.toLowerCase();
    const rest = match[2]!;
    const question = rest.indexOf('?');
    const params = readParams(question < 0 ? '' : rest.slice(question + 1));
    const body = question < 0 ? rest : rest.slice(0, question);
    if (FILES.has(scheme)) return new DbUrl(text, scheme, { database: unescaped(body), params });
    // A password may hold what separates elsewhere: the last @ ends it.
    const at = rest.lastIndexOf('@');
    const colon = rest.indexOf(':');
    const credentials = at < 0 ? '' : rest.slice(0, at);
    const hasPassword = colon >= 0 && colon < at;
    const place = SERVER.exec(at < 0 ? rest : rest.slice(at + 1));
    if (!place) return undefined;
    const [, socket, host6, host, port, database = '', query = ''] = place;
    return new DbUrl(text, scheme, {
      user: unescaped(hasPassword ? credentials.slice(0, colon) : credentials),
      password: hasPassword ? unescaped(credentials.slice(colon + 1)) : '',
      host: socket === undefined ? unescaped(host6 ?? host ?? '') : 'localhost',
      port: port === undefined ? undefined : Number(port),
      socket,
      database: unescaped(database),
      params: readParams(query),
    });
  }

  /** The name of the module that serves it. */
  get module(): string {
    return `db_${this.scheme}`;
  }

  /** As it may be told: without the password. */
  toString(): string {
    return this.password === '' ? this.text : this.text.replace(/^([a-z0-9_]+:\/\/[^:@]*):.*@/is, '$1:***@');
  }
}

const FILES: ReadonlySet<string> = new Set(['sqlite', 'text', 'berkeley', 'flatstore']);

/** `unix(path)`, `[v6]` or a name; `:port`; `/database`; `?params`. */
const SERVER = /^(?:unix\(([^)]+)\)|\[([^\]]+)\]|([^:/?[\]]*))(?::(\d{1,5}))?\/([^?]*)(?:\?(.*))?$/s;

function readParams(text: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const part of text.split('&')) {
    const equals = part.indexOf('=');
    if (equals > 0) params.set(part.slice(0, equals), unescaped(part.slice(equals + 1)));
  }
  return params;
}

/** `%41` is an A; what is no such escape stays. */
function unescaped(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function takeUrl(given: string | number): Taken<DbUrl> {
  const url = DbUrl.parse(String(given));
  return url === undefined
    ? {
        ok: false,
        problem: `${JSON.stringify(given)} is no database URL`,
        hint: 'write "sqlite:///path/to/file", "text:///path/to/folder" or "mysql://user:password@host/database"',
      }
    : { ok: true, value: url };
}

/** A module parameter that names a database; `openDatabase` takes `db_default_url` where the script says nothing. */
export function dbUrlParameter(describe: string): Parameter<DbUrl | undefined> {
  return {
    type: 'text',
    describe,
    shown: '',
    initial: undefined,
    noEffect: undefined,
    take: (_, given) => takeUrl(given),
  };
}

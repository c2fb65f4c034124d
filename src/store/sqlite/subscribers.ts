import { ServerError } from '../../base/errors.ts';
import { computeHa1 } from '../../core/auth/digest.ts';
import type { Subscriber, SubscriberStore } from '../../core/auth/subscriber-store.ts';
import { fromByteString, toByteString } from '../../wire/sip/text.ts';
import type { Database, Statement } from './database.ts';

/** Who a subscriber is, as people write it. */
export interface SubscriberName {
  readonly user: string;
  readonly realm: string;
}

/**
 * Subscribers in a table: hashes only, never a password. Look-ups read the table, so that what another process writes
 * (`viaduct user add`) holds at once. Names and passwords given by people are kept as their UTF-8 bytes, which is
 * what phones send.
 */
export class SqliteSubscribers implements SubscriberStore {
  readonly #find: Statement;
  readonly #add: Statement;
  readonly #change: Statement;
  readonly #remove: Statement;
  readonly #list: Statement;

  /** @throws ServerError STORE_UNAVAILABLE, as every method does where the file cannot be read or written */
  constructor(database: Database) {
    this.#find = database.prepare(
      'SELECT md5, sha256, sha512_256 FROM subscriber WHERE user = ? AND realm = ?',
    );
    this.#add = database.prepare(
      'INSERT INTO subscriber (md5, sha256, sha512_256, user, realm) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    );
    this.#change = database.prepare(
      'UPDATE subscriber SET md5 = ?, sha256 = ?, sha512_256 = ? WHERE user = ? AND realm = ?',
    );
    this.#remove = database.prepare('DELETE FROM subscriber WHERE user = ? AND realm = ?');
    this.#list = database.prepare('SELECT user, realm FROM subscriber ORDER BY realm, user');
  }

  /** Both are byte strings, as they stand in a message. */
  find(user: string, realm: string): Subscriber | undefined {
    const row = this.#find.get(user, realm);
    if (row === undefined) return undefined;
    const ha1 = {
      MD5: String(row.md5),
      'SHA-256': String(row.sha256),
      'SHA-512-256': String(row.sha512_256),
    };
    return { user, realm, ha1 };
  }

  /** @throws ServerError USER_EXISTS; SIP_BAD_FIELD for a name that digest authentication cannot carry */
  add(user: string, realm: string, password: string): void {
    if (this.#add.run(...hashes(user, realm, password)) === 0) {
      throw new ServerError('USER_EXISTS', `${user}@${realm} is there already`, {
        hint: 'give it a new password with "viaduct user passwd"',
      });
    }
  }

  /** @throws ServerError USER_UNKNOWN; SIP_BAD_FIELD as {@link add} */
  setPassword(user: string, realm: string, password: string): void {
    if (this.#change.run(...hashes(user, realm, password)) === 0) throw unknown(user, realm);
  }

  /** @throws ServerError USER_UNKNOWN */
  remove(user: string, realm: string): void {
    if (this.#remove.run(toByteString(user), toByteString(realm)) === 0) throw unknown(user, realm);
  }

  /** All of them, by realm and name. */
  list(): SubscriberName[] {
    return this.#list.all().map(({ user, realm }) => ({
      user: fromByteString(String(user)),
      realm: fromByteString(String(realm)),
    }));
  }
}

function hashes(user: string, realm: string, password: string): string[] {
  const [name, domain, secret] = [nameBytes('user', user), nameBytes('realm', realm), toByteString(password)];
  if (secret === '') throw new ServerError('SIP_BAD_FIELD', 'password: it is empty');
  const ha1 = (['MD5', 'SHA-256', 'SHA-512-256'] as const).map((algorithm) =>
    computeHa1(algorithm, name, domain, secret),
  );
  return [...ha1, name, domain];
}

const NOT_IN_USERS = ':" ';

/** More than any phone's form takes, and few enough for a line of a list. */
const MOST_NAME_BYTES = 255;

/**
 * A colon would move the border between the parts of the hash, and controls fit no header. Quotes and spaces would be
 * possible, but are slips of the hand: phones cannot be told such names.
 */
function nameBytes(field: 'user' | 'realm', text: string): string {
  const bytes = toByteString(text);
  if (bytes.length > MOST_NAME_BYTES) {
    throw new ServerError('SIP_BAD_FIELD', `${field}: it is longer than ${MOST_NAME_BYTES} bytes`);
  }
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes.charCodeAt(i);
    if (c < 0x20 || c === 0x7f || (field === 'user' && NOT_IN_USERS.includes(bytes[i]!))) {
      throw new ServerError(
        'SIP_BAD_FIELD',
        `${field}: ${JSON.stringify(bytes[i])} is not allowed in a name`,
        {
          hint: 'write it as alice@example.com, or alice',
        },
      );
    }
  }
  if (bytes === '') throw new ServerError('SIP_BAD_FIELD', `${field}: it is empty`);
  return bytes;
}

function unknown(user: string, realm: string): ServerError {
  return new ServerError('USER_UNKNOWN', `there is no ${user}@${realm}`, { hint: 'see "viaduct user ls"' });
}

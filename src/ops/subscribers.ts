import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { Database } from '../store/sqlite/database.ts';
import { Meta } from '../store/sqlite/meta.ts';
import { SqliteSubscribers } from '../store/sqlite/subscribers.ts';

/** No letters and digits that are taken for one another on the keys of a phone. */
const PASSWORD_LETTERS = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const PASSWORD_LENGTH = 16;
const FIRST_USERS = ['alice', 'bob'] as const;
const FIRST_START = 'first-start';

/** The data file in a data directory. */
export function databasePath(data: string): string {
  return join(data, 'viaduct.db');
}

/** 90 bits of randomness that can be typed. */
export function randomPassword(): string {
  return Array.from(
    { length: PASSWORD_LENGTH },
    () => PASSWORD_LETTERS[randomInt(PASSWORD_LETTERS.length)],
  ).join('');
}

export interface NewUser {
  readonly user: string;
  readonly realm: string;
  readonly password: string;
}

/** On the first start with a data directory that has no users: makes two, so that a first call needs no commands. */
export async function makeFirstUsers(data: string, realm: string): Promise<readonly NewUser[]> {
  await using database = Database.open(databasePath(data));
  const meta = new Meta(database);
  const subscribers = new SqliteSubscribers(database);
  const isFirst = meta.get(FIRST_START) === undefined && subscribers.list().length === 0;
  if (meta.get(FIRST_START) === undefined) meta.set(FIRST_START, Buffer.from(new Date().toISOString()));
  if (!isFirst) return [];
  return FIRST_USERS.map((user) => {
    const password = randomPassword();
    subscribers.add(user, realm, password);
    return { user, realm, password };
  });
}

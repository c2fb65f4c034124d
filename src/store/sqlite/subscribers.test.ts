import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { computeHa1 } from '../../core/auth/digest.ts';
import { toByteString } from '../../wire/sip/text.ts';
import { Database } from './database.ts';
import { SqliteSubscribers } from './subscribers.ts';

const REALM = 'example.com';

function make(): SqliteSubscribers {
  return new SqliteSubscribers(Database.open(':memory:'));
}

describe('subscribers', () => {
  it('are found with their hashes', () => {
    const subscribers = make();
    subscribers.add('alice', REALM, 'wonderland');
    expect(subscribers.find('alice', REALM)).toEqual({
      user: 'alice',
      realm: REALM,
      ha1: {
        MD5: computeHa1('MD5', 'alice', REALM, 'wonderland'),
        'SHA-256': computeHa1('SHA-256', 'alice', REALM, 'wonderland'),
        'SHA-512-256': computeHa1('SHA-512-256', 'alice', REALM, 'wonderland'),
      },
    });
    expect(subscribers.find('alice', 'example.org')).toBeUndefined();
    expect(subscribers.find('Alice', REALM)).toBeUndefined();
  });

  it('have their UTF-8 bytes as phones send them, and are listed as people write them', () => {
    const subscribers = make();
    subscribers.add('j\u00e4s\u00f8n', REALM, 'gr\u00fc\u00dfe');
    const bytes = toByteString('j\u00e4s\u00f8n');
    expect(subscribers.find(bytes, REALM)?.ha1.MD5).toBe(
      computeHa1('MD5', bytes, REALM, toByteString('gr\u00fc\u00dfe')),
    );
    expect(subscribers.list()).toEqual([{ user: 'j\u00e4s\u00f8n', realm: REALM }]);
  });

  it.each(['sip:eve', 'e ve', '"eve"', '', 'e'.repeat(256)])('are not named %j', (name) => {
    expect(() => make().add(name, REALM, 'secret')).toThrowError(
      expect.objectContaining({ code: 'SIP_BAD_FIELD' }),
    );
  });

  it('are added, changed and removed', () => {
    const subscribers = make();
    subscribers.add('bob', REALM, 'one');
    subscribers.add('alice', REALM, 'one');
    expect(() => subscribers.add('bob', REALM, 'two')).toThrowError(
      expect.objectContaining({ code: 'USER_EXISTS' }),
    );
    subscribers.setPassword('bob', REALM, 'two');
    expect(subscribers.find('bob', REALM)?.ha1.MD5).toBe(computeHa1('MD5', 'bob', REALM, 'two'));
    expect(subscribers.list().map(({ user }) => user)).toEqual(['alice', 'bob']);
    subscribers.remove('bob', REALM);
    expect(subscribers.find('bob', REALM)).toBeUndefined();
    for (const job of [
      () => subscribers.remove('bob', REALM),
      () => subscribers.setPassword('bob', REALM, 'x'),
    ]) {
      expect(job).toThrowError(expect.objectContaining({ code: 'USER_UNKNOWN' }));
    }
  });

  it.each([
    ['a:b', REALM, 'x'],
    ['', REALM, 'x'],
    ['a\r\n', REALM, 'x'],
    ['a', '', 'x'],
    ['a', 'x\u0000', 'x'],
    ['a', REALM, ''],
  ])('%j of %j with password %j are refused', (user, realm, password) => {
    expect(() => make().add(user, realm, password)).toThrowError(
      expect.objectContaining({ code: 'SIP_BAD_FIELD' }),
    );
  });

  it('that another process writes hold at once, and no password is in the file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'viaduct-users-'));
    try {
      const path = join(folder, 'viaduct.db');
      {
        await using server = Database.open(path);
        const subscribers = new SqliteSubscribers(server);
        expect(subscribers.find('alice', REALM)).toBeUndefined();
        {
          await using cli = Database.open(path);
          new SqliteSubscribers(cli).add('alice', REALM, 'wonderland');
          expect(subscribers.find('alice', REALM)).toBeDefined();
          new SqliteSubscribers(cli).setPassword('alice', REALM, 'looking-glass');
          expect(subscribers.find('alice', REALM)?.ha1.MD5).toBe(
            computeHa1('MD5', 'alice', REALM, 'looking-glass'),
          );
          new SqliteSubscribers(cli).remove('alice', REALM);
        }
        expect(subscribers.find('alice', REALM)).toBeUndefined();
      }
      const bytes = readFileSync(path).toString('latin1');
      expect(bytes.includes('wonderland') || bytes.includes('looking-glass')).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

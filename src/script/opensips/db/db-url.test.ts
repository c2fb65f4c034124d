import { describe, expect, it } from 'vitest';
import { DbUrl } from './db-url.ts';

function parts(text: string) {
  const { scheme, user, password, host, port, socket, database } = DbUrl.parse(text)!;
  return [scheme, user, password, host, port, socket, database];
}

describe('DbUrl', () => {
  it('reads servers, with all that a password may hold', () => {
    expect(parts('mysql://opensips:opensipsrw@localhost/opensips')).toEqual([
      'mysql',
      'opensips',
      'opensipsrw',
      'localhost',
      undefined,
      undefined,
      'opensips',
    ]);
    const [, user, password, host, port, , database] = parts(
      'postgres://u:p/a:b@c%40d@[2001:db8::1]:5433/db?x=1',
    );
    expect([user, password, host, port, database]).toEqual(['u', 'p/a:b@c@d', '2001:db8::1', 5433, 'db']);
    expect(DbUrl.parse('mysql://u@unix(/run/my.sock)/db')).toMatchObject({
      socket: '/run/my.sock',
      database: 'db',
    });
    expect(DbUrl.parse('mysql://host:3307/db')).toMatchObject({ host: 'host', port: 3307, user: '' });
    expect(DbUrl.parse('mysql://h/db?tls_domain=dom1')?.params.get('tls_domain')).toBe('dom1');
  });

  it('reads paths', () => {
    expect(parts('sqlite:///var/lib/opensips.db').at(-1)).toBe('/var/lib/opensips.db');
    expect(parts('text://tables').at(-1)).toBe('tables');
    expect(DbUrl.parse('sqlite:///a')?.module).toBe('db_sqlite');
  });

  it('knows what is none, and tells no password', () => {
    for (const text of ['', 'opensips', 'mysql://', 'mysql://host', '/a/b']) {
      expect(DbUrl.parse(text)).toBeUndefined();
    }
    expect(String(DbUrl.parse('mysql://u:se:cr@et@h/d'))).toBe('mysql://u:***@h/d');
  });
});

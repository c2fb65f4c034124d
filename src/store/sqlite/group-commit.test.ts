import { expect, it } from 'vitest';
import type { Database } from './database.ts';
import { GroupCommit } from './group-commit.ts';

/** Notes what is run; `fail` names the statement that cannot be. */
function groupOn(ran: string[], fail?: string): GroupCommit {
  const prepare = (sql: string) => ({
    run: () => {
      ran.push(sql);
      if (sql === fail) throw new Error(`${sql} failed`);
    },
  });
  return new GroupCommit({ prepare } as unknown as Database);
}

it('carries out all writes of a turn in one transaction, those of promises included', async () => {
  const ran: string[] = [];
  const group = groupOn(ran);
  const write = (name: string) => group.add(() => ran.push(name)).then(() => ran.push(`${name} told`));
  await Promise.all([
    write('one'),
    Promise.resolve()
      .then(() => {})
      .then(() => write('two')),
    write('three'),
  ]);
  expect(ran).toEqual([
    'BEGIN IMMEDIATE',
    'one',
    'three',
    'two',
    'COMMIT',
    'one told',
    'three told',
    'two told',
  ]);
});

it('keeps other threads out meanwhile, where it is told how', async () => {
  const ran: string[] = [];
  const prepare = (sql: string) => ({ run: () => ran.push(sql) });
  const group = new GroupCommit({ prepare } as unknown as Database, (job) => {
    ran.push('in');
    job();
    ran.push('out');
  });
  await Promise.all(['one', 'two'].map((name) => group.add(() => void ran.push(name))));
  expect(ran).toEqual(['in', 'BEGIN IMMEDIATE', 'one', 'two', 'COMMIT', 'out']);
});

it('begins no transaction for a single write', async () => {
  const ran: string[] = [];
  const group = groupOn(ran);
  await group.add(() => ran.push('one'));
  await group.add(() => ran.push('two'));
  expect(ran).toEqual(['one', 'two']);
});

it('undoes all of them where one cannot be done, and goes on', async () => {
  const ran: string[] = [];
  const group = groupOn(ran);
  const failing = () => {
    throw new Error('disk full');
  };
  const results = await Promise.allSettled([group.add(() => ran.push('one')), group.add(failing)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(ran).toEqual(['BEGIN IMMEDIATE', 'one', 'ROLLBACK']);
  await group.add(() => ran.push('two'));
  expect(ran.at(-1)).toBe('two');
});

it.each(['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK'])('tells all when %s fails', async (sql) => {
  const ran: string[] = [];
  const group = groupOn(ran, sql);
  const writes = [group.add(() => {}), group.add(() => (sql === 'ROLLBACK' ? groupFails() : undefined))];
  const results = await Promise.allSettled(writes);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

function groupFails(): never {
  throw new Error('no such table');
}

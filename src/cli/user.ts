import { text as readAll } from 'node:stream/consumers';
import type { Command } from 'commander';
import { subscriberName } from '../ops/config/realm.ts';
import { databasePath, randomPassword } from '../ops/subscribers.ts';
import { Database } from '../store/sqlite/database.ts';
import { SqliteSubscribers } from '../store/sqlite/subscribers.ts';
import { command, configured } from './command.ts';
import { type ConfigOptions, configOf } from './config-options.ts';
import { print, table } from './terminal.ts';

interface PasswordOptions extends ConfigOptions {
  readonly password?: string;
  readonly passwordStdin?: true;
}

type Change = 'add' | 'setPassword';

/** `viaduct user add|passwd|rm|ls`: works on the data directory; a running server sees changes at once. */
export function userCommand(): Command {
  const user = command('user', 'subscribers: add, passwd, rm, ls');
  user.addCommand(withPassword('add', 'add a user').action(change('add')));
  user.addCommand(withPassword('passwd', 'give a user a new password').action(change('setPassword')));
  user.addCommand(
    configured('rm', 'remove a user').argument('<name>', 'alice@example.com, or alice').action(remove),
  );
  user.addCommand(configured('ls', 'list the users').action(list));
  return user;
}

function withPassword(name: string, summary: string): Command {
  return configured(name, summary)
    .argument('<name>', 'alice@example.com, or alice')
    .option('-p, --password <password>', 'other users of the machine can see it while the command runs')
    .option('--password-stdin', 'read the password from the standard input')
    .addHelpText('after', '\nWithout a password a random one is made, and printed once.');
}

function change(what: Change): (name: string, options: PasswordOptions) => Promise<void> {
  return async (name, options) => {
    const given = options.passwordStdin
      ? (await readAll(process.stdin)).replace(/\r?\n$/, '')
      : options.password;
    const password = given ?? randomPassword();
    await withSubscribers(options, name, (subscribers, user, realm) => {
      subscribers[what](user, realm, password);
      print(`${user}@${realm} ${what === 'add' ? 'added' : 'has a new password'}`);
      if (given === undefined) print(`password: ${password}`);
    });
  };
}

async function remove(name: string, options: ConfigOptions): Promise<void> {
  await withSubscribers(options, name, (subscribers, user, realm) => {
    subscribers.remove(user, realm);
    print(`${user}@${realm} removed; calls and registrations that stand are not cut`);
  });
}

async function list(options: ConfigOptions): Promise<void> {
  const { data } = await configOf(options);
  await using database = Database.open(databasePath(data));
  const users = new SqliteSubscribers(database).list();
  if (users.length === 0) print('no users; add one with: viaduct user add alice@example.com');
  else
    print(
      table(
        users.map(({ user, realm }) => [user, realm]),
        ['USER', 'REALM'],
      ),
    );
}

async function withSubscribers(
  options: ConfigOptions,
  name: string,
  job: (subscribers: SqliteSubscribers, user: string, realm: string) => void,
): Promise<void> {
  const config = await configOf(options);
  const { user, realm } = subscriberName(config, name);
  await using database = Database.open(databasePath(config.data));
  job(new SqliteSubscribers(database), user, realm);
}

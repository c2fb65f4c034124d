import { spawnSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import type { ControlAddress } from '../media/server/control-address.ts';
import { CommandFault } from '../ops/admin/admin-command.ts';
import type { RelayOrders } from './relay-options.ts';

/** Gives the process, and the unix sockets of commands, to a user and a group. @throws CommandFault */
export function becomeUser(
  { user, group }: NonNullable<RelayOrders['user']>,
  doors: readonly ControlAddress[],
): void {
  const { setuid, setgid, setgroups } = process;
  if (!setuid || !setgid || !setgroups) throw new CommandFault('-u: this system has no such users');
  try {
    // The group first: afterwards the rights to change it are gone.
    setgid(group ?? idOf('-g', user!));
    setgroups([process.getgid!()]);
    const owner = user === undefined ? process.getuid!() : idOf('-u', user);
    for (const door of doors) if ('path' in door) chownSync(door.path, owner, process.getgid!());
    if (user !== undefined) setuid(owner);
  } catch (error) {
    const written = [user ?? '', group].filter((it) => it !== undefined).join(':');
    throw new CommandFault(`-u ${written}: ${(error as Error).message}`);
  }
}

/** Asks the system, which may have its users elsewhere than in /etc/passwd. */
function idOf(what: '-u' | '-g', user: string): number {
  const { status, stdout } = spawnSync('id', [what, '--', user], { encoding: 'utf8' });
  if (status !== 0) throw new Error('there is no such user');
  return Number(stdout);
}

import { CommandError } from '../../script/opensips/frame/command.ts';
import { commandsOf, type LoadedCommand } from '../../script/opensips/mi/command-table.ts';
import { wordParams } from '../../script/opensips/mi/take-params.ts';
import type { RunningProgram } from '../../script/opensips/runtime/running-program.ts';
import { type AdminCommand, CommandFault } from './admin-command.ts';

/** A command of the OpenSIPS script that runs, by any of its names. */
export function scriptCommand(program: RunningProgram | undefined, name: string): AdminCommand | undefined {
  if (program === undefined) return undefined;
  const found = commandsOf(program).candidates(name);
  if (found.length > 1) {
    throw new CommandFault(
      `${name} is the name of more than one command`,
      `write ${found.map((it) => it.name).join(' or ')}`,
    );
  }
  return found[0] && adminCommand(found[0]);
}

/** All of them. */
export function scriptCommands(program: RunningProgram | undefined): readonly AdminCommand[] {
  return program === undefined ? [] : commandsOf(program).all.map(adminCommand);
}

function adminCommand(command: LoadedCommand): AdminCommand {
  const { name, describe, params } = command;
  const usage = params.map(({ name: param, optional, list }) => {
    const written = `${param.toUpperCase()}${list ? ' …' : ''}`;
    return optional ? `[${written}]` : written;
  });
  return {
    name,
    usage: usage.join(' '),
    summary: describe,
    run: async (args) => {
      try {
        return await command.run(wordParams(params, args));
      } catch (fault) {
        if (!(fault instanceof CommandError)) throw fault;
        throw new CommandFault(fault.details ? `${fault.message}: ${fault.details}` : fault.message);
      }
    },
  };
}

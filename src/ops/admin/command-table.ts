import { logLine } from '../../base/channels.ts';
import { ServerError } from '../../base/errors.ts';
import { INVALID_PARAMS, METHOD_NOT_FOUND, SERVER_ERROR } from '../../script/opensips/mi/rpc-codes.ts';
import { type AdminCommand, CommandFault } from './admin-command.ts';
import type { RpcError } from './json-rpc.ts';

/** What a command has come to; plain data. */
export type CommandOutcome = { readonly result: unknown } | { readonly error: RpcError };

/** Runs management commands; never throws. */
export interface CommandRunner {
  run(method: string, params: readonly string[]): Promise<CommandOutcome>;
}

/** Throws CommandFault where a name does not say which one is meant. */
type FindCommand = (name: string) => AdminCommand | undefined;

/** Commands by their names. */
export class CommandTable implements CommandRunner {
  readonly #commands: ReadonlyMap<string, AdminCommand>;
  readonly #more: FindCommand;

  /** @param more finds commands that are not always there */
  constructor(commands: readonly AdminCommand[], more: FindCommand = () => undefined) {
    this.#commands = new Map(commands.map((command) => [command.name, command]));
    this.#more = more;
  }

  async run(method: string, params: readonly string[]): Promise<CommandOutcome> {
    let command = this.#commands.get(method);
    try {
      command ??= this.#more(method);
    } catch (error) {
      return { error: faultOf(error, { name: method, usage: '' }) };
    }
    if (!command) {
      const hint = `the commands are ${[...this.#commands.keys()].join(', ')}`;
      return { error: { code: METHOD_NOT_FOUND, message: `there is no command ${method}`, data: { hint } } };
    }
    try {
      return { result: (await command.run(params)) ?? null };
    } catch (error) {
      return { error: faultOf(error, command) };
    }
  }
}

/** The error that a command is answered with. */
export function faultOf(error: unknown, command: Pick<AdminCommand, 'name' | 'usage'>): RpcError {
  if (error instanceof CommandFault) {
    const hint = error.hint ?? `${command.name} ${command.usage}`.trim();
    return { code: INVALID_PARAMS, message: error.message, data: { hint } };
  }
  if (error instanceof ServerError) {
    return { code: SERVER_ERROR, message: error.message, data: { code: error.code, hint: error.hint } };
  }
  logLine('error', 'admin', `the command ${command.name} failed`, { error: String(error) });
  return { code: SERVER_ERROR, message: String(error) };
}

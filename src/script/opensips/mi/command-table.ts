import type { MaybePromise } from '../../../core/registrar/location-store.ts';
import { CommandError, type CommandParams, type CommandSpec, type Json } from '../frame/command.ts';
import type { ScriptModule } from '../frame/module.ts';
import type { RunningProgram } from '../runtime/running-program.ts';
import { AMBIGUOUS_METHOD, METHOD_NOT_FOUND, SERVER_ERROR } from './rpc-codes.ts';
import { type CommandParam, checkNames, type GivenParams, paramsOf, takeParams } from './take-params.ts';

/** A command of a loaded module. */
export interface LoadedCommand {
  /** `module:command` */
  readonly name: string;
  /** The module that has it. */
  readonly by: string;
  readonly describe: string;
  readonly params: readonly CommandParam[];
  /** @throws CommandError where it cannot be done */
  run(given: GivenParams): MaybePromise<Json>;
}

/**
 * The management commands of all modules of a script, by their names: `module:command`, the command alone where only
 * one module has it, and older spellings.
 */
export class CommandTable {
  readonly #byName = new Map<string, LoadedCommand>();
  /** Commands by the part behind the colon, and by older names. */
  readonly #byShort = new Map<string, LoadedCommand[]>();
  readonly #byAlias = new Map<string, LoadedCommand[]>();

  constructor(program: RunningProgram) {
    for (const module of program.modules) {
      for (const [key, spec] of Object.entries(module.commands ?? {})) this.#add(program, module, key, spec);
    }
  }

  get all(): readonly LoadedCommand[] {
    return [...this.#byName.values()];
  }

  /** @returns undefined where there is none, or more than one: see {@link candidates} */
  find(name: string): LoadedCommand | undefined {
    const found = this.candidates(name);
    return found.length === 1 ? found[0] : undefined;
  }

  /** What a name may mean. */
  candidates(name: string): readonly LoadedCommand[] {
    const exact = this.#byName.get(name);
    if (exact !== undefined) return [exact];
    return this.#byShort.get(name) ?? this.#byAlias.get(name) ?? [];
  }

  /** @throws CommandError where there is none of that name, and what the command throws */
  run(name: string, given: GivenParams): MaybePromise<Json> {
    const found = this.candidates(name);
    if (found.length === 0) throw new CommandError(METHOD_NOT_FOUND, 'Method not found');
    if (found.length > 1) {
      const names = found.map((it) => it.name).join(', ');
      throw new CommandError(AMBIGUOUS_METHOD, 'Method ambiguous', `supported names: ${names}`);
    }
    return found[0]!.run(given);
  }

  #add(program: RunningProgram, module: ScriptModule, key: string, spec: CommandSpec<never>): void {
    const colon = key.indexOf(':');
    const name = colon < 0 ? `${module.name.replace(/^proto_/, '')}:${key}` : key;
    const params = paramsOf(spec);
    const command: LoadedCommand = {
      name,
      by: module.name,
      describe: spec.describe,
      params,
      run: (given) => {
        const [core] = program.modules;
        if (core !== undefined && program.stateOf(core) === undefined) {
          throw new CommandError(SERVER_ERROR, 'Server error', 'the script has not started yet');
        }
        const named: CommandParams = takeParams(params, given);
        checkNames(params, named);
        return spec.run(program.stateOf<never>(module)!, named);
      },
    };
    this.#byName.set(name, command);
    push(this.#byShort, name.slice(name.indexOf(':') + 1), command);
    for (const alias of spec.aliases ?? []) push(this.#byAlias, alias, command);
  }
}

function push(table: Map<string, LoadedCommand[]>, key: string, command: LoadedCommand): void {
  const there = table.get(key);
  if (there === undefined) table.set(key, [command]);
  else there.push(command);
}

const tables = new WeakMap<RunningProgram, CommandTable>();

/** The commands of a script that runs. */
export function commandsOf(program: RunningProgram): CommandTable {
  let table = tables.get(program);
  if (table === undefined) {
    table = new CommandTable(program);
    tables.set(program, table);
  }
  return table;
}

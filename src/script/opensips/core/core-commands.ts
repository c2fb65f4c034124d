import { CommandError, type CommandSpec, intParam, type Json, textParam } from '../frame/command.ts';
import { commandsOf, type LoadedCommand } from '../mi/command-table.ts';
import type { CoreState } from './core-state.ts';
import { secondsSince } from './core-statistics.ts';
import { logLevel } from './log-level.ts';

/** There is one process, which does everything. */
const PROCESS = 'SIP server';

/** The time as C's `ctime` prints it, without its line end: `Thu Nov 26 09:05:00 2026`. */
function clockText(ms: number): string {
  const date = new Date(ms);
  const [day, month] = date.toDateString().split(' ');
  const time = date.toTimeString().slice(0, 8);
  return `${day} ${month} ${String(date.getDate()).padStart(2)} ${time} ${date.getFullYear()}`;
}

function commandNamed(state: CoreState, name: string): LoadedCommand {
  const command = commandsOf(state.context.program).find(name);
  if (command === undefined) throw new CommandError(404, 'unknown MI command');
  return command;
}

/** Every list of parameters that a command takes. */
function recipes({ params }: LoadedCommand): Json {
  const names = params.map(({ name }) => name);
  const least = params.filter(({ optional }) => !optional).length;
  return Array.from({ length: params.length - least + 1 }, (_, more) => names.slice(0, least + more));
}

function server({ context }: CoreState): NonNullable<CoreState['context']['services']['server']> {
  const { server: found } = context.services;
  if (found === undefined) throw new CommandError(500, 'there is no whole server here');
  return found;
}

/** The server's log takes what either wants. */
function tellServer({ context: { program, services } }: CoreState): void {
  services.server?.setLogLevel(logLevel(Math.max(program.logLevel, program.xlogLevel)));
}

/** Commands that need no module. */
export const coreCommands: Readonly<Record<string, CommandSpec<CoreState>>> = {
  'core:uptime': {
    describe: 'Since when the server runs.',
    run: ({ context: { program, services } }) => {
      const now = services.clock.wallNow();
      return {
        Now: clockText(now),
        'Up since': clockText(program.startedAt),
        'Up time': `${secondsSince(program.startedAt, now)} [sec]`,
      };
    },
  },
  'core:version': {
    describe: 'What runs.',
    params: ['revision?'],
    run: ({ context }) => {
      const version = context.services.server?.version;
      const machine = `(${process.arch}/${process.platform})`;
      return { Server: version === undefined ? `Viaduct ${machine}` : `Viaduct (${version} ${machine})` };
    },
  },
  'core:pwd': { describe: 'The working directory.', run: () => ({ WD: process.cwd() }) },
  'core:arg': { describe: 'The command line.', run: () => process.argv.slice(1) },
  'core:which': {
    describe: 'Lists the commands, those of a module (`tm:`), or the parameters of one.',
    params: ['command?'],
    run: (state, params) => {
      const names = commandsOf(state.context.program).all.map(({ name }) => name);
      if (params.command === undefined) return names;
      const command = textParam(params, 'command');
      if (!command.endsWith(':')) return recipes(commandNamed(state, command));
      const found = names.filter((name) => name.startsWith(command));
      if (found.length === 0) throw new CommandError(404, 'unknown MI command');
      return found;
    },
  },
  'core:help': {
    describe: 'Says what a command does.',
    params: ['mi_cmd?'],
    run: (state, params) => {
      if (params.mi_cmd === undefined) return "Usage: help mi_cmd - returns information about 'mi_cmd'";
      const { describe, by } = commandNamed(state, textParam(params, 'mi_cmd'));
      return { Help: describe, 'Exported by': by };
    },
  },
  'core:ps': {
    describe: 'Lists the processes.',
    run: () => ({ Processes: [{ ID: 0, PID: process.pid, Type: PROCESS }] }),
  },
  'core:kill': {
    describe: 'Stops the server.',
    run: (state) => {
      const { stop } = server(state);
      // After the answer has gone out.
      setImmediate(() => stop());
      return 'OK';
    },
  },
  'core:log_level': {
    describe: 'Gives or sets the level of the log, from -3 to 4.',
    params: ['level?', 'pid?'],
    run: (state, params) => {
      const { program } = state.context;
      if (params.level === undefined) {
        return { Processes: [{ PID: process.pid, 'Log level': program.logLevel, Type: PROCESS }] };
      }
      const level = intParam(params, 'level');
      if (params.pid !== undefined && intParam(params, 'pid') !== process.pid) {
        throw new CommandError(-32602, 'Invalid params', 'Bad PID');
      }
      program.logLevel = level;
      tellServer(state);
      return params.pid === undefined ? { 'New global log level': level } : { 'Log level': level };
    },
  },
  'core:xlog_level': {
    describe: 'Gives or sets what `xlog` writes, from -3 to 4.',
    params: ['level?'],
    run: (state, params) => {
      const { program } = state.context;
      if (params.level === undefined) return { 'xLog Level': program.xlogLevel };
      program.xlogLevel = intParam(params, 'level');
      tellServer(state);
      return { 'New xLog level': program.xlogLevel };
    },
  },
  'core:reload_routes': {
    describe: 'Reads the script again; requests that are under way end with the one that began them.',
    run: async (state) => {
      try {
        await server(state).reload();
        return 'OK';
      } catch (fault) {
        throw new CommandError(500, 'reload failed', String((fault as Error).message));
      }
    },
  },
};

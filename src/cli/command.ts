import { Command } from 'commander';

/** A command that throws instead of ending the process, so that one place decides on the exit code. */
export function command(name: string, summary: string): Command {
  return new Command(name).description(summary).exitOverride().allowExcessArguments(false);
}

/** A command that is about one configuration. */
export function configured(name: string, summary: string): Command {
  return command(name, summary)
    .option('-c, --config <file>', 'viaduct.yaml or viaduct.config.ts')
    .option('-f <file>', 'an OpenSIPS script, instead of a configuration and routes')
    .option('--preprocessor <command>', 'with -f: pass the script through a command, as m4');
}

import { Command, InvalidArgumentError } from 'commander';
import { parseWorkers, WORKERS_HINT, type WorkersWish } from '../ops/config/workers-value.ts';
import { VERSION } from '../ops/version.ts';
import { check } from './check.ts';
import { command, configured } from './command.ts';
import { convert } from './convert.ts';
import { control } from './ctl.ts';
import { diagnose } from './doctor.ts';
import { dryRunMessage } from './dry-run.ts';
import { explainAddress } from './explain.ts';
import { makeann } from './makeann.ts';
import { relayCommand } from './relay-command.ts';
import { run } from './run.ts';
import { userCommand } from './user.ts';

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function workers(text: string): WorkersWish {
  const wish = parseWorkers(text);
  if (wish === undefined) throw new InvalidArgumentError(`It is ${WORKERS_HINT}.`);
  return wish;
}

const AFTER_HELP = `
Without a command it runs, and takes the options of run:
  viaduct                                                        built-in defaults
  viaduct -c viaduct.yaml --routes routes.ts                     a configuration and routes
  viaduct -l "udp:10.0.0.34:5060 as 99.88.44.33:5060"            listen on one address, print another
"viaduct COMMAND --help" says more about each.`;

const AFTER_CTL_HELP = `
Commands:
  status, workers, listeners, statistics [GROUP], registrations [AOR], unregister AOR [CONTACT], explain ADDRESS,
  advertise get, advertise set ADDRESS|none [LISTENER], resolve NAME|URI, quarantine, media …, reload, stop; "help" asks the server for all it has.`;

/** The command line; see docs/cli.md. */
export function program(): Command {
  const viaduct = new Command('viaduct')
    .description('A SIP server for the cloud.')
    .version(VERSION, '-v, --version')
    .helpCommand(false)
    // The letters of rtpproxy's options mean what they mean there: -v too.
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', AFTER_HELP);
  viaduct.addCommand(
    configured('run', 'run the server')
      .option('--routes <file>', 'routing script, instead of the configured one')
      .option('-l, --listen <listener>', 'PROTO:HOST[:PORT] [as HOST[:PORT]]; may be repeated', collect)
      .option('-p <command>', 'the same as --preprocessor')
      .option('--workers <count>', 'how many threads signal: a number, or auto for one a core', workers)
      .option('-C', 'only check what would run')
      .action(run),
    { isDefault: true },
  );
  viaduct.addCommand(
    command('check', 'check configurations and routing scripts')
      .argument('[files...]', 'viaduct.yaml, viaduct.config.ts, routes.ts, opensips.cfg …')
      .option(
        '--explain',
        'say too what the routes of an OpenSIPS script do, and which addresses are not own',
      )
      .option('--schema', 'print the JSON Schema of the configuration instead')
      .action(check),
  );
  viaduct.addCommand(
    command('convert', 'print a TypeScript program that does what an OpenSIPS script does')
      .argument('<file>', 'opensips.cfg')
      .option('-p, --preprocessor <command>', 'pass the script through a command first, as m4')
      .action(convert),
  );
  viaduct.addCommand(
    configured('dry-run', 'take a message through a script, and show each step and what would be sent')
      .argument('<message>', 'a file with one SIP message, or a capture (.pcap, .pcapng)')
      .option('--routes <file>', 'routing script, instead of the configured one')
      .option('-l, --listen <listener>', 'as for run', collect)
      .option('--from <address:port>', 'where it comes from; by default as its topmost Via says')
      .option('--on <listener>', 'the listener that it comes to, by its name: udp:10.0.0.34:5060')
      .action(dryRunMessage),
  );
  viaduct.addCommand(
    configured('explain', 'what is printed to an address, and why')
      .requiredOption('--to <address>', 'IP address of the other side')
      .option('-l, --listen <listener>', 'as for run', collect)
      .action(explainAddress),
  );
  viaduct.addCommand(configured('doctor', 'look at the set-up and say what is wrong').action(diagnose));
  viaduct.addCommand(
    configured('ctl', 'give a command to the running server')
      .argument('[command]', 'one of those below')
      .argument('[args...]')
      .option('--json', 'print the answer as JSON')
      .addHelpText('after', AFTER_CTL_HELP)
      .action(control),
  );
  viaduct.addCommand(userCommand());
  viaduct.addCommand(relayCommand());
  viaduct.addCommand(
    command('makeann', 'make prompts that the relay plays, of WAV or raw 16-bit sound at 8 kHz')
      .argument('<infile>')
      .argument('[outbase]', 'prompts are OUTBASE.0 and OUTBASE.8; INFILE by default')
      .option('-l, --limit <samples>', 'no longer than this')
      .option('-L, --loop', 'begin again until the limit is reached')
      .action(makeann),
  );
  return viaduct;
}

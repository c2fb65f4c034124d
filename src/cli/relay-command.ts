import { type Command, Option } from 'commander';
import { FEATURES, PROTOCOL_VERSION } from '../media/server/features.ts';
import { VERSION } from '../ops/version.ts';
import { command } from './command.ts';
import { relay } from './relay.ts';
import type { AddressOptions } from './relay-addresses.ts';
import type { RelayOptions } from './relay-options.ts';
import { print } from './terminal.ts';

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

const AFTER_HELP = `
Media:
  -l 10.0.0.34=99.88.44.33                     listen on one address, tell another
  -l pub@10.0.0.34=99.88.44.33 -l priv@10.0.0.35   chosen by commands as l{pub}, l{priv}
  -l 10.0.0.34/192.0.2.34                      a bridge: internal/external, chosen by i and e
Commands:
  -s udp:127.0.0.1:22222 -s unix:/run/viaduct/relay.sock   see docs/relay.md for all kinds`;

/** `viaduct relay`: rtpproxy's options, and a few of its own. */
export function relayCommand(): Command {
  const listen: { text: string; family: 4 | 6 }[] = [];
  const hear = (family: 4 | 6) => (text: string) => {
    listen.push({ text, family });
    return text;
  };
  const relayed = command('relay', "relay media, as commanded in rtpproxy's control protocol")
    .option(
      '-l <address>',
      'media on [label@]address[=advertised], or internal/external; may be repeated',
      hear(4),
    )
    .option('-6 <address>', 'the same for IPv6', hear(6))
    .option(
      '-A <address>',
      'advertised for addresses without one of their own; internal/external for a bridge',
    )
    .option(
      '-s <socket>',
      'commands on udp:HOST:PORT, udp6:, tcp:, tcp6:, unix:PATH, cunix:PATH, stdio:',
      collect,
    )
    .option('-m <port>', 'lowest port of media (35000)')
    .option('-M <port>', 'highest port of media (65000)')
    .option('--ports <list>', 'these ports instead, as 40000-40009,40020-40021')
    .option('-T <seconds>', 'a session ends after so long without packets (60)')
    .option('-W <seconds>', 'the same before it was answered (200, or -T where that is more)')
    .option('-i', 'a session ends when one party is silent, not both')
    .option(
      '-n <socket>',
      'timeouts and keys may be told to unix:PATH, tcp:HOST:PORT; may be repeated',
      collect,
    )
    .option('-r <folder>', 'recordings are written here')
    .option('-S <folder>', 'and grow here until they are complete')
    .option('-R', 'no RTCP in recordings')
    .option('-P', 'recordings are pcap files')
    .option('--wav', 'stereo WAV of calls in G.711 beside them')
    .option('-a', 'every session is recorded')
    .option('--prompts <folder>', 'prompts are found here, and nowhere else')
    .option('--bridge_symmetric', 'parties of a bridge may be behind NAT')
    .option('--force_asymmetric', 'parties are never behind NAT')
    .option('--path <path>', 'how packets move: auto, portable, accelerated, kernel')
    .option('--max-sessions <number>', 'more than so many are refused (10000)')
    .option('-t <tos>', "type of service of packets (184), -1 for the system's")
    .option('-u <user[:group]>', 'go on as this user')
    .option('-w <mode>', 'access to unix sockets of commands, as 0660')
    .option('-p <file>', 'write the process id here')
    .option('-d <level>', 'log DBUG, INFO, WARN or ERR and worse')
    .option('-F', 'run as root although commands come by the network')
    .option('-L <number>', 'files that shall be open at once')
    .option('--nice <number>', 'priority, -20 to 19')
    .option('--no_resolve', 'no names in -l and -6')
    .option('-f', 'stay in the foreground, as it does anyway')
    .option('-v', 'print what the protocol has')
    .option('-V', 'print the version')
    .addHelpText('after', AFTER_HELP);
  for (const flags of [
    '-c <policy>',
    '-b',
    '-2',
    '-D',
    '-C',
    '--no_redirect',
    '--overload_prot [mode]',
    '--config <file>',
  ]) {
    relayed.addOption(new Option(flags, 'of rtpproxy, without meaning here').hideHelp());
  }
  relayed.addOption(new Option('--dso <module>').argParser(collect).hideHelp());
  return relayed.action((options: RelayOptions) => start(options, listen));
}

async function start(options: RelayOptions, listen: AddressOptions['listen']): Promise<void> {
  if (options.V) print(VERSION);
  else if (options.C) print('CLOCK_MONOTONIC');
  else if (options.v) {
    print(`Basic version: ${PROTOCOL_VERSION}`);
    for (const [feature, what] of FEATURES)
      if (feature !== PROTOCOL_VERSION) print(`Extension ${feature}: ${what}`);
  } else await relay(options, listen);
}

import { networkInterfaces } from 'node:os';
import { SystemClock } from '../base/clock.ts';
import { listenersOf } from '../ops/config/listeners-of.ts';
import type { Finding } from '../ops/doctor/probe.ts';
import { probes } from '../ops/doctor/probes.ts';
import { type ConfigOptions, configOf } from './config-options.ts';
import { paint, print } from './terminal.ts';

const MARKS = {
  ok: () => paint('green', 'ok  '),
  warning: () => paint('yellow', 'note'),
  failed: () => paint('red', 'FAIL'),
} as const;

/** `viaduct doctor`: exit code 1 where something has failed. */
export async function diagnose(options: ConfigOptions): Promise<void> {
  const config = await configOf(options);
  const interfaces = networkInterfaces();
  const listeners = listenersOf(config, interfaces);
  for (const probe of probes({ config, listeners, interfaces, clock: new SystemClock() })) {
    for (const finding of await probe.run()) report(probe.name, finding);
  }
}

function report(name: string, { level, text, hint }: Finding): void {
  print(`${MARKS[level]()}  ${name.padEnd(10)} ${text}`);
  if (hint) print(`${' '.repeat(17)}${paint('dim', `hint: ${hint}`)}`);
  if (level === 'failed') process.exitCode = 1;
}

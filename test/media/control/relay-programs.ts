import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RealProcess } from './real-process.ts';

const LAUNCHER = join(import.meta.dirname, '../../../bin/viaduct');

/** A relay as a program of its own that takes rtpproxy's options. */
export interface RelayProgramUnderTest {
  readonly name: string;
  /** Why it cannot be asked here; undefined where it can. */
  readonly missing: string | undefined;
  /** Options with which it hears keys; undefined where it cannot. */
  readonly keys: readonly string[] | undefined;
  /**
   * Starts it at 127.0.0.1, with ports from 45000 to 49998, and recordings in its folder.
   * @param control what stands behind `-s`
   */
  start(control: (folder: string) => string, options?: readonly string[]): Promise<RealProcess>;
}

const { RTPPROXY_BIN: rtpproxy, RTPPROXY_DTMF: module } = process.env;

export const RELAY_PROGRAMS: readonly RelayProgramUnderTest[] = [
  {
    name: 'viaduct relay',
    missing: undefined,
    keys: [],
    start: (control, options = []) =>
      RealProcess.start(
        process.execPath,
        (folder) => [LAUNCHER, 'relay', ...common(control(folder), folder), ...options],
        'relays media',
      ),
  },
  {
    name: 'rtpproxy',
    missing: missingRtpproxy(),
    keys: module === undefined ? undefined : ['--dso', module],
    start: (control, options = []) =>
      RealProcess.start(
        rtpproxy!,
        (folder) => [...common(control(folder), folder), ...options],
        'rtpproxy started',
      ),
  },
];

function common(control: string, folder: string): string[] {
  const ports = ['-m', '45000', '-M', '49998'];
  const files = ['-r', folder, '-p', `${folder}/relay.pid`];
  return ['-f', '-F', '-d', 'INFO', '-s', control, '-l', '127.0.0.1', ...ports, ...files];
}

function missingRtpproxy(): string | undefined {
  if (rtpproxy === undefined) return 'RTPPROXY_BIN does not name an rtpproxy';
  return existsSync(rtpproxy) ? undefined : `RTPPROXY_BIN: ${rtpproxy} is not there`;
}

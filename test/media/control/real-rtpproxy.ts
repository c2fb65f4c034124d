import { existsSync } from 'node:fs';
import { RealProcess } from './real-process.ts';

/** Why no real rtpproxy can be asked here; undefined where one can. */
export function missingRtpproxy(): string | undefined {
  const binary = process.env.RTPPROXY_BIN;
  if (binary === undefined) return 'RTPPROXY_BIN does not name an rtpproxy';
  return existsSync(binary) ? undefined : `RTPPROXY_BIN: ${binary} is not there`;
}

/**
 * A real rtpproxy at 127.0.0.1, with ports from 45000 to 49998, that may record into its folder.
 * @param control what stands behind `-s`
 * @param options more of its options
 */
export function startRtpproxy(
  control: (folder: string) => string,
  options: readonly string[] = [],
): Promise<RealProcess> {
  const ports = ['-m', '45000', '-M', '49998'];
  return RealProcess.start(
    process.env.RTPPROXY_BIN!,
    (folder) =>
      ['-f', '-F', '-d', 'INFO', '-s', control(folder), '-l', '127.0.0.1', '-r', folder].concat(
        ports,
        options,
      ),
    'rtpproxy started',
  );
}

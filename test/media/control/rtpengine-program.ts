import { missingProgram } from '../../cloud/sandbox.ts';
import { RealProcess } from './real-process.ts';

const RANGE = 200;

export function missingRtpengine(): string | undefined {
  return missingProgram(['rtpengine']);
}

/**
 * Debian's rtpengine in user space: no kernel module, table -1.
 * @param interfaces as behind `--interface`
 */
export async function startRtpengine(
  port: number,
  interfaces: readonly string[] = ['127.0.0.1'],
): Promise<RealProcess> {
  const lowest = 30_000 + RANGE * Math.floor(Math.random() * 60);
  return RealProcess.start(
    'rtpengine',
    (folder) => [
      '--config-file=none',
      '--table=-1',
      ...interfaces.map((it) => `--interface=${it}`),
      `--listen-ng=127.0.0.1:${port}`,
      '--foreground',
      '--log-stderr',
      '--log-level=6',
      `--port-min=${lowest}`,
      `--port-max=${lowest + RANGE - 1}`,
      `--recording-dir=${folder}`,
      '--recording-method=pcap',
      '--delete-delay=0',
    ],
    'Startup complete',
  );
}

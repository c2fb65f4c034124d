import { channels } from '../base/channels.ts';
import { harmless } from './terminal.ts';

export type RelayLogLevel = 'debug' | 'info' | 'warn' | 'error';

/** rtpproxy's names of levels; the two that mean errors are one here. */
export const LOG_LEVELS: Readonly<Record<string, RelayLogLevel>> = {
  DBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERR: 'error',
  CRIT: 'error',
};

const ORDER: readonly RelayLogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Writes what happens, a line each. @returns ends it */
export function logTo(stream: NodeJS.WritableStream, least: RelayLogLevel): () => void {
  const write = (message: unknown) => {
    const { level, area, text } = message as { level: RelayLogLevel; area: string; text: string };
    if (ORDER.indexOf(level) < ORDER.indexOf(least)) return;
    stream.write(`${new Date().toISOString()} ${level} ${area}: ${harmless(text)}\n`);
  };
  channels.log.subscribe(write);
  return () => void channels.log.unsubscribe(write);
}

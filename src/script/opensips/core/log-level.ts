/** The levels of `xlog` by name. */
export const LOG_LEVELS: Readonly<Record<string, number>> = {
  L_ALERT: -3,
  L_CRIT: -2,
  L_ERR: -1,
  L_WARN: 1,
  L_NOTICE: 2,
  L_INFO: 3,
  L_DBG: 4,
};

/** The level of the server's log that a level of the script is written with. */
export function logLevel(level: number): 'debug' | 'info' | 'warn' | 'error' {
  if (level < 0) return 'error';
  if (level <= 1) return 'warn';
  return level <= 3 ? 'info' : 'debug';
}

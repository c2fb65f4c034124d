/** What scripts before version 2 compared by bare words, and the variable that says it now. */
export const OLDER_WORDS: ReadonlyMap<string, string> = new Map([
  ['method', '$rm'],
  ['uri', '$ru'],
  ['from_uri', '$fu'],
  ['to_uri', '$tu'],
  ['src_ip', '$si'],
  ['src_port', '$sp'],
  ['dst_ip', '$socket_in(ip)'],
  ['dst_port', '$socket_in(port)'],
  ['proto', '$socket_in(proto)'],
  ['af', '$socket_in(af)'],
  ['msg:len', '$ml'],
  ['status', '$rs'],
  ['retcode', '$rc'],
]);

/** `uri==myself` and the like: host and port that were asked for. */
export const OLDER_MYSELF: ReadonlyMap<string, readonly string[]> = new Map([
  ['uri', ['$rd', '$rp']],
  ['from_uri', ['$fd']],
  ['to_uri', ['$td']],
  ['src_ip', ['$si']],
  ['dst_ip', ['$socket_in(ip)']],
]);

import { RE2JS } from 're2js';

/** A shell pattern: `*`, `?`, `[abc]`, `[!a-z]`, and `\` before what is meant as it is. */
export function globMatcher(glob: string): (text: string) => boolean {
  let pattern = '';
  for (let at = 0; at < glob.length; at++) {
    const c = glob[at]!;
    if (c === '*') pattern += '[\\s\\S]*';
    else if (c === '?') pattern += '[\\s\\S]';
    else if (c === '[') {
      const close = glob.indexOf(']', at + 2);
      if (close < 0) pattern += '\\[';
      else {
        const inner = glob
          .slice(at + 1, close)
          .replaceAll('\\', '\\\\')
          .replaceAll('[', '\\[');
        pattern += `[${inner.startsWith('!') ? `^${inner.slice(1)}` : inner}]`;
        at = close;
      }
    } else if (c === '\\' && at + 1 < glob.length) pattern += RE2JS.quote(glob[++at]!);
    else pattern += RE2JS.quote(c);
  }
  const compiled = compile(pattern);
  return (text) => compiled?.matches(text) ?? text === glob;
}

/** A class that is none, as `[z-a]`, matches nothing but itself. */
function compile(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
}

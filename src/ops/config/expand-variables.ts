export type Environment = Readonly<Record<string, string | undefined>>;

export type ExpandedText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly offset: number; readonly message: string; readonly hint: string };

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Puts the environment into `${NAME}` and `${NAME:-default}`; `$${` is a literal `${`. */
export function expandVariables(text: string, environment: Environment): ExpandedText {
  let out = '';
  let at = 0;
  for (const match of text.matchAll(REFERENCE)) {
    out += text.slice(at, match.index);
    at = match.index + match[0].length;
    if (match[0] === '$${') {
      out += '${';
      continue;
    }
    const [whole, inside = '', close] = match;
    const dash = inside.indexOf(':-');
    const name = dash < 0 ? inside : inside.slice(0, dash);
    if (close === '' || !NAME.test(name)) {
      const hint = `write \${NAME} or \${NAME:-default}; $\${ stands for a plain \${`;
      return { ok: false, offset: match.index, message: `${whole} is no variable`, hint };
    }
    // As in the shell, `:-` speaks for an empty variable too.
    const value = environment[name] || (dash < 0 ? environment[name] : inside.slice(dash + 2));
    if (value === undefined) {
      const hint = `set it, or give a default: \${${name}:-…}`;
      return { ok: false, offset: match.index, message: `the variable ${name} is not set`, hint };
    }
    out += value;
  }
  return { ok: true, text: out + text.slice(at) };
}

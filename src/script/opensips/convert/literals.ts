import { fromByteString, toByteString } from '../../../wire/sip/text.ts';

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\' };

/** A byte string as TypeScript writes it; what is not ASCII goes through `text`, which makes bytes of it. */
export function quoted(bytes: string): string {
  if (/^[\x00-\x7f]*$/.test(bytes)) return `'${escaped(bytes).replaceAll("'", "\\'")}'`;
  return `text\`${templated(bytes)}\``;
}

/** A piece of a template. */
export function templated(bytes: string): string {
  const readable = fromByteString(bytes);
  // What is no UTF-8 is given as it is, for the pieces of `text` are turned to UTF-8.
  if (toByteString(readable) !== bytes) return `\${'${escaped(bytes).replaceAll("'", "\\'")}'}`;
  return escaped(readable, /[\x00-\x1f\x7f\\]/g)
    .replaceAll('`', '\\`')
    .replaceAll('${', '\\${');
}

function escaped(text: string, which: RegExp = /[\x00-\x1f\x7f-\xff\\]/g): string {
  return text.replace(which, (c) => ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** A name as a key of an object or of a property. */
export function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

export function member(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${quoted(name)}]`;
}

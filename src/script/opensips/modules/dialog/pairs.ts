/** `name#type#value|…`, as the table `dialog` keeps values and profiles: type 1 is text, 2 a number. */

const ESCAPED = /[|#\\]/g;

/** OpenSIPS's own numbers of the two types. */
const TEXT = 1;
const NUMBER = 2;

/** A pair whose value is a number. */
export type TypedPair = readonly [name: string, value: string | number];

export function writePairs(pairs: Iterable<TypedPair>): string {
  let text = '';
  for (const [name, value] of pairs) {
    const [type, written] = typeof value === 'number' ? [NUMBER, value] : [TEXT, escaped(value)];
    text += `${escaped(name)}#${type}#${written}|`;
  }
  return text;
}

/** What cannot be read is left out. */
export function readPairs(text: string): TypedPair[] {
  const pairs: TypedPair[] = [];
  for (const [, name, type, value] of text.matchAll(
    /((?:[^|#\\]|\\[\s\S])+)#([12])#((?:[^|#\\]|\\[\s\S])*)\|/g,
  )) {
    if (Number(type) === TEXT) pairs.push([unescaped(name!), unescaped(value!)]);
    else if (isNumber(value!)) pairs.push([unescaped(name!), Number(value)]);
  }
  return pairs;
}

/** Whether text is a number as C prints one. */
function isNumber(text: string): boolean {
  return /^(?:0|-?[1-9]\d{0,9})$/.test(text) && Number(text) === (Number(text) | 0);
}

function escaped(text: string): string {
  return text.replaceAll(ESCAPED, '\\$&');
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([\s\S])/g, '$1');
}

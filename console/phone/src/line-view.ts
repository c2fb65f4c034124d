import { block, button } from './elements.ts';
import type { Line } from './phone.ts';

const WORDS: Readonly<Record<Line['kind'], string>> = {
  off: 'Signed out',
  connecting: 'Connecting …',
  registering: 'Registering …',
  registered: 'Registered',
  refused: 'Not registered',
  dropped: 'Connection lost. Retrying …',
};

/** How the phone stands with its server, in a lamp and words. */
export function showLine(line: Line): void {
  const text = line.kind === 'refused' ? `${WORDS.refused}: ${line.why}` : WORDS[line.kind];
  block('line').dataset.kind = line.kind;
  const words = block('line-text');
  // Said again, it would be read out again.
  if (words.textContent !== text) words.textContent = text;
  button('retry').hidden = line.kind !== 'dropped';
}

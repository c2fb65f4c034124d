import { readFileSync } from 'node:fs';

/** One command and its answer, as rtpproxy gave it and as Viaduct gives it; line ends are `/`. */
export interface GoldenExchange {
  readonly line: number;
  readonly command: string;
  readonly answer: string;
  readonly ours: string;
}

/** Commands to one daemon, in order. */
export interface GoldenDialogue {
  /** As on the command line. */
  readonly options: readonly string[];
  readonly exchanges: readonly GoldenExchange[];
}

/** Reads what was recorded of rtpproxy. @throws Error for a line that is none */
export function goldenDialogues(): GoldenDialogue[] {
  const file = new URL('./testdata/rtpproxy-3.2.txt', import.meta.url);
  const dialogues: { options: string[]; exchanges: GoldenExchange[] }[] = [];
  for (const [index, text] of readFileSync(file, 'utf8').split('\n').entries()) {
    const exchanges = dialogues.at(-1)?.exchanges;
    const arrow = text.indexOf(' -> ');
    if (text === '' || text.startsWith('#')) continue;
    if (text.startsWith('$ ')) dialogues.push({ options: text.slice(2).split(' '), exchanges: [] });
    else if (text.startsWith('viaduct: ') && exchanges) {
      const [ours = ''] = text.slice('viaduct: '.length).split(';');
      exchanges.push({ ...exchanges.pop()!, ours });
    } else if (arrow > 0 && exchanges) {
      const answer = text.slice(arrow + 4);
      exchanges.push({ line: index + 1, command: text.slice(0, arrow), answer, ours: answer });
    } else throw new Error(`line ${index + 1} of the recorded exchanges: ${text}`);
  }
  return dialogues;
}

/** Compares answers with what is expected, where `<a>` is a port of the call: any at first, and the same one later. */
export class GoldenPorts {
  readonly #ports = new Map<string, string>();

  /** @returns the answer in the words of what was expected, so that a test shows the two beside each other */
  shown(command: string, answer: string, expected: string): string {
    const words = answer.trimEnd().replaceAll('\n', '/').split(' ');
    const [, callId = ''] = command.split(' ');
    const wanted = expected.split(' ');
    return words
      .map((word, i) => (this.#matches(wanted[i] ?? '', word, callId) ? wanted[i] : word))
      .join(' ');
  }

  #matches(wanted: string, word: string, callId: string): boolean {
    if (!/^<\w?>$/.test(wanted) || !/^\d{4,5}$/.test(word) || Number(word) % 2 !== 0) return false;
    const key = `${callId} ${wanted}`;
    if (wanted === '<>') return true;
    if (!this.#ports.has(key)) this.#ports.set(key, word);
    return this.#ports.get(key) === word;
  }
}

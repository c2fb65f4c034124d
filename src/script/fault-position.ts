/** Where in a file something is wrong; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Turns a place in code that runs into the place where somebody wrote it. */
export type PositionMap = (position: Position) => Position;

/** Deeper chains of causes are nobody's. */
const MOST_CAUSES = 8;

/** @returns the topmost frame of an error's stack, else of its causes', that lies in one of the scripts */
export function faultPosition(error: unknown, scripts: Iterable<string>): Position | undefined {
  const files = [...scripts];
  let fault = error;
  for (let depth = 0; fault instanceof Error && depth < MOST_CAUSES; depth++) {
    const position = framePosition(fault.stack ?? '', files);
    if (position) return position;
    fault = fault.cause;
  }
  return undefined;
}

function framePosition(stack: string, files: readonly string[]): Position | undefined {
  for (const frame of stack.split('\n')) {
    const match = /\(?((?:file:\/\/)?[^()\s][^()]*):(\d+):(\d+)\)?$/.exec(
      frame.replace(/^\s*at (?:async )?/, ''),
    );
    if (!match) continue;
    const file = files.find((name) => match[1]!.endsWith(name));
    if (file !== undefined) return { file, line: Number(match[2]), column: Number(match[3]) };
  }
  return undefined;
}

export function positionText({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

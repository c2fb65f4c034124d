/** Where in a file something is wrong; line and column count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Turns a place in code that runs into the place where somebody wrote it. */
export type PositionMap = (position: Position) => Position;

/** @returns the topmost frame of an error's stack that lies outside the server and Node, as `file:line:column` */
export function faultPosition(error: unknown, scripts: Iterable<string>): Position | undefined {
  const stack = error instanceof Error ? error.stack : undefined;
  if (stack === undefined) return undefined;
  const files = [...scripts];
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

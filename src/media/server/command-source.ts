/** Whom a command comes from. */
export interface CommandSource {
  /** Its IP address, which `%%CC_SELF%%` stands for; undefined where it speaks over a socket of this machine. */
  readonly address: string | undefined;
  /** Takes the lines of the notify socket `port:`; only a MessagePort does. */
  readonly notify?: (line: string) => void;
}

/** Executes a command and answers it, both without cookie and line end. Never throws, never rejects. */
export type Execute = (text: string, source: CommandSource) => string | Promise<string>;

/** Calls `then` with the answer: at once where it is there at once. */
export function whenAnswered(answer: string | Promise<string>, then: (answer: string) => void): void {
  if (typeof answer === 'string') then(answer);
  else void answer.then(then);
}

/** A management command: the same name on the control socket, on the command line and wherever else it is offered. */
export interface AdminCommand {
  readonly name: string;
  /** What follows the name: `[AOR]`. */
  readonly usage: string;
  readonly summary: string;
  /**
   * @returns plain data: text is printed as it is, lists of objects as a table
   * @throws CommandFault for wrong arguments
   */
  run(args: readonly string[]): unknown;
}

/** What was asked cannot be done; `message` is for the person who asked. */
export class CommandFault extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'CommandFault';
    this.hint = hint;
  }
}

import type { MessagePort } from 'node:worker_threads';
import { LONGEST_FRAME } from '../../wire/rtpproxy/frame.ts';
import { type Execute, whenAnswered } from './command-source.ts';
import type { PortAnswer, PortCommand, PortNotification } from './port-message.ts';

/** Commands over a MessagePort, until it closes. */
export function openPortDoor(port: MessagePort, execute: Execute): void {
  const source = {
    address: undefined,
    notify: (notification: string) => port.postMessage({ notification } satisfies PortNotification),
  };
  port.on('message', (message: unknown) => {
    if (!isCommand(message)) return;
    const { id, command } = message;
    whenAnswered(execute(command, source), (answer) => port.postMessage({ id, answer } satisfies PortAnswer));
  });
}

function isCommand(message: unknown): message is PortCommand {
  const { id, command } = (message ?? {}) as Partial<PortCommand>;
  return typeof id === 'number' && typeof command === 'string' && command.length <= LONGEST_FRAME;
}

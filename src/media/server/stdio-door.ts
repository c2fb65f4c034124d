import type { Readable, Writable } from 'node:stream';
import type { Door, DoorContext } from './datagram-door.ts';
import { StreamExchange } from './stream-exchange.ts';

/** Commands on the standard input, answers on the standard output (`stdio:`). */
export function openStdioDoor(
  { input, output }: { readonly input: Readable; readonly output: Writable },
  { execute, counters }: DoorContext,
  onEnd: () => void,
): Door {
  const exchange = new StreamExchange(
    execute,
    { address: undefined },
    {
      write: (text) => output.write(text, 'latin1'),
      close: onEnd,
      flow: (wanted) => (wanted ? input.resume() : input.pause()),
    },
    { oneCommand: false },
    counters,
  );
  const receive = (chunk: Buffer) => exchange.receive(chunk);
  const end = () => exchange.end();
  input.on('data', receive).on('end', end).on('error', end);
  output.on('error', end);
  return {
    name: 'stdio:',
    [Symbol.asyncDispose]: async () => {
      input.off('data', receive).off('end', end).pause();
    },
  };
}

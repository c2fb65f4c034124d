import { once } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../base/errors.ts';
import { ThreadLine } from './thread-line.ts';

interface There {
  add(a: number, b: number): number;
  later(): Promise<string>;
  refuse(): void;
  stumble(): void;
  port(): MessagePort;
  hear(port: MessagePort): void;
}

function pair() {
  const { port1, port2 } = new MessageChannel();
  const heard: MessagePort[] = [];
  const there: There = {
    add: (a, b) => a + b,
    later: async () => 'later',
    refuse: () => {
      throw new ServerError('CFG_INVALID', 'not so', { hint: 'mend it' });
    },
    stumble: () => {
      throw new TypeError('a bug');
    },
    port: () => {
      const { port1: near, port2: far } = new MessageChannel();
      near.postMessage('through');
      near.unref();
      return far;
    },
    hear: (port) => void heard.push(port),
  };
  new ThreadLine(port2, there);
  const line = new ThreadLine<There>(port1, {});
  return { line, heard, [Symbol.dispose]: () => port1.close() };
}

describe('ThreadLine', () => {
  it('calls methods of the other side', async () => {
    using test = pair();
    expect(await Promise.all([test.line.call('add', 1, 2), test.line.call('later')])).toEqual([3, 'later']);
  });

  it('brings faults back as they were thrown', async () => {
    using test = pair();
    const refusal = { name: 'ServerError', code: 'CFG_INVALID', message: 'not so', hint: 'mend it' };
    await expect(test.line.call('refuse')).rejects.toMatchObject(refusal);
    await expect(test.line.call('stumble')).rejects.toThrow('a bug');
  });

  it('hands ports over, both ways', async () => {
    using test = pair();
    const port = await test.line.call('port');
    expect(await once(port, 'message')).toEqual(['through']);
    port.close();
    const { port1, port2 } = new MessageChannel();
    test.line.tell('hear', port1);
    await test.line.call('later');
    test.heard[0]!.postMessage('back');
    expect(await once(port2, 'message')).toEqual(['back']);
    port2.close();
  });

  it('ends every call when the other side has ended', async () => {
    using test = pair();
    const call = test.line.call('later');
    test.line.close('it has ended');
    await expect(call).rejects.toThrow('it has ended');
    await expect(test.line.call('later')).rejects.toThrow('it has ended');
  });
});

import { describe, expect, it } from 'vitest';
import type { ControlLink, LinkAnswer } from './control-link.ts';
import { ControlQueue } from './control-queue.ts';

/** A link that is answered by hand. */
class HandLink implements ControlLink {
  readonly window: number;
  readonly strays = 0;
  readonly asked: string[] = [];
  readonly #waiting = new Map<string, (answer: LinkAnswer) => void>();

  constructor(window: number) {
    this.window = window;
  }

  ask(text: string): Promise<LinkAnswer> {
    this.asked.push(text);
    return new Promise((resolve) => this.#waiting.set(text, resolve));
  }

  async answer(text: string): Promise<void> {
    this.#waiting.get(text)!({ ok: true, text: `${text}!` });
    await new Promise((resolve) => setImmediate(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const away = { ok: false, fault: 'unreachable', reason: 'away' } as const;

describe('commands for one relay', () => {
  it('of one call go out one after the other, whatever the answers of other calls', async () => {
    const link = new HandLink(10);
    const queue = new ControlQueue(link, 100);
    const answers = ['a1', 'b1', 'a2', 'a3', 'b2'].map((text) => queue.ask(text[0]!, text));
    expect(link.asked).toEqual(['a1', 'b1']);
    await link.answer('a1');
    expect(link.asked).toEqual(['a1', 'b1', 'a2']);
    await link.answer('a2');
    await link.answer('b1');
    expect(link.asked).toEqual(['a1', 'b1', 'a2', 'a3', 'b2']);
    await link.answer('b2');
    await link.answer('a3');
    expect(await Promise.all(answers)).toEqual(
      ['a1!', 'b1!', 'a2!', 'a3!', 'b2!'].map((text) => ({ ok: true, text })),
    );
    expect(queue.pending).toBe(0);
  });

  it('are no more at once than the link has room for, in order', async () => {
    const link = new HandLink(2);
    const queue = new ControlQueue(link, 100);
    for (const text of ['a', 'b', 'c', 'd']) void queue.ask(text, text);
    expect(link.asked).toEqual(['a', 'b']);
    await link.answer('b');
    expect(link.asked).toEqual(['a', 'b', 'c']);
  });

  it('are refused where too many wait', async () => {
    const link = new HandLink(1);
    const queue = new ControlQueue(link, 2);
    void queue.ask('a', 'a');
    void queue.ask('a', 'b');
    expect(await queue.ask('c', 'c')).toMatchObject({ ok: false, fault: 'overload' });
    expect(queue.refused).toBe(1);
    await link.answer('a');
    void queue.ask('c', 'd');
    expect(link.asked).toEqual(['a', 'b']);
  });

  it('are given up together, but for what is under way', async () => {
    const link = new HandLink(2);
    const queue = new ControlQueue(link, 100);
    const answers = ['a1', 'a2', 'a3', 'b1', 'c1', 'c2'].map((text) => queue.ask(text[0]!, text));
    queue.flush(away);
    let idle = false;
    void queue.whenIdle().then(() => (idle = true));
    expect(queue.pending).toBe(2);
    await link.answer('a1');
    expect(idle).toBe(false);
    void queue.ask('a', 'a4');
    expect(link.asked).toEqual(['a1', 'b1', 'a4']);
    await link.answer('b1');
    await link.answer('a4');
    expect(idle).toBe(true);
    expect(await Promise.all(answers)).toEqual([
      { ok: true, text: 'a1!' },
      away,
      away,
      { ok: true, text: 'b1!' },
      away,
      away,
    ]);
    await queue.whenIdle();
  });
});

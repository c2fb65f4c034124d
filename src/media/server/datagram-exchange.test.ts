import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../base/fake-clock.ts';
import type { Execute } from './command-source.ts';
import { DatagramExchange, type DatagramSource } from './datagram-exchange.ts';
import { doorCounters } from './door-counters.ts';

const SOURCE: DatagramSource = { address: '192.0.2.1', port: 4711 };

function exchange(execute: Execute) {
  const clock = new FakeClock();
  const counters = doorCounters();
  const sent: string[] = [];
  const it = new DatagramExchange(
    execute,
    (bytes, to) => sent.push(`${to.address}:${to.port} ${bytes.toString('latin1')}`),
    { clock, counters },
  );
  const receive = (text: string, source = SOURCE) => it.receive(Buffer.from(text, 'latin1'), source);
  return { clock, counters, sent, receive };
}

describe('DatagramExchange', () => {
  it('answers a repeated cookie without executing again', () => {
    let executed = 0;
    const { clock, counters, sent, receive } = exchange(() => String(++executed));
    receive('1_2_3 V\n');
    receive('1_2_3 V');
    clock.advance(35_000);
    receive('1_2_3 something else', { ...SOURCE, port: 4712 });
    expect(sent).toEqual([
      '192.0.2.1:4711 1_2_3 1\n',
      '192.0.2.1:4711 1_2_3 1\n',
      '192.0.2.1:4712 1_2_3 1\n',
    ]);
    expect([executed, counters.repeated]).toEqual([1, 2]);
    receive('1_2_3 V', { ...SOURCE, address: '192.0.2.2' });
    clock.advance(10_000);
    receive('1_2_3 V');
    expect(executed).toBe(3);
  });

  it('executes once what is repeated while it is executed', async () => {
    let executed = 0;
    const answers: ((answer: string) => void)[] = [];
    const { sent, receive } = exchange(() => {
      executed++;
      return new Promise((resolve) => answers.push(resolve));
    });
    receive('c U');
    receive('c U');
    expect([executed, sent]).toEqual([1, []]);
    answers[0]!('35000 192.0.2.9');
    await Promise.resolve();
    receive('c U');
    expect(sent).toEqual(Array(2).fill('192.0.2.1:4711 c 35000 192.0.2.9\n'));
  });

  // Answers of rtpproxy 3.2, which takes the one word for a cookie.
  it.each([
    ['V', 'V E5\n'],
    ['c ', 'c E5\n'],
    ['abc \n', 'abc E5\n'],
    ['', 'E5\n'],
    ['\n', 'E5\n'],
    [`${'x'.repeat(300)} V`, 'E5\n'],
    [`c ${'x'.repeat(9000)}`, 'c E5\n'],
  ])('answers "%s" that it is no command', (text, answer) => {
    const { counters, sent, receive } = exchange(() => 'executed');
    receive(text);
    expect(sent).toEqual([`192.0.2.1:4711 ${answer}`]);
    expect(counters.malformed).toBe(1);
  });
});

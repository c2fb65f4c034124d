import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import type { PortCommand } from '../server/port-message.ts';
import { controlUnderTest, question, sdp } from './testing/control-under-test.ts';
import { FakeRelay } from './testing/fake-relays.ts';

const OFFER = sdp('10.9.9.9', 'm=audio 8000 udp x');

/** The embedded relay's end of a port. */
class EmbeddedRelay {
  readonly relay = new FakeRelay('10.0.0.34');
  readonly ports: MessagePort[] = [];

  readonly openPort = async (): Promise<MessagePort> => {
    const { port1, port2 } = new MessageChannel();
    this.ports.push(port2);
    port2.on('message', ({ id, command }: PortCommand) => {
      const answer = this.relay.take(`${this.ports.length}-${id} ${command}`);
      if (answer !== undefined) port2.postMessage({ id, answer: answer.slice(answer.indexOf(' ') + 1, -1) });
    });
    return port1;
  };
}

describe('the embedded relay', () => {
  it('is commanded over a port, and tells over it', async () => {
    const embedded = new EmbeddedRelay();
    await using test = await controlUnderTest({ sockets: ['embedded'], openPort: embedded.openPort });
    const { control } = test;
    const flags = { notify: true, keys: 101 };
    const result = await control.offer(question(OFFER, { flags, tag: '7' }));
    expect(result).toMatchObject({
      ok: true,
      node: 'embedded',
      media: [{ address: '10.0.0.34', local: true }],
    });
    expect(embedded.relay.commands).toEqual(['U CALL 127.0.77.1 8000 ft1;1 port: T7 && M3:1 Dd7 101']);
    const told = new Promise((resolve) => {
      const all: unknown[] = [];
      control.listener = {
        mediaKey: (...key) => all.push(key),
        mediaStopped: (...tag) => resolve([...all, tag]),
      };
    });
    embedded.ports[0]!.postMessage({ notification: 'I' });
    embedded.ports[0]!.postMessage({ notification: 'Dd7 # 10 800 1' });
    embedded.ports[0]!.postMessage({ notification: 'T7' });
    expect(await told).toEqual([
      ['7', { key: '#', volume: 10, duration: 800, party: 'answerer' }, 'embedded'],
      ['7', 'embedded'],
    ]);
  });

  it('that is gone fails what it was asked; the next command asks for another one', async () => {
    const embedded = new EmbeddedRelay();
    await using test = await controlUnderTest({ sockets: ['embedded'], openPort: embedded.openPort });
    const { control } = test;
    await control.offer(question(OFFER));
    embedded.relay.silent = true;
    const asked = control.answer(question(OFFER, { toTag: 't' }));
    await new Promise((resolve) => setImmediate(resolve));
    embedded.ports[0]!.close();
    expect(await asked).toMatchObject({ ok: false, fault: 'no-relay' });
    embedded.relay.silent = false;
    expect(await control.offer(question(OFFER))).toMatchObject({ ok: true });
    expect(embedded.ports).toHaveLength(2);
  });

  it('is no relay where there is none', async () => {
    await using test = await controlUnderTest({ sockets: ['embedded'] });
    expect(await test.control.offer(question(OFFER))).toMatchObject({ ok: false, fault: 'no-relay' });
    await using broken = await controlUnderTest({
      sockets: ['embedded'],
      openPort: () => {
        throw new Error('no thread');
      },
    });
    expect(await broken.control.offer(question(OFFER))).toMatchObject({ ok: false, fault: 'no-relay' });
  });
});

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import routes from '../../src/script/api/default-routes.ts';
import { CallHarness } from '../../testing/call-harness.ts';

const DATA = join(import.meta.dirname, '../conformance');
const files = globSync('*/testdata/**/*.dat', { cwd: DATA }).sort();

/** Sends each text to a whole server, then asks whether it is still there. @returns errors that it logged */
async function survives(texts: readonly string[]): Promise<readonly string[]> {
  const errors: string[] = [];
  const listen = (line: unknown): void => {
    const { level, text } = line as { level: string; text: string };
    if (level === 'error') errors.push(text);
  };
  subscribe('viaduct:log', listen);
  try {
    await using harness = CallHarness.start({
      routes,
      users: { alice: 'a' },
      frontDoor: { rate: undefined },
    });
    const stranger = harness.peer('stranger');
    for (const text of texts) stranger.sendRaw(text);
    await harness.advance(120_000);
    const answer = await stranger.request('OPTIONS', 'sip:99.88.44.33');
    expect(answer.status).toBe(200);
    expect(harness.server.layer.counters.userFaults).toBe(0);
    expect(harness.server.runtime.pending).toBe(0);
    expect(harness.server.layer.counters.inUse).toBeLessThanOrEqual(1);
  } finally {
    unsubscribe('viaduct:log', listen);
  }
  return errors;
}

describe('a whole server', () => {
  it('has torture messages to be sent', () => {
    expect(files.length).toBeGreaterThanOrEqual(49);
  });

  it.each(files.map((file) => [basename(file), file]))('lives on after %s', async (_name, file) => {
    expect(await survives([readFileSync(join(DATA, file), 'latin1')])).toEqual([]);
  });

  it('lives on after a message with each of its bytes changed in turn', async () => {
    const text =
      'REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK1;rport\r\n' +
      'From: "A" <sip:alice@example.com>;tag=1\r\nTo: <sip:alice@example.com>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n' +
      'Contact: <sip:alice@203.0.113.1>;expires=60\r\nRoute: <sip:99.88.44.33;lr>\r\nMax-Forwards: 70\r\n' +
      'Authorization: Digest username="alice", realm="example.com", nonce="x", uri="sip:example.com", response="y"\r\n' +
      'Content-Length: 0\r\n\r\n';
    const changes = ['\0', '\r', '\n', '"', '<', ',', ';', ' ', '\xff', ''];
    const texts = Array.from(
      text,
      (_, at) => text.slice(0, at) + changes[at % changes.length] + text.slice(at + 1),
    );
    expect(await survives(texts)).toEqual([]);
  });
});

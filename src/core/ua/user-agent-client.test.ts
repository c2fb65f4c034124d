import { describe, expect, it } from 'vitest';
import { messageOwner } from '../../wire/sip/owner.ts';
import { ProxyUnderTest, PUBLIC } from '../proxy/testing/proxy-under-test.ts';

describe('requests of the server’s own', () => {
  it.each([0, 3])('come back, with all that follows them, to worker %i of four', async (index) => {
    const server = new ProxyUnderTest({ place: { index, count: 4, life: 0 } });
    const peer = server.peer('198.51.100.9');
    for (let i = 0; i < 20; i++) {
      const asked = server.client.request({ method: 'OPTIONS', requestUri: `sip:ua@${peer.address}:5060` });
      await server.clock.advanceAsync(0);
      const request = peer.last('OPTIONS');
      expect(messageOwner(Buffer.from(request, 'latin1'), 4)).toBe(index);
      expect(request).toMatch(new RegExp(`\r\nCall-ID: [\\w-]+@${PUBLIC}\r\n`));
      peer.answer('OPTIONS', 200);
      expect(await asked).toMatchObject({ status: 200 });
    }
  });
});

import { expect, it } from 'vitest';
import { Caller } from './caller.ts';
import { Crowd } from './crowd.ts';
import { CrowdedServer } from './crowded-server.ts';

it('reaches phones by the connections that they registered on, and forgets them when those close', async () => {
  await using server = await CrowdedServer.start(1000);
  using caller = await Caller.open(server.port);
  {
    using crowd = new Crowd(server.port);
    await crowd.grow(300);
    for (const user of ['u0', 'u150', 'u299']) expect(await caller.call(user)).toBe(486);
    expect([...crowd.called]).toEqual(['u0', 'u150', 'u299']);
    expect(crowd.lost).toBe(0);
    expect(await server.counter('net', 'openConnections')).toBe(300);
  }
  while ((await server.counter('registrar', 'lost')) < 300);
  expect(await caller.call('u7')).toBe(480);
});

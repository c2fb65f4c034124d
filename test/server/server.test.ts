import { mkdtempSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { callControl } from '../../src/ops/admin/control-client.ts';
import { controlPath } from '../../src/ops/admin/control-path.ts';
import { loadConfig } from '../../src/ops/config/load-config.ts';
import type { ServerConfig } from '../../src/ops/config/server-config.ts';
import { databasePath } from '../../src/ops/subscribers.ts';
import { Server } from '../../src/server.ts';
import { Database } from '../../src/store/sqlite/database.ts';
import { SqliteSubscribers } from '../../src/store/sqlite/subscribers.ts';
import { UdpPhone } from './udp-phone.ts';

const BASE = `
listen: ["udp:127.0.0.1:0 as 99.88.44.33 name edge"]
domains: [example.com, example.org]
data: ./data
`;

class Home {
  readonly folder = mkdtempSync(join(tmpdir(), 'viaduct-server-'));
  readonly file = join(this.folder, 'viaduct.yaml');
  readonly data = join(this.folder, 'data');

  write(more = ''): void {
    writeFileSync(this.file, BASE + more);
  }

  async read(): Promise<ServerConfig> {
    const result = await loadConfig({ file: this.file }, { environment: {}, workingDirectory: this.folder });
    if (!result.ok) throw new Error(result.text);
    return result.config;
  }

  async start(more = ''): Promise<Server> {
    this.write(more);
    return Server.start({ config: await this.read(), reread: () => this.read() });
  }

  async addUser(user: string, realm: string, password: string): Promise<void> {
    await using database = Database.open(databasePath(this.data));
    new SqliteSubscribers(database).add(user, realm, password);
  }

  async control(method: string, ...params: string[]): Promise<unknown> {
    const answer = await callControl(controlPath(this.data), method, params);
    return answer.ok ? answer.result : answer.error;
  }
}

function portOf(server: Server): number {
  return server.network.listeners[0]!.port;
}

describe('Server', () => {
  it('registers a user that was added while it runs, and keeps the contact over a restart', async () => {
    const home = new Home();
    {
      await using server = await home.start();
      await using phone = await UdpPhone.open(portOf(server));
      await home.addUser('alice', 'example.com', 'secret');
      const aor = 'sip:alice@example.com';
      expect((await phone.request('REGISTER', 'sip:example.com', aor, 'wrong')).status).toBe(401);
      const answer = await phone.request('REGISTER', 'sip:example.com', aor, 'secret');
      expect(answer.status).toBe(200);
    }
    await using server = await home.start();
    expect(await home.control('registrations')).toMatchObject([
      { aor: 'sip:alice@example.com', listener: 'edge' },
    ]);
    expect(await home.control('unregister', 'alice@example.com')).toBe(
      '1 contact of sip:alice@example.com removed',
    );
    expect(await server.location.count()).toBe(0);
  });

  it('takes nobody for the user of the same name in another domain', async () => {
    const home = new Home();
    await using server = await home.start();
    await using phone = await UdpPhone.open(portOf(server));
    await home.addUser('alice', 'example.com', 'secret');
    const answer = await phone.request('REGISTER', 'sip:example.org', 'sip:alice@example.org', 'secret');
    expect(answer.status).toBe(401);
    expect(answer.header('WWW-Authenticate')).toContain('realm="example.org"');
  });

  it('relays nothing for strangers', async () => {
    await using server = await new Home().start();
    await using phone = await UdpPhone.open(portOf(server));
    const answer = await phone.request('INVITE', 'sip:bob@example.net', 'sip:eve@example.net');
    expect(answer.status).toBe(407);
  });

  it('keeps others out of its control socket, and a second server off its data', async () => {
    const home = new Home();
    await using _ = await home.start();
    expect((await stat(join(home.data, 'control.sock'))).mode & 0o777).toBe(0o600);
    await expect(home.start()).rejects.toMatchObject({ code: 'ADMIN_UNAVAILABLE' });
  });

  it('changes printed addresses while it runs, and recognises the old ones after that and after a restart', async () => {
    const home = new Home();
    {
      await using server = await home.start();
      expect(await home.control('advertise', 'set', '99.88.44.35', 'edge')).toMatchObject([
        { listener: 'edge', outside: `99.88.44.35:${portOf(server)}` },
      ]);
      expect(server.advertise.own.recognise({ host: '99.88.44.33' }).own).toBe(true);
    }
    await using server = await home.start();
    expect(server.advertise.own.recognise({ host: '99.88.44.35' }).own).toBe(true);
  });

  it('reloads everything or nothing', async () => {
    const home = new Home();
    await using server = await home.start();
    const routes = join(home.folder, 'routes.ts');
    const busy = (status: number) =>
      `import { routes } from 'viaduct';\nexport default routes({ register: (c) => c.reject(${status}), invite: (c) => c.reject(${status}) });\n`;
    writeFileSync(routes, busy(480));
    home.write('routes: ./routes.ts\nadvertise: { address: 99.88.44.40 }\ntimers: { t1: 400ms }\n');
    const changes = await server.reload();
    expect(changes).toContain('printed addresses have changed');
    expect(changes).toContain('timers: the change needs a restart');
    await using phone = await UdpPhone.open(portOf(server));
    const ask = () => phone.request('INVITE', 'sip:bob@example.com', 'sip:alice@example.com');
    expect((await ask()).status).toBe(480);

    writeFileSync(routes, busy(486).replace('=>', '='));
    await expect(server.reload()).rejects.toMatchObject({
      code: 'CFG_ROUTES_INVALID',
      message: expect.stringMatching(/routes\.ts:2:\d+: /),
    });
    expect((await ask()).status).toBe(480);

    writeFileSync(routes, busy(486));
    expect(await home.control('reload')).toContain('read again');
    expect((await ask()).status).toBe(486);
  });

  it('sends new calls elsewhere while it drains', async () => {
    await using server = await new Home().start();
    await using phone = await UdpPhone.open(portOf(server));
    const drained = server.drain();
    const answer = await phone.request('INVITE', 'sip:bob@example.com', 'sip:alice@example.com');
    expect(answer.status).toBe(503);
    await drained;
    await server.stopped;
  });

  it('opens nothing where one socket is taken', async () => {
    await using first = await new Home().start();
    const home = new Home();
    writeFileSync(home.file, BASE.replace(':0 ', `:${portOf(first)} `));
    const config = await home.read();
    const start = Server.start({ config, reread: () => home.read() });
    await expect(start).rejects.toMatchObject({
      code: 'NET_LISTEN_FAILED',
      message: expect.stringContaining('edge'),
    });
  });

  it('counts', async () => {
    const home = new Home();
    await using server = await home.start();
    await using phone = await UdpPhone.open(portOf(server));
    await phone.request('OPTIONS', 'sip:example.com', 'sip:alice@example.com');
    expect(server.statistics()).toMatchObject({ net: { datagramsIn: 1 }, transaction: { finished2xx: 1 } });
    expect(await home.control('statistics', 'none')).toMatchObject({ message: 'there is no group none' });
    expect(await home.control('status')).toMatchObject({ listeners: 1, config: home.file });
    expect(await home.control('explain', '203.0.113.1')).toContain('99.88.44.33');
    expect(await home.control('bogus')).toMatchObject({ code: -32601 });
  });
});

import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../../wire/sip/parse.ts';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const HEAD = ['signaling', 'sl', 'tm', 'rr', 'path', 'nathelper']
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n');
const REGISTRAR = '198.51.100.50';

async function run(add: string, options: { params?: string; listeners?: string[]; back?: string } = {}) {
  const { params = '', listeners, back = 'loose_route(); xlog("$ru $du"); t_relay();' } = options;
  const server = await ScriptUnderTest.run(
    `${HEAD}\n${params}
    route {
      if (is_method("REGISTER")) { ${add} $du = "sip:${REGISTRAR}"; t_relay(); exit; }
      ${back}
    }`.replace('loadmodule "path.so"', 'loadmodule "sipmsgops.so"\nloadmodule "path.so"'),
    listeners && { listeners },
  );
  return {
    server,
    phone: server.peer('192.0.2.7', { believes: '10.1.1.1' }),
    registrar: server.peer(REGISTRAR),
  };
}

function paths(text: string): string[] {
  const parsed = parseMessage(Buffer.from(text, 'latin1'));
  return parsed.ok ? [...text.matchAll(/^Path: (.*)\r$/gm)].map((match) => match[1]!) : [];
}

describe('path', () => {
  it('writes a Path with a user, and where the phone was seen', async () => {
    const { server, phone, registrar } = await run('add_path_received("edge");');
    await using _ = server;
    phone.request('REGISTER');
    await server.settle();
    const [path, ...more] = paths(registrar.last('REGISTER'));
    expect(more).toEqual([]);
    expect(path).toMatch(/^<sip:edge@[\d.]+(:\d+)?;lr;received=sip:192\.0\.2\.7:5060;vt=[\w-]+>$/);
  });

  it('writes a token for the flow where no user is given', async () => {
    const { server, phone, registrar } = await run('add_path();');
    await using _ = server;
    phone.request('REGISTER');
    await server.settle();
    const [path] = paths(registrar.last('REGISTER'));
    expect(path).toMatch(/^<sip:[\w.-]{20,}@[^;]+;lr;vt=[\w-]+>$/);
    expect(path).not.toContain('received');
  });

  it('writes two where two sockets are on the way, received in that of the phone', async () => {
    const { server, phone, registrar } = await run(
      'force_send_socket("udp:10.0.0.34:5070"); add_path_received("a");',
      {
        listeners: ['udp:10.0.0.34:5060 as 99.88.44.33', 'udp:10.0.0.34:5070'],
      },
    );
    await using _ = server;
    phone.request('REGISTER');
    await server.settle();
    const found = paths(registrar.last('REGISTER'));
    expect(found).toHaveLength(2);
    expect(found[0]).toMatch(/^<sip:a@10\.0\.0\.34:5070;r2=on;lr;vt=/);
    expect(found[1]).toMatch(/^<sip:a@.*;r2=on;lr;received=sip:192\.0\.2\.7:5060;vt=/);
  });

  it('writes none twice', async () => {
    const { server, phone } = await run('add_path("a"); add_path("b"); xlog("$rc");');
    await using _ = server;
    phone.request('REGISTER');
    await server.settle();
    expect(server.lines).toEqual(['add_path: there is a Path already', '-1']);
  });

  it('sends by received what comes back, and only where it was written here', async () => {
    const { server, phone, registrar } = await run('add_path_received("edge");', {
      params: 'modparam("path", "use_received", 1)',
    });
    await using _ = server;
    phone.request('REGISTER');
    await server.settle();
    const [path] = paths(registrar.last('REGISTER'));
    registrar.request('OPTIONS', { requestUri: 'sip:ua@10.1.1.1', headers: [`Route: ${path}`] });
    await server.settle();
    expect(server.lines.at(-1)).toBe('sip:ua@10.1.1.1 sip:192.0.2.7:5060');
    expect(phone.kinds).toContain('OPTIONS');
    const forged = path!.replace(/vt=[\w-]+/, 'vt=xxxxxxxxxxxx').replace('192.0.2.7', '10.9.9.9');
    registrar.request('OPTIONS', {
      requestUri: 'sip:ua@10.1.1.1',
      callId: 'x',
      headers: [`Route: ${forged}`],
    });
    await server.settle();
    expect(server.lines.at(-1)).not.toContain('10.9.9.9');
  });
});

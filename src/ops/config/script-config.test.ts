import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SourceText } from '../../script/opensips/language/source-text.ts';
import { compileSource } from '../../script/opensips/load-script.ts';
import { scriptConfig } from './script-config.ts';
import type { ServerConfig } from './server-config.ts';

async function configOf(script: string): Promise<ServerConfig> {
  const result = await compileSource('test.cfg', SourceText.of(`${script}\nroute { exit; }`, 'test.cfg'));
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return scriptConfig(result.loaded, [], '/work');
}

const HEAD =
  'loadmodule "tls_wolfssl.so"\nloadmodule "tls_mgm.so"\nloadmodule "proto_tls.so"\nloadmodule "proto_wss.so"';
const CERT = `modparam("tls_mgm", "certificate", "/c.pem")
  modparam("tls_mgm", "private_key", "/k.pem")`;

describe('the configuration that a script comes to', () => {
  it('gives sockets the ports of the modules where they name none', async () => {
    const { listen } = await configOf(`
      socket = udp:10.0.0.1
      socket = udp:10.0.0.1:5080
      socket = tcp:10.0.0.1
      socket = ws:10.0.0.1
      socket = ws:[2001:db8::1]
      socket = tls:10.0.0.1
      ${HEAD}
      ${CERT}
      loadmodule "proto_udp.so"
      loadmodule "proto_tcp.so"
      loadmodule "proto_ws.so"
      modparam("proto_udp", "udp_port", 5062)
      modparam("proto_ws", "ws_port", 8080)`);
    expect(listen.map(({ ports }) => ports[0])).toEqual([5062, 5080, 5060, 8080, 8080, 5061]);
  });

  it('gives sockets the certificates of their TLS domains', async () => {
    const { listen, tls } = await configOf(`
      socket = tls:10.0.0.1:5061
      socket = wss:10.0.0.2:443
      socket = udp:10.0.0.1:5060
      ${HEAD}
      modparam("tls_mgm", "verify_cert", "0")
      modparam("tls_mgm", "server_domain", "a")
      modparam("tls_mgm", "match_ip_address", "[a]10.0.0.1:5061")
      modparam("tls_mgm", "match_sip_domain", "[a]a.example.com, *.b.example.com")
      modparam("tls_mgm", "certificate", "[a]a.pem")
      modparam("tls_mgm", "private_key", "[a]a.key")
      modparam("tls_mgm", "server_domain", "rest")
      modparam("tls_mgm", "certificate", "[rest]/etc/rest.pem")
      modparam("tls_mgm", "private_key", "[rest]/etc/rest.key")
      modparam("tls_mgm", "client_domain", "any")
      modparam("tls_mgm", "verify_cert", "[any]1")
      modparam("tls_mgm", "ca_list", "[any]/etc/ca.pem")
      modparam("tls_mgm", "client_domain", "trunk")
      modparam("tls_mgm", "match_sip_domain", "[trunk]trunk.example.org")
      modparam("tls_mgm", "certificate", "[trunk]t.pem")
      modparam("tls_mgm", "private_key", "[trunk]t.key")`);
    const rest = { certificate: '/etc/rest.pem', key: '/etc/rest.key' };
    const own = { certificate: resolve('/work/a.pem'), key: resolve('/work/a.key') };
    expect(tls).toBeUndefined();
    expect(listen[2]?.tls).toBeUndefined();
    expect(listen[0]?.tls).toMatchObject({
      certificate: rest,
      servers: [
        { name: 'a.example.com', ...own },
        { name: '*.b.example.com', ...own },
      ],
      clientCertificates: 'off',
      verifyServers: false,
      minVersion: 'TLSv1.2',
      clients: [
        {
          domains: ['trunk.example.org'],
          addresses: [],
          certificate: { certificate: '/work/t.pem', key: '/work/t.key' },
          ca: undefined,
          verify: false,
        },
        { domains: [], addresses: [], certificate: undefined, ca: '/etc/ca.pem', verify: true },
      ],
    });
    expect(listen[1]?.tls).toMatchObject({ certificate: rest, servers: [] });
  });

  it.each([
    ['', 'required', 'TLSv1.2'],
    ['modparam("tls_mgm", "require_cert", "0")', 'optional', 'TLSv1.2'],
    ['modparam("tls_mgm", "verify_cert", 0)', 'off', 'TLSv1.2'],
    ['modparam("tls_mgm", "tls_method", "TLSv1_3")', 'required', 'TLSv1.3'],
    ['modparam("tls_mgm", "tls_method", "TLSv1_3-")', 'required', 'TLSv1.3'],
    ['modparam("tls_mgm", "tls_method", "-TLSv1_2")', 'required', 'TLSv1.2'],
  ])('asks for certificates as it says: %s', async (line, clientCertificates, minVersion) => {
    const { listen } = await configOf(`socket = tls:10.0.0.1\n${HEAD}\n${CERT}\n${line}`);
    expect(listen[0]?.tls).toMatchObject({ clientCertificates, minVersion });
  });

  it.each([
    ['modparam("tls_mgm", "certificate", "[none]/a.pem")', /there is no domain none/],
    ['modparam("tls_mgm", "verify_cert", "[default]yes")', /neither 0 nor 1/],
    ['modparam("tls_mgm", "tls_method", "[default]SSLv2")', /no version of TLS/],
    [
      `modparam("tls_mgm", "server_domain", "a")
       modparam("tls_mgm", "server_domain", "b")
       modparam("tls_mgm", "require_cert", "[b]0")`,
      /the domains a and b differ in verify_cert or require_cert, on the socket 10\.0\.0\.1:5061/,
    ],
  ])('refuses %s', async (line, problem) => {
    await expect(configOf(`socket = tls:10.0.0.1\n${HEAD}\n${CERT}\n${line}`)).rejects.toThrow(problem);
  });
});

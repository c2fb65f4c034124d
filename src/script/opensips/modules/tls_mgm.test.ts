import { describe, expect, it } from 'vitest';
import { ScriptUnderTest } from '../testing/script-under-test.ts';

const SCRIPT = `
  loadmodule "tls_openssl.so"
  loadmodule "tls_mgm.so"
  loadmodule "proto_tls.so"
  modparam("tls_mgm", "server_domain", "a")
  modparam("tls_mgm", "match_sip_domain", "[a]A.example.com")
  modparam("tls_mgm", "certificate", "[a]/a.pem")
  modparam("tls_mgm", "private_key", "[a]/a.key")
  modparam("tls_mgm", "require_cert", "[a]0")
  modparam("tls_mgm", "client_domain", "b")
  modparam("tls_mgm", "match_ip_address", "[b]192.0.2.1:5061, 192.0.2.2")
  route { if (is_peer_verified()) xlog("yes"); else xlog("no"); xlog("$tls_peer_verified"); }`;

describe('tls_mgm', () => {
  it('lists its domains', async () => {
    await using server = await ScriptUnderTest.run(SCRIPT);
    expect(await server.command('tls_list')).toMatchObject({
      Domains: [
        {
          name: 'a',
          type: 'TLS_DOMAIN_SRV',
          'IP ADDRESS FILTERS': ['*'],
          'SIP DOMAIN FILTERS': ['a.example.com'],
          METHOD: 'SSLv23',
          VERIFY_CERT: true,
          REQ_CLI_CERT: false,
          CERT_FILE: '/a.pem',
          PKEY_FILE: '/a.key',
        },
        {
          name: 'b',
          type: 'TLS_DOMAIN_CLI',
          'IP ADDRESS FILTERS': ['192.0.2.1:5061', '192.0.2.2'],
          'SIP DOMAIN FILTERS': ['*'],
        },
      ],
    });
    expect(await server.command('tls_mgm:reload')).toBe('OK');
  });

  it('knows whether a peer has proved who it is', async () => {
    await using server = await ScriptUnderTest.run(SCRIPT);
    server.peer('192.0.2.7').request('OPTIONS');
    await server.settle();
    expect(server.lines).toEqual(['no', '0']);
  });

  it('is needed by proto_tls', async () => {
    await expect(ScriptUnderTest.run('loadmodule "proto_tls.so"\nroute { exit; }')).rejects.toThrow(
      /needs tls_mgm/,
    );
  });
});

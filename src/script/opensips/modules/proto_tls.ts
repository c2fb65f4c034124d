import type { ScriptModule } from '../frame/module.ts';
import { transportModule } from './proto/transport-module.ts';

export const module: ScriptModule = transportModule({
  transport: 'tls',
  summary: 'SIP over TLS; `tls_mgm` has the certificates.',
  port: 5061,
  measures: [
    'crlf_pingpong',
    'crlf_drop',
    'max_msg_chunks',
    'send_timeout',
    'handshake_timeout',
    'async',
    'async_max_postponed_chunks',
  ],
  more: {
    cert_check_on_conn_reusage:
      'a connection is used again only for a domain that its certificate has proved',
  },
  needs: ['tls_mgm'],
});

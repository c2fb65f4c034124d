import type { ScriptModule } from '../frame/module.ts';
import { transportModule } from './proto/transport-module.ts';

export const module: ScriptModule = transportModule({
  transport: 'wss',
  summary: 'SIP over secure WebSocket (RFC 7118); `tls_mgm` has the certificates.',
  port: 443,
  measures: ['max_msg_chunks', 'send_timeout', 'resource', 'handshake_timeout', 'tls_handshake_timeout'],
  more: {
    require_origin: 'browsers always send an Origin, and others need none',
    cert_check_on_conn_reusage: 'nobody is connected to by WebSocket',
  },
  needs: ['tls_mgm'],
});

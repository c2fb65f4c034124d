import type { ScriptModule } from '../frame/module.ts';
import { transportModule } from './proto/transport-module.ts';

export const module: ScriptModule = transportModule({
  transport: 'ws',
  summary: 'SIP over WebSocket (RFC 7118).',
  port: 80,
  measures: ['max_msg_chunks', 'send_timeout', 'resource', 'handshake_timeout'],
  more: { require_origin: 'browsers always send an Origin, and others need none' },
});

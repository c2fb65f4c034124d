import type { ScriptModule } from '../frame/module.ts';
import { transportModule } from './proto/transport-module.ts';

export const module: ScriptModule = transportModule({
  transport: 'tcp',
  summary: 'SIP over TCP.',
  port: 5060,
  measures: [
    'send_timeout',
    'max_msg_chunks',
    'crlf_pingpong',
    'crlf_drop',
    'async',
    'async_max_postponed_chunks',
    'async_local_connect_timeout',
    'async_local_write_timeout',
    'parallel_handling',
  ],
});

import type { ScriptModule } from '../frame/module.ts';
import { transportModule } from './proto/transport-module.ts';

export const module: ScriptModule = transportModule({
  transport: 'udp',
  summary: 'SIP over UDP.',
  port: 5060,
  measures: [],
});

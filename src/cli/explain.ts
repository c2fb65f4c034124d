import { networkInterfaces } from 'node:os';
import { Advertise } from '../advertise/advertise.ts';
import { explain, explanationText } from '../advertise/explain.ts';
import { SystemClock } from '../base/clock.ts';
import { ipFamily } from '../base/ip.ts';
import { CommandFault } from '../ops/admin/admin-command.ts';
import { callControl } from '../ops/admin/control-client.ts';
import { controlPath } from '../ops/admin/control-path.ts';
import { listenersOf } from '../ops/config/listeners-of.ts';
import { printedMediaText } from '../ops/media-printed.ts';
import { type ConfigOptions, configOf } from './config-options.ts';
import { print } from './terminal.ts';

/** `viaduct explain --to ADDRESS`: asks the running server, for its addresses may have changed; else the configuration. */
export async function explainAddress(options: ConfigOptions & { readonly to: string }): Promise<void> {
  const { to } = options;
  if (ipFamily(to) === 0)
    throw new CommandFault(`${to} is no IP address`, 'viaduct explain --to 203.0.113.10');
  const config = await configOf(options);
  if (!options.listen) {
    const answer = await callControl(controlPath(config.data), 'explain', [to]).catch(() => undefined);
    if (answer?.ok) {
      print(`${String(answer.result)}\n\nas the running server says`);
      return;
    }
  }
  const interfaces = networkInterfaces();
  const listeners = listenersOf(config, interfaces);
  // Tags play no part here, so any key will do.
  const key = Buffer.alloc(16);
  const advertise = new Advertise({
    settings: config.advertise,
    listeners,
    key,
    clock: new SystemClock(),
    interfaces,
  });
  const explanations = explain(advertise.policy, listeners, { to });
  if (explanations.length === 0)
    throw new CommandFault(`no listener reaches ${to}: none is of its address family`);
  const media = printedMediaText(config.media.relay, advertise, listeners, to);
  print([...explanations.map(explanationText), ...(media ? [media] : [])].join('\n\n'));
}

import { formatHostPort } from '../../../../base/ip.ts';
import type { Binding } from '../../../../core/registrar/location-store.ts';
import { H } from '../../../../wire/sip/header-name.ts';
import { quote } from '../../../../wire/sip/params.ts';
import type { ScriptMessage } from '../../runtime/script-message.ts';
import { qText } from '../usrloc/contact-answer.ts';
import { PERMANENT } from '../usrloc/location-rows.ts';
import { gruuParams } from './gruu.ts';
import type { RegistrarState } from './state.ts';

/** The Contact of a 200 OK: every contact with what is left of its time; undefined where there are none. */
export function contactLine(
  m: ScriptMessage,
  state: RegistrarState,
  aor: string,
  bindings: readonly Binding[],
): string | undefined {
  if (bindings.length === 0) return undefined;
  const { gruuSecret, receivedParam } = state.settings;
  const now = state.context.services.clock.wallNow();
  const { request, flow } = m.context;
  const gruus = gruuSecret !== undefined && request.elements(H.Supported).some(({ text }) => text === 'gruu');
  const { advertised, address, port } = flow.listener;
  const host = formatHostPort(advertised?.host ?? address, advertised?.port ?? port);
  return bindings
    .map((binding) => {
      const { notes, expiresAt } = binding;
      const q = notes?.q ?? -1;
      let text = `<${binding.contact}>`;
      if (q >= 0) text += `;q=${qText(q)}`;
      text += `;expires=${expiresAt === PERMANENT ? 0 : Math.max(1, Math.ceil((expiresAt - now) / 1000))}`;
      if (notes !== undefined && notes.received !== '') text += `;${receivedParam}=${quote(notes.received)}`;
      if (gruus && binding.instance !== '') text += gruuParams(binding, aor, host, gruuSecret, now);
      return text;
    })
    .join(', ');
}

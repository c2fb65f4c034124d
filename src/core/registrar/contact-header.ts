import type { HeaderEntry } from '../../wire/sip/build.ts';
import { H } from '../../wire/sip/header-name.ts';
import { quote } from '../../wire/sip/params.ts';
import type { Binding } from './location-store.ts';

/** A Contact line for each binding, with what is left of its time (RFC 3261 §10.3 step 8). */
export function contactHeaders(bindings: readonly Binding[], now: number): HeaderEntry[] {
  return bindings.map((binding) => [H.Contact, contactValue(binding, now)]);
}

function contactValue(binding: Binding, now: number): string {
  let text = `<${binding.contact}>`;
  if (binding.q < 1000) text += `;q=${printQ(binding.q)}`;
  text += `;expires=${Math.max(1, Math.ceil((binding.expiresAt - now) / 1000))}`;
  if (binding.instance !== '') text += `;+sip.instance=${quote(`<${binding.instance}>`)}`;
  if (binding.regId > 0) text += `;reg-id=${binding.regId}`;
  return text;
}

/** Thousandths as `0.5` (RFC 3261 §25.1 qvalue). */
function printQ(q: number): string {
  return q === 0 ? '0' : String(q / 1000);
}

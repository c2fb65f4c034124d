import type { Binding } from '../../core/registrar/location-store.ts';

/** More kinds of phones than this are not worth a look. */
const MOST = 10_000;

/** Texts that many bindings have in common, each kept once: what is read from a file is as many copies else. */
export class SharedTexts {
  readonly #texts = new Map<string, string>();

  in(binding: Binding): Binding {
    return {
      ...binding,
      listener: this.#once(binding.listener),
      bootId: this.#once(binding.bootId),
      userAgent: this.#once(binding.userAgent),
    };
  }

  #once(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size < MOST) this.#texts.set(text, text);
    return text;
  }
}

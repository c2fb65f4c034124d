/** The element of that id, of that kind. @throws Error where the page has none: a fault of the page */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`the page has no ${kind.name} "${id}"`);
}

export const button = (id: string): HTMLButtonElement => element(id, HTMLButtonElement);
export const block = (id: string): HTMLElement => element(id, HTMLElement);

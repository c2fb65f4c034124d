import { button } from './elements.ts';

const KEY = 'viaduct-phone-theme';

/** Light or dark: as the system says, until a person says otherwise. */
export function offerTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  let chosen = stored();
  const dark = (): boolean => (chosen === undefined ? system.matches : chosen === 'dark');
  const show = (): void => {
    document.documentElement.dataset.theme = dark() ? 'dark' : 'light';
    button('theme').textContent = dark() ? 'Light' : 'Dark';
  };
  button('theme').addEventListener('click', () => {
    chosen = dark() ? 'light' : 'dark';
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // It holds until the page is closed, then.
    }
    show();
  });
  system.addEventListener('change', show);
  show();
}

function stored(): string | undefined {
  try {
    return localStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

import { accentFor, type Accent } from '../core/colour';

export type Theme = 'system' | 'light' | 'dark';
export const themes: readonly Theme[] = ['system', 'light', 'dark'];
const KEPT_AS = 'beffroi.theme';
const system = matchMedia('(prefers-color-scheme: dark)');

let current = $state<Theme>(kept());
let accent: string | null = null;

function kept(): Theme {
  try {
    return themes.find((one) => one === localStorage.getItem(KEPT_AS)) ?? 'system';
  } catch {
    return 'system'; // storage refused: the choice lasts as long as the page
  }
}

export function theme(): Theme {
  return current;
}

export function wear(theme: Theme): void {
  current = theme;
  try {
    localStorage.setItem(KEPT_AS, theme);
  } catch {
    // See kept().
  }
  paint();
}

/** The tenant's colour, `#rrggbb`; null goes back to the tokens' own. */
export function setAccent(colour: string | null): void {
  accent = colour;
  paint();
}

function paint(): void {
  const root = document.documentElement;
  if (current === 'system') delete root.dataset.theme;
  else root.dataset.theme = current;
  for (const name of ['--accent', '--accent-ink', '--accent-wash']) root.style.removeProperty(name);
  if (accent === null) return;
  const made = accentOn(root, accent, current === 'dark' || (current === 'system' && system.matches));
  if (!made) return;
  root.style.setProperty('--accent', made.accent);
  root.style.setProperty('--accent-ink', made.ink);
  root.style.setProperty('--accent-wash', made.wash);
}

/** The colour as it will look on an element with the tokens of a theme; null when it is none. */
export function accentOn(element: Element, colour: string, dark: boolean): Accent | null {
  const token = (name: string) => longHex(getComputedStyle(element).getPropertyValue(name).trim());
  const surfaces = ['--sheet', '--paper', '--shade'].map(token);
  return accentFor(colour, { surfaces, dark, ink: token('--ink') });
}

/** The build shortens `#ffffff` to `#fff`. */
function longHex(hex: string): string {
  return /^#[0-9a-f]{3}$/i.test(hex) ? hex.replace(/[0-9a-f]/gi, '$&$&') : hex;
}

system.addEventListener('change', paint);
paint();

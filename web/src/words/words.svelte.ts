import { en } from './en';
import { fr } from './fr';
import type { Translation } from './types';

export type Language = 'fr' | 'en';
export type Catalogue = Translation<typeof fr>;
export type Key = keyof Catalogue;
type Values<K extends Key> = Catalogue[K] extends (...values: infer V) => string ? V : [];

/** A new language is a folder beside `fr` and a line here. */
const catalogues: Record<Language, Catalogue> = { fr, en };
export const languages: readonly Language[] = ['fr', 'en'];
const KEPT_AS = 'beffroi.language';

function kept(): Language {
  try {
    const language = localStorage.getItem(KEPT_AS);
    return languages.find((one) => one === language) ?? asked();
  } catch {
    return asked(); // storage refused by the browser: a choice lasts as long as the page
  }
}

/** The first language of the browser's own list that there is a catalogue for, else French. */
function asked(): Language {
  const known = (tag: string) => languages.find((one) => one === tag.split('-')[0]);
  return navigator.languages.map(known).find((one) => one !== undefined) ?? 'fr';
}

let current = $state<Language>(kept());

export function language(): Language {
  return current;
}

/** How days, hours and numbers are written: English as in Europe, the day before the month and no a.m. */
export function region(): string {
  return REGIONS[current];
}
const REGIONS: Record<Language, string> = { fr: 'fr-FR', en: 'en-GB' };

export function speak(language: Language): void {
  current = language;
  document.documentElement.lang = language;
  try {
    localStorage.setItem(KEPT_AS, language);
  } catch {
    // See kept().
  }
}

/** The words for `key` in the language of the screen; a template that calls it follows the switch. */
export function t<K extends Key>(key: K, ...values: Values<K>): string {
  const entry = catalogues[current][key] as string | ((...values: unknown[]) => string);
  const said = typeof entry === 'function' ? entry(...values) : entry;
  return current === 'fr' ? spaced(said) : said;
}

/** French keeps its high punctuation on the line of the word (narrow no-break space, Imprimerie nationale). */
function spaced(text: string): string {
  return text.replace(/ ([;:!?»])/g, '\u202f$1').replace(/« /g, '«\u202f');
}

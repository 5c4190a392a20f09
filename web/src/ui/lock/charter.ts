import { language, type Language } from '../../words';

interface Both {
  title: string;
  text: string;
  title_en: string | null;
  text_en: string | null;
}

/** The charter in the language of the screen, when it was published in it. */
export function inLanguage(charter: Both): { title: string; text: string; language: Language } {
  const { title_en: title, text_en: text } = charter;
  return language() === 'en' && title !== null && text !== null ? { title, text, language: 'en' } : { title: charter.title, text: charter.text, language: 'fr' };
}

import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  localStorage.clear();
  vi.resetModules();
});

/** The language of a page that opens in a browser with these languages, where `chosen` was chosen earlier. */
async function opened(languages: string[], chosen?: string): Promise<string> {
  Object.defineProperty(navigator, 'languages', { value: languages, configurable: true });
  if (chosen !== undefined) localStorage.setItem('beffroi.language', chosen);
  return (await import('.')).language();
}

test.each([
  [['fr-FR', 'en'], undefined, 'fr'],
  [['en-GB', 'fr'], undefined, 'en'],
  [['nl-BE', 'de', 'en-US', 'fr'], undefined, 'en'], // the first that there are words for
  [['nl-BE', 'de'], undefined, 'fr'],
  [[], undefined, 'fr'],
  [['en-GB'], 'fr', 'fr'], // what was chosen on the page goes before
])('a browser in %j, %s chosen: %s', async (languages, chosen, language) => {
  expect(await opened(languages, chosen)).toBe(language);
});

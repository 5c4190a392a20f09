import { expect, test } from 'vitest';
import { en } from './en';
import { fr } from './fr';

/** Sentences that are the same words in both languages. */
const SAME = new Set(['Beffroi', 'Français', 'English', 'Administration', 'Agent', 'Conversation', 'Participants', 'Organisation']);

test('the two catalogues have the same keys, and English is not French left over', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(fr).sort());
  const left = Object.entries(fr).filter(([key, words]) => typeof words === 'string' && words === (en as Record<string, unknown>)[key] && !SAME.has(words));
  expect(left.map(([key, words]) => `${key}: ${String(words)}`)).toEqual([]);
});

test('no key is written twice: the later would silently replace the earlier', async () => {
  const files = import.meta.glob<Record<string, Record<string, unknown>>>('./fr/*.ts', { eager: true });
  const keys = Object.entries(files)
    .filter(([path]) => !path.endsWith('/index.ts'))
    .flatMap(([, file]) => Object.values(file).flatMap((one) => (Array.isArray(one) ? [] : Object.keys(one))));
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
});

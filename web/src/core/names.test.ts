import { expect, test } from 'vitest';
import { initials, spelled } from './names';

test.each([
  ['Alice Martin', 'AM'],
  ['Jean-Paul de la Tour', 'JT'],
  ['Bob', 'B'],
  ['لجنة المدينة', 'لا'],
  ['👋', '?'],
  ['', '?'],
])('the initials of %s are %s', (name, letters) => {
  expect(initials(name)).toBe(letters);
});

test('a name that turns itself around shows that it does', () => {
  expect(spelled('facture\u202efdp.exe')).toBe('facture\ufffdfdp.exe');
  expect(spelled('Procès-verbal été.pdf')).toBe('Procès-verbal été.pdf');
});

import { expect, test } from 'vitest';
import { Problem, type Weakness } from '../core/problem';
import { passwordRefusal, ruleText } from './rules';

const refused = (weaknesses: Weakness[], detail = '') => new Problem({ status: 422, title: 'invalid', detail, weaknesses });

test('every rule that a password breaks is said, with the length that this tenant asks', () => {
  const said = passwordRefusal(refused([{ code: 'too-short', text: '' }, { code: 'common', text: '' }]), 16);
  expect(said).toContain('16 caractères');
  expect(said).toContain('tout le monde essaie');
});

test('what was missed is said with the number that the server gives', () => {
  const said = passwordRefusal(refused([{ code: 'too-short', text: '', least: 14 }, { code: 'too-plain-four', text: '' }, { code: 'predictable', text: '', least: 70 }]), 8);
  expect(said).toContain('14 caractères');
  expect(said).toContain('un chiffre et un signe');
  expect(said).toContain('70 bits');
});

test('a rule that the catalogues do not know yet is said in the server’s words', () => {
  expect(passwordRefusal(refused([{ code: 'rhymes', text: 'it rhymes' }]))).toBe('it rhymes');
  expect(passwordRefusal(refused([], 'too easy'))).toBe('too easy');
  expect(passwordRefusal(refused([]))).not.toBe('');
});

test('a policy rule is said in words, an unknown one is left to the server', () => {
  expect(ruleText('label-reserved')).toContain('homologation');
  expect(ruleText('new-rule')).toBeNull();
  expect(ruleText(null)).toBeNull();
});

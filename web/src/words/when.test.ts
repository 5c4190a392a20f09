import { afterEach, expect, test } from 'vitest';
import { speak } from '.';
import { dayOf, exactly, when } from './when';

afterEach(() => speak('fr'));

const at = (text: string) => new Date(text).getTime();
const NOW = at('2026-11-23T14:30:00');

test.each([
  ['2026-11-23T14:29:30', 'à l’instant'],
  ['2026-11-23T09:05:00', /^à 0?9:05$/],
  ['2026-11-23T15:20:00', /^à 15:20$/], // an hour that is still to come, today
  ['2026-11-22T23:59:00', /^hier à 23:59$/],
  ['2026-11-02T08:00:00', /^le 2 novembre à 0?8:00$/],
  ['2025-11-02T08:00:00', /^le 2 novembre 2025 à 0?8:00$/],
  ['2026-11-24T00:10:00', /^le 24 novembre à 0?0:10$/], // after midnight: the day is said
])('%s is said as %s', (text, said) => {
  expect(when(at(text) * 1000, NOW)).toMatch(said);
});

test('the language of the screen is followed', () => {
  speak('en');
  expect(when(at('2026-11-22T23:59:00') * 1000, NOW)).toBe('yesterday at 23:59');
  expect(when(at('2026-11-02T08:00:00') * 1000, NOW)).toBe('on 2 November at 8:00');
  expect(exactly(at('2026-11-02T08:00:09') * 1000)).toBe('02/11/2026, 08:00:09');
});

test('the day of a moment is the one of whoever reads, just after midnight too', () => {
  expect(dayOf(at('2026-11-23T00:10:00') * 1000)).toBe('23 novembre 2026');
  expect(dayOf(at('2026-11-23T23:50:00') * 1000)).toBe('23 novembre 2026');
});

import { expect, test } from 'vitest';
import type { Label } from '../../core/types';
import { clearedFor, found } from './found';

const people = [
  ['Benoît Lambert', 'benoit@valmont.be'],
  ['Nadia Verlinden', 'nadia@valmont.be'],
];
const names = (words: string) => found(people, words, (one) => one).map((one) => one[0]);

test.each([
  ['', ['Benoît Lambert', 'Nadia Verlinden']],
  ['benoit', ['Benoît Lambert']],
  ['BENOÎT lamb', ['Benoît Lambert']],
  ['lambert benoît', ['Benoît Lambert']],
  ['valmont nadia', ['Nadia Verlinden']],
  ['sofie', []],
])('« %s »', (words, expected) => {
  expect(names(words)).toEqual(expected);
});

test.each([
  [0, 'public'],
  [2, 'sensitive'],
  [3, 'sensitive'], // a rank that no label has: what is below it
  [9, 'medical'],
])('a clearance of %i reaches %s', (clearance, slug) => {
  const labels = [['medical', 4], ['public', 0], ['sensitive', 2]].map(([slug, rank]) => ({ slug, rank }) as Label);
  expect(clearedFor(clearance, labels)?.slug).toBe(slug);
});

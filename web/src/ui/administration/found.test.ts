import { expect, test } from 'vitest';
import { found } from './found';

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

import { expect, test } from 'vitest';
import { looksLikeAddress, looksLikeDomain } from './addresses';

test.each([
  ['commune.example', true],
  ['localhost', true],
  ['a-b.example', true],
  ['', false],
  ['commune', true],
  ['commune..example', false],
  ['-commune.example', false],
  ['évreux.example', false],
  ['rooms.commune.example', false],
  ['guests.commune.example', false],
  ['https://commune.example', false],
  [`${'a'.repeat(64)}.example`, false],
])('the domain %j: %s', (text, fits) => {
  expect(looksLikeDomain(text)).toBe(fits);
});

test.each([
  ['a.martin@commune.example', true],
  ['a+b@commune.example', true],
  ['hélène@commune.example', false],
  ['a b@commune.example', false],
  ['.a@commune.example', false],
  ['@commune.example', false],
])('the address %j: %s', (text, fits) => {
  expect(looksLikeAddress(text)).toBe(fits);
});

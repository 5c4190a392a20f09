import { expect, test } from 'vitest';
import { accentFor, contrast } from './colour';

const light = { surfaces: ['#fbfaf7', '#ffffff', '#f1efe9'], dark: false, ink: '#1d2433' };
const dark = { surfaces: ['#12151c', '#191d27', '#222735'], dark: true, ink: '#e9ebf1' };

test('contrast of black on white is 21', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 1);
});

test.each(['#1f4f8f', '#ffee00', '#000000', '#ffffff', '#e30613', '#00a651', '#808080'])(
  'a tenant whose colour is %s gets an accent that can be read on both themes',
  (colour) => {
    for (const theme of [light, dark]) {
      const made = accentFor(colour, theme);
      if (!made) throw new Error(`no accent for ${colour}`);
      for (const surface of [...theme.surfaces, made.wash]) expect(contrast(made.accent, surface)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(made.ink, made.accent)).toBeGreaterThanOrEqual(4.5);
      expect(contrast(theme.ink, made.wash)).toBeGreaterThanOrEqual(4.5);
    }
  },
);

test('what is not a colour leaves the tokens alone', () => {
  expect(accentFor('rouge', light)).toBeNull();
});

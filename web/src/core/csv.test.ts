import { expect, test } from 'vitest';
import { csv } from './csv';

test('no field of a file that we give out is a formula', () => {
  for (const bad of ['=1+1', '+33 1', '-2', '@SUM(A1)', '\t=1', '\r=1', '  =HYPERLINK("http://x")', '＝1+1', '\n=1']) {
    expect(csv([[bad]])).toBe(`\u{feff}"'${bad.replaceAll('"', '""')}"\r\n`);
  }
});

test('every other field stands as it is, in quotes', () => {
  expect(csv([['Ligne', 'Nom'], ['2', 'dit "Jo"; Roy-Næss']])).toBe('\u{feff}"Ligne";"Nom"\r\n"2";"dit ""Jo""; Roy-Næss"\r\n');
  expect(csv([])).toBe('\u{feff}');
});

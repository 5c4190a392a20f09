import { expect, test } from 'vitest';
import { escape, parseXml, x } from './xml';

test('what people write cannot become markup', () => {
  const message = x('body', {}, `<img src=x> & "quotes" 'too'`).text;
  expect(parseXml(message)?.textContent).toBe(`<img src=x> & "quotes" 'too'`);
  expect(parseXml(message)?.children.length).toBe(0);
});

test('an attribute carries quotes and line ends', () => {
  const read = parseXml(x('a', { name: `l'été "21"` }).text)?.getAttribute('name');
  expect(read).toBe(`l'été "21"`);
});

test('carriage returns of an SDP survive, characters that XML forbids do not', () => {
  expect(parseXml(x('sdp', {}, 'v=0\r\ns=-\r\n').text)?.textContent).toBe('v=0\r\ns=-\r\n');
  expect(escape('a\u0000b\u0008c\ud800d')).toBe('abc\ufffdd');
});

test('a broken frame is null, not an exception', () => {
  expect(parseXml('<a><b></a>')).toBeNull();
  expect(parseXml('')).toBeNull();
});

import { expect, test } from 'vitest';
import { pieces } from './links';

const links = (text: string) => pieces(text).flatMap((piece) => (piece.kind === 'link' ? [piece] : []));

test('text without an address stays one piece, markup included', () => {
  expect(pieces('<script>alert(1)</script> javascript:alert(1)')).toEqual([{ kind: 'text', text: '<script>alert(1)</script> javascript:alert(1)' }]);
});

test('the sentence’s punctuation is not of the address', () => {
  expect(pieces('Voir (https://exemple.be/a_(b)), puis https://exemple.be/c.').map((piece) => (piece.kind === 'text' ? piece.text : piece.href))).toEqual([
    'Voir (',
    'https://exemple.be/a_(b)',
    '), puis ',
    'https://exemple.be/c',
    '.',
  ]);
});

test.each([
  ['https://exemple.be/dossier', 'exemple.be', false],
  ['https://EXEMPLE.be:8443/', 'exemple.be:8443', false],
  ['https://banque.exemple@pirate.test/', 'pirate.test', true],
  ['https://аррӏе.com/', 'xn--80ak6aa92e.com', true],
])('%s leads to %s', (text, host, disguised) => {
  expect(links(text)).toMatchObject([{ host, disguised }]);
});

test('bidi controls in a path stay encoded', () => {
  expect(links('https://exemple.be/%E2%80%AEfdp.exe')[0]?.rest).toBe('/%E2%80%AEfdp.exe');
});

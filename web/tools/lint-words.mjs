// No word on screen outside the catalogues: text and readable attributes of a component come from t().
// Reads the markup of every .svelte file with Svelte's own parser and reports literal words.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'svelte/compiler';

const root = fileURLToPath(new URL('../src', import.meta.url));
const READ_OUT = new Set(['aria-label', 'title', 'alt', 'placeholder', 'label', 'hint', 'aria-description', 'aria-roledescription', 'aria-valuetext']);
const NAMES = new Set(['Beffroi', 'SHA-256']); // proper names, the same in every language
const WORD = /\p{L}{2,}/u;
let found = 0;

function* components(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* components(path);
    else if (name.endsWith('.svelte')) yield path;
  }
}

function report(path, source, start, text) {
  if (!WORD.test(text) || NAMES.has(text.trim())) return;
  found += 1;
  const line = source.slice(0, start).split('\n').length;
  console.error(`${relative(process.cwd(), path)}:${line}: « ${text.trim()} » is not in the catalogues; use t()`);
}

function walk(node, visit) {
  if (node === null || typeof node !== 'object') return;
  if (Array.isArray(node)) return node.forEach((child) => walk(child, visit));
  if (visit(node) === false) return;
  for (const [key, child] of Object.entries(node)) if (key !== 'metadata' && key !== 'parent') walk(child, visit);
}

for (const path of components(root)) {
  const source = readFileSync(path, 'utf8');
  walk(parse(source, { modern: true, filename: path }).fragment, (node) => {
    if (node.type === 'Text') report(path, source, node.start, node.data);
    if (node.type !== 'Attribute') return true;
    if (READ_OUT.has(node.name)) {
      walk(node.value, (part) => {
        if (part.type === 'CallExpression') return false; // t('a.key')
        if (part.type === 'Text') report(path, source, part.start, part.data);
        if (part.type === 'Literal' && typeof part.value === 'string') report(path, source, part.start, part.value);
        return true;
      });
    }
    return false; // class names and such are not words on screen
  });
}
if (found) process.exit(1);
console.log('every word on screen comes from the catalogues');

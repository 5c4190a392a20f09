// Every dialog and page of the identity was looked at: fails on one whose title stands in no picture of the journeys.
// Run at the end of them: pictures() writes down the title of what it took (test-results/pictured).
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'svelte/compiler';
import { runnerImport } from 'vite';

const path = (from) => fileURLToPath(new URL(from, import.meta.url));
const PLACES = ['door', 'lock', 'proof', 'help', 'security', 'administration', 'organisation'];
const TITLED = new Set(['Dialog', 'Page', 'DoorPage']);
/** What no picture can hold, each with its reason. */
const LEFT_OUT = new Map([
  ['charter.title', 'stands there only until the charter, which has a title of its own, is read'],
]);

const { fr } = (await runnerImport(path('../src/words/fr/index.ts'), { configFile: false, logLevel: 'error' })).module;
const plain = (text) => text.replace(/\s+/gu, ' ').trim();
const seen = path('../test-results/pictured');
if (!existsSync(seen)) throw new Error(`${seen} is not there: no journey took a picture; run npm run e2e`);
const titles = new Set(readdirSync(seen).flatMap((name) => readFileSync(join(seen, name), 'utf8').split('\n')).map(plain));

function walk(node, visit) {
  if (node === null || typeof node !== 'object') return;
  if (Array.isArray(node)) return node.forEach((child) => walk(child, visit));
  visit(node);
  for (const [key, child] of Object.entries(node)) if (key !== 'metadata' && key !== 'parent') walk(child, visit);
}

/** The sentence as it may stand on the page: what it takes in is left open. */
function shape(entry) {
  const open = '\u0000';
  const said = plain(typeof entry === 'function' ? entry(...Array.from({ length: entry.length }, () => open)) : entry);
  return new RegExp(`^${said.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(open, '.+')}$`, 'u');
}

let missing = 0;
for (const place of PLACES) {
  const folder = path(`../src/ui/${place}`);
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.svelte'))) {
    const source = readFileSync(join(folder, name), 'utf8');
    walk(parse(source, { modern: true, filename: name }).fragment, (node) => {
      if (node.type !== 'Component' || !TITLED.has(node.name)) return;
      walk(node.attributes.find((one) => one.name === 'title')?.value ?? [], (part) => {
        const key = part.type === 'CallExpression' && part.callee.name === 't' ? part.arguments[0].value : undefined;
        if (key === undefined || LEFT_OUT.has(key) || [...titles].some((title) => shape(fr[key]).test(title))) return;
        missing += 1;
        console.error(`${relative(process.cwd(), join(folder, name))}: « ${plain(String(typeof fr[key] === 'function' ? fr[key]('…', '…') : fr[key]))} » (${key}) was never pictured; add pictures() to the journey that opens it`);
      });
    });
  }
}
if (missing) process.exit(1);
console.log('every dialog and page of the identity was pictured');

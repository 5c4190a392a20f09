// After `vite build`: compressed neighbours for everything compressible, the weight of the first
// script held under its limit, and no inline script or style in the page (the CSP would refuse it).
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const INITIAL_SCRIPT_LIMIT = 150 * 1000; // bytes, gzipped

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

// What others wrote and travels to the browser keeps its licence beside it.
const origins = {
  'Svelte (runtime), https://svelte.dev': '../node_modules/svelte/LICENSE.md',
  'Atkinson Hyperlegible Next (typeface)': '../node_modules/@fontsource-variable/atkinson-hyperlegible-next/LICENSE',
  'Lucide (icons), https://lucide.dev': '../src/ui/parts/icons.LICENSE',
};
const licences = Object.entries(origins).map(([name, path]) => `${name}\n\n${readFileSync(new URL(path, import.meta.url), 'utf8').trim()}\n`);
writeFileSync(join(dist, 'licences.txt'), licences.join(`\n${'-'.repeat(72)}\n\n`));

const page = readFileSync(join(dist, 'index.html'), 'utf8');
const inline = page.match(/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/);
if (inline) {
  console.error(`index.html holds « ${inline[0].trim()} »: the Content-Security-Policy refuses inline script and style.`);
  process.exit(1);
}

for (const path of files(dist)) {
  if (!/\.(html|js|css|svg|json|txt)$/.test(path)) continue;
  const bytes = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
}

const first = [...page.matchAll(/<(?:script|link)[^>]*(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]);
const weight = first.reduce((sum, name) => sum + statSync(join(dist, `${name}.gz`)).size, 0);
const said = `initial script: ${(weight / 1000).toFixed(1)} kB gzipped in ${first.length} file(s), limit ${INITIAL_SCRIPT_LIMIT / 1000} kB`;
console.log(`${relative(process.cwd(), dist)}: ${said}`);
if (first.length === 0 || weight > INITIAL_SCRIPT_LIMIT) {
  console.error('The first script is too heavy (or was not found): load what the first screen does not need with import().');
  process.exit(1);
}

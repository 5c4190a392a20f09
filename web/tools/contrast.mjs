// Fails when a pair of tokens.css that people must read falls under its ratio.
import { readFileSync } from 'node:fs';
const css = readFileSync(new URL('../src/ui/tokens.css', import.meta.url), 'utf8');
const themes = { light: css.slice(0, css.indexOf('@media')), dark: css.slice(css.indexOf(':root[data-theme="dark"]')) };
const pairs = [['ink', 'paper'], ['ink', 'sheet'], ['ink', 'shade'], ['ink-soft', 'paper'], ['ink-soft', 'sheet'], ['ink-soft', 'shade'], ['accent', 'sheet'], ['accent', 'paper'], ['accent-ink', 'accent'], ['accent', 'accent-wash'], ['ink', 'accent-wash'],
  ['bell', 'sheet'], ['bell-ink', 'bell'], ['ink', 'bell-wash'], ['bell', 'bell-wash'], ['bad', 'sheet'], ['bad-ink', 'bad'], ['bad', 'bad-wash'], ['good', 'sheet'], ['warn', 'sheet'], ['label-public', 'sheet'], ['label-internal', 'sheet'], ['label-sensitive', 'sheet'], ['label-marked', 'sheet'], ['label-sensitive', 'paper'], ['edge-strong', 'sheet', 3], ['edge-strong', 'paper', 3], ['edge-strong', 'shade', 3]];
const lum = h => [1, 3, 5].map(i => parseInt(h.slice(i, i + 2), 16) / 255).map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4).reduce((s, c, i) => s + c * [.2126, .7152, .0722][i], 0);
let bad = 0;
for (const [name, text] of Object.entries(themes)) for (const [a, b, min = 4.5] of pairs) {
  const pick = k => text.match(new RegExp(`--${k}: (#[0-9a-f]{6})`))[1];
  const [x, y] = [lum(pick(a)), lum(pick(b))].sort((p, q) => q - p), r = (x + .05) / (y + .05);
  if (r < min) { bad++; console.log(`${name}: ${a} on ${b} is ${r.toFixed(2)}, needs ${min}`); }
}
console.log(bad ? `${bad} pairs too weak` : 'all pairs hold'); process.exit(bad ? 1 : 0);

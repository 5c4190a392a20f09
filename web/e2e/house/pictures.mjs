// Screenshots of a screen, desktop and phone, light and dark, kept as test output to be looked at; each of them
// also searched for what automatic tools can find of WCAG 2.2 AA, and for a page wider than its window.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENGLISH } from './words.mjs';

const folder = fileURLToPath(new URL('../../test-results/screens', import.meta.url));
const pictured = fileURLToPath(new URL('../../test-results/pictured', import.meta.url));
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 360, height: 740 } };
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const NARROWEST = { width: 320, height: 640 }; // WCAG 2.2, 1.4.10 Reflow

/** Takes the four pictures; the page is left as it was. What is found goes to the visitor's faults. */
export async function pictures(visitor, screen, { only = Object.keys(sizes) } = {}) {
  mkdirSync(folder, { recursive: true });
  const { page } = visitor;
  const name = ENGLISH ? `${screen}-en` : screen;
  await note(page, name);
  const before = page.viewportSize();
  const focused = await page.evaluateHandle(() => document.activeElement);
  for (const size of only) {
    await page.setViewportSize(sizes[size]);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await settled(page);
      await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) });
      for (const found of await inaccessible(page)) visitor.faults.push(`${name}, ${size}, ${colorScheme}: ${found}`);
    }
    await fits(visitor, `${name}, ${size}`);
  }
  await page.setViewportSize(NARROWEST);
  await settled(page);
  await fits(visitor, `${name}, ${NARROWEST.width} px`);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  if (before) await page.setViewportSize(before);
  // What a narrow window hides loses the focus.
  await page.evaluate((one) => document.activeElement === document.body && one?.focus(), focused);
}

/** The title of what is pictured, for tools/pictured.mjs, which knows what there is. */
async function note(page, name) {
  mkdirSync(pictured, { recursive: true });
  const titles = await page.evaluate(() => {
    const dialogs = document.querySelectorAll('dialog[open] h2');
    return [...(dialogs.length > 0 ? dialogs : document.querySelectorAll('h1'))].map((one) => one.textContent.replace(/\s+/gu, ' '));
  });
  writeFileSync(join(pictured, `${name}.txt`), titles.join('\n'));
}

/**
 * Fonts are there and nothing moves any more; what moves for ever (a beating bell) does not count. Movements are
 * brought to their end rather than awaited: one that the browser never starts would never end either.
 */
function settled(page) {
  return page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(() => done()));
    // What follows from the colour scheme by script (the tenant's accent) is told just before a frame, and begins movements.
    await Promise.all([document.fonts.ready, frame()]);
    await frame();
    const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    for (const one of ending) one.finish();
    await frame();
  });
}

async function fits(visitor, where) {
  // A dialog scrolls by itself, and would hide what is too wide for it.
  const wide = await visitor.page.evaluate(() => Math.max(...[document.documentElement, ...document.querySelectorAll('dialog[open]')].map((one) => one.scrollWidth - one.clientWidth)));
  if (wide > 0) visitor.faults.push(`${where}: ${wide} px wider than its window`);
}

async function inaccessible(page) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  return page.evaluate(async (rules) => {
    const { violations } = await globalThis.axe.run(document, { runOnly: rules, resultTypes: ['violations'] });
    return violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')}: ${node.any[0]?.message ?? node.all[0]?.message ?? node.none[0]?.message ?? one.help}`));
  }, RULES);
}

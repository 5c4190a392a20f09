// Screenshots of a screen, desktop and phone, light and dark, kept as test output to be looked at.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const folder = fileURLToPath(new URL('../../test-results/screens', import.meta.url));
const sizes = { desktop: { width: 1440, height: 900 }, phone: { width: 360, height: 740 } };

/** Takes the four pictures and fails on a page wider than its window; the page is left as it was. */
export async function pictures(visitor, name, { only = Object.keys(sizes) } = {}) {
  mkdirSync(folder, { recursive: true });
  const { page } = visitor;
  const before = page.viewportSize();
  for (const size of only) {
    await page.setViewportSize(sizes[size]);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.evaluate(() => Promise.all([document.fonts.ready, ...document.getAnimations().map((one) => one.finished.catch(() => {}))]));
      await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) });
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 0) throw new Error(`${name} at ${sizes[size].width} px is ${wide} px wider than its window`);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  if (before) await page.setViewportSize(before);
}

// One journey: a house, a browser, visitors, and at the end no fault anywhere.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { openBrowser, Visitor } from './browser.mjs';
import { House } from './server.mjs';
import { ENGLISH } from './words.mjs';

const results = fileURLToPath(new URL('../../test-results', import.meta.url));

/**
 * Steps run in order and build on each other: after a failed one, which fails the run, the rest are
 * not tried. `world` has `house`, `browser` and `arrive(name)`.
 */
export function journey(title, steps) {
  describe(title, { concurrency: 1 }, () => {
    const world = { house: null, browser: null, visitors: [] };
    let broken = null;
    world.arrive = async (name, options) => {
      const visitor = await Visitor.arrive(world.browser, world.house, name, options);
      world.visitors.push(visitor);
      return visitor;
    };
    before(async () => {
      rmSync(failures(title), { recursive: true, force: true });
      world.house = await House.open();
      world.browser = await openBrowser();
    });
    after(async () => {
      await world.browser?.close();
      await world.house?.close();
    });
    for (const [name, step] of Object.entries(steps)) {
      it(name, { timeout: 180_000 }, async (test) => {
        if (broken) return test.skip(`not tried: « ${broken} » failed before`);
        try {
          await step(world);
        } catch (cause) {
          broken = name;
          await evidence(world, title, name);
          throw cause;
        }
      });
    }
    it('nothing else happened: no error, no policy violation, no other origin', () => {
      assert.deepEqual(world.visitors.flatMap((one) => one.faults), []);
    });
  });
}

const failures = (title) => join(results, 'failed', ENGLISH ? `${title}-en` : title);

/** What everybody saw when it failed. */
async function evidence(world, title, name) {
  const folder = join(failures(title), name.replace(/[^\p{L}\p{N}-]+/gu, '_').slice(0, 120));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'server.txt'), world.house?.said ?? '');
  writeFileSync(join(folder, 'faults.txt'), world.visitors.flatMap((one) => one.faults).join('\n'));
  for (const visitor of world.visitors) {
    if (visitor.page.isClosed()) continue;
    await visitor.page.screenshot({ path: join(folder, `${visitor.name}.png`) }).catch(() => {});
    const words = await visitor.page.locator('body').ariaSnapshot().catch((cause) => String(cause));
    writeFileSync(join(folder, `${visitor.name}.txt`), `${visitor.page.url()}\n${words}`);
  }
}

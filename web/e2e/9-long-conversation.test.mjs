// A long conversation: every line is reached, both ways, and the page never holds them all.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { fill } from './house/seed.mjs';
import { until } from './house/until.mjs';
import { either } from './house/words.mjs';

const LINES = 900;
/** Laid out at most (core/stretch.ts), with what is said of days and comings. */
const MOST = 300;

const log = ({ page }) => page.getByRole('region', { name: 'Conversation' });

/** Scrolls by nearly a screen at a time; gives every numbered line that was laid out on the way, in order. */
async function walk(visitor, direction, there) {
  const seen = new Set();
  let most = 0;
  const look = async (by) => {
    const { lines, rows } = await log(visitor).evaluate((node, by) => {
      node.scrollTop += by * node.clientHeight;
      const articles = [...node.querySelectorAll('article')];
      return { rows: node.querySelectorAll('li').length, lines: articles.flatMap((one) => /ligne (\d+) sur/.exec(one.textContent)?.[1] ?? []).map(Number) };
    }, by);
    assert.deepEqual(lines, [...lines].sort((a, b) => a - b), 'in order');
    for (const line of lines) seen.add(line);
    most = Math.max(most, rows);
  };
  await until(`the ${direction < 0 ? 'beginning' : 'end'} of the conversation`, async () => {
    await look(direction * 0.9);
    return there();
  }, 120_000);
  await look(0);
  return { seen: [...seen].sort((a, b) => a - b), most };
}
/** Away from the end there is a button that leads to it. */
const atEnd = async ({ page }) => (await page.getByRole('button', { name: /nouveau message|Derniers messages/ }).count()) === 0;
const all = Array.from({ length: LINES }, (_, at) => at + 1);

journey('long-conversation', {
  'Bob left many messages; Alice opens the room at its end': async (world) => {
    const bob = (world.bob = await world.arrive('bob'));
    await bob.signIn();
    await fill(bob, 'accueil@rooms.demo.localhost', LINES);
    const alice = (world.alice = await world.arrive('alice'));
    await alice.signIn();
    await alice.enter('Accueil');
    await log(alice).getByRole('article').first().waitFor();
  },
  'she scrolls to the beginning, and every message passes by': async ({ alice }) => {
    const { seen, most } = await walk(alice, -1, () => alice.page.getByText('Début de la conversation').isVisible());
    assert.deepEqual(seen, all);
    assert.ok(most <= MOST, `${most} rows at once`);
  },
  'what is said meanwhile does not move her, and is counted': async ({ alice, bob }) => {
    const before = await log(alice).evaluate((node) => node.scrollTop);
    await bob.enter('Accueil');
    await bob.say('Une dernière chose.');
    await alice.page.getByRole('button', { name: /1 nouveau message/ }).waitFor();
    assert.equal(await log(alice).evaluate((node) => node.scrollTop), before);
    assert.equal(await alice.said('Une dernière chose.').count(), 0, 'the end is not laid out');
  },
  'she scrolls back to the end, past every message': async ({ alice }) => {
    const { seen, most } = await walk(alice, 1, () => atEnd(alice));
    await alice.said('Une dernière chose.').waitFor();
    assert.deepEqual(seen, all);
    assert.ok(most <= MOST, `${most} rows at once`);
  },
  'far from the end, what she writes takes her there': async ({ alice, bob }) => {
    await walk(alice, -1, () => alice.page.getByText('Début de la conversation').isVisible());
    await alice.say('Bien reçu.');
    await until('the end is in view', () => atEnd(alice));
    await bob.said('Bien reçu.').waitFor();
    await alice.page.getByText(either(/^Vu par .*Bob Lambert/, /^Seen by .*Bob Lambert/)).waitFor();
  },
});

// The same house by keyboard alone: no click anywhere, the focus always somewhere to be seen.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { until } from './house/until.mjs';

/** What has the focus: its role or tag, and its name. */
const focused = (visitor) =>
  visitor.page.evaluate(() => {
    const at = document.activeElement;
    if (!at || at === document.body) return '';
    const name = at.getAttribute('aria-label') ?? at.labels?.[0]?.innerText ?? at.textContent ?? '';
    const box = at.getBoundingClientRect();
    return { name: name.trim().replace(/\s+/g, ' '), tag: at.tagName.toLowerCase(), seen: box.width > 0 && box.height > 0, outline: getComputedStyle(at).outlineStyle };
  });

/** Presses `key` until the focus is on something of that name. */
async function reach(visitor, name, key = 'Tab') {
  const passed = [];
  for (let presses = 0; presses < 80; presses += 1) {
    await visitor.page.keyboard.press(key);
    const at = await focused(visitor);
    if (at && name.test(at.name)) return at;
    passed.push(at ? at.name.slice(0, 40) : '–');
  }
  throw new Error(`${name} cannot be reached with ${key}; passed ${passed.join(' | ')}`);
}

async function press(visitor, name, key = 'Enter') {
  await reach(visitor, name);
  await visitor.page.keyboard.press(key);
}

journey('keyboard', {
  'Claire signs in, and every stop of the way shows its focus': async (world) => {
    const claire = (world.claire = await world.arrive('claire'));
    const { address, password } = world.house.person('claire');
    await claire.go('/');
    await claire.page.getByLabel('Adresse e-mail').waitFor();
    await reach(claire, /^Adresse e-mail$/);
    await claire.page.keyboard.type(address);
    await reach(claire, /^Mot de passe$/);
    await claire.page.keyboard.type(password);
    await claire.page.keyboard.press('Enter');
    await claire.page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
    const stops = [];
    for (let presses = 0; presses < 12; presses += 1) {
      await claire.page.keyboard.press('Tab');
      const at = await focused(claire);
      if (at) stops.push(at);
    }
    assert.ok(stops.length >= 8, `few stops: ${stops.length}`);
    for (const stop of stops) assert.ok(stop.seen && (stop.outline !== 'none' || stop.tag === 'textarea' || stop.tag === 'input'), `« ${stop.name} » has the focus and does not show it`);
  },
  'she opens a room, writes, and reads it': async ({ claire }) => {
    await press(claire, /Accueil/);
    await claire.page.getByRole('heading', { level: 1, name: 'Accueil' }).waitFor();
    await reach(claire, /^Écrire à Accueil$/);
    await claire.page.keyboard.type('Écrit sans souris.');
    await claire.page.keyboard.press('Enter');
    await claire.said('Écrit sans souris.').waitFor();
  },
  'a dialog takes the focus, holds it, closes on Escape and gives it back': async ({ claire }) => {
    await claire.go('/administration');
    await claire.page.getByRole('row').filter({ hasText: 'Bob Lambert' }).waitFor();
    await press(claire, /^Inviter une personne$/);
    const dialog = claire.page.getByRole('dialog', { name: 'Inviter une personne' });
    await dialog.waitFor();
    for (let presses = 0; presses < 12; presses += 1) {
      await claire.page.keyboard.press('Tab');
      const where = await claire.page.evaluate(() => (document.activeElement === document.body ? 'browser' : document.activeElement?.closest('dialog') ? 'dialog' : 'behind'));
      assert.notEqual(where, 'behind', 'the focus left the dialog for the page behind it');
    }
    await claire.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.equal((await focused(claire)).name, 'Inviter une personne');
  },
  'a meeting is rung, joined, and left': async ({ claire }) => {
    await claire.go('/');
    await claire.page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
    await press(claire, /Accueil/);
    await claire.page.getByRole('heading', { level: 1, name: 'Accueil' }).waitFor();
    await press(claire, /^Sonner la réunion$/);
    await claire.page.getByRole('button', { name: 'Rejoindre', exact: true }).waitFor();
    await press(claire, /^Rejoindre$/);
    const bar = claire.page.getByRole('toolbar', { name: 'Commandes de la réunion' });
    await bar.waitFor();
    await reach(claire, /^Micro$/);
    await reach(claire, /^Lever la main/, 'ArrowRight');
    await claire.page.keyboard.press('Enter');
    await bar.getByRole('button', { name: 'Lever la main', pressed: true }).waitFor();
    await reach(claire, /^Quitter$/, 'ArrowRight');
    await claire.page.keyboard.press('Enter');
    await until('she is out', async () => (await bar.count()) === 0);
    const at = await focused(claire);
    assert.ok(at && at.name !== '', 'the focus was lost with the toolbar');
  },
});

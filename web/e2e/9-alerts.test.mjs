// What is suspicious is told: the officer tunes it, somebody guesses, a letter comes, and its link shows the very entries.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { Post } from './house/post.mjs';
import { until } from './house/until.mjs';
import { either } from './house/words.mjs';

const PASSWORD = 'sept hérons lents traversent la place du marché';
const GUESSES = 6;
let post;
after(() => post?.close());

/** As if whoever guesses had waited as long as they must. */
function waited(house) {
  const script = `import sqlite3, sys
base = sqlite3.connect(sys.argv[1], timeout=20)
base.execute('DELETE FROM wait_counter')
base.commit()`;
  const { status, stderr } = spawnSync('python3', ['-c', script, join(house.data, 'beffroi.db')], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}
const press = async (locator) => {
  await locator.focus();
  await locator.press('Enter');
};
const rows = (page) => page.getByRole('table').getByRole('row');

journey('alerts', {
  'Otto, who answers for security, tunes what is told, by keyboard alone': async (world) => {
    const { house } = world;
    const { status, said } = house.commandWith(`${PASSWORD}\n`, 'account', 'add', 'otto@demo.localhost', '--name', 'Otto Clair', '--role', 'security-officer', '--password-stdin');
    assert.equal(status, 0, said);
    post = await Post.open(house.data);
    writeFileSync(join(house.data, 'beffroi.toml'), post.settings);
    await house.restart();
    const otto = (world.otto = await world.arrive('otto'));
    const { page } = otto;
    await otto.go('/administration/organisation');
    await page.getByLabel('Adresse e-mail').fill('otto@demo.localhost');
    await page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
    await page.keyboard.press('Enter');
    const card = page.getByRole('region', { name: 'Alertes' });
    await card.getByText('Toutes les alertes sont actives.').waitFor();
    await card.getByText('Un même compte : à partir de 10 refus en 10 minutes.').waitFor();
    await card.scrollIntoViewIfNeeded();
    await pictures(otto, 'alerts-card');
    await press(card.getByRole('button', { name: 'Régler les alertes' }));
    const dialog = page.getByRole('dialog', { name: 'Ce qui est signalé' });
    const count = dialog.getByRole('group', { name: 'Beaucoup de refus à un même compte' }).getByLabel('Nombre de refus');
    await page.keyboard.press('Tab'); // from the box to its first number
    await until('the focus is in the number', () => count.evaluate((one) => one === document.activeElement));
    await page.keyboard.press('Control+A');
    await page.keyboard.type('4');
    await dialog.getByText('Un nombre de 5 à 12.').waitFor();
    await page.keyboard.press('Enter');
    await pictures(otto, 'alerts-rules');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(String(GUESSES));
    await dialog.getByLabel('Un administrateur peut agir au nom de quelqu’un').focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await card.getByText(`Un même compte : à partir de ${GUESSES} refus en 10 minutes.`).waitFor();
    await card.getByText('Alertes désactivées :').waitFor();
    await page.setViewportSize({ width: 360, height: 740 }); // a card far down: where it is depends on the width
    await card.evaluate((one) => one.scrollIntoView());
    await pictures(otto, 'alerts-card-tuned');
  },
  'the change itself is told': async () => {
    assert.match(await post.linkOf('Les règles des alertes ont changé'), /\/administration\/journal\//);
  },
  'somebody guesses Alice’s password six times': async (world) => {
    const stranger = await world.arrive('stranger');
    const { page } = stranger;
    stranger.forgive(/answer 401 POST .*\/api\/session/);
    await stranger.go('/');
    for (let n = 0; n < GUESSES; n += 1) {
      waited(world.house);
      await page.getByLabel('Adresse e-mail').fill('alice@demo.localhost');
      await page.getByLabel('Mot de passe', { exact: true }).fill(`Une-devinette-${n}`);
      const answer = page.waitForResponse((one) => one.url().endsWith('/api/session') && one.request().method() === 'POST');
      await page.getByRole('button', { name: 'Se connecter', exact: true }).click();
      assert.equal((await answer).status(), 401);
    }
  },
  'Claire gets a letter; its link leads to the six entries, once she is in': async (world) => {
    const link = await post.linkOf('De nombreuses connexions à un même compte ont été refusées');
    const claire = (world.claire = await world.arrive('claire'));
    const { page } = claire;
    await page.goto(link);
    await page.getByLabel('Adresse e-mail').fill('claire@demo.localhost');
    await page.getByLabel('Mot de passe', { exact: true }).fill(world.house.person('claire').password);
    await page.keyboard.press('Enter');
    await page.getByText('De nombreuses connexions à un même compte ont été refusées').waitFor();
    await page.getByText('Appelez cette personne').waitFor();
    await until('the head and six guesses', async () => (await rows(page).count()) === GUESSES + 1);
    assert.equal(await rows(page).filter({ hasText: 'alice@demo.localhost' }).filter({ hasText: 'Refusé' }).count(), GUESSES);
    await pictures(claire, 'alert-entries');
    world.link = link;
  },
  'the journal lists what was told; each leads there by keyboard, and back': async ({ claire }) => {
    const { page } = claire;
    await press(page.getByRole('link', { name: 'Tout le journal' }));
    const list = page.getByRole('region', { name: 'Alertes des trente derniers jours' });
    const guessed = list.getByRole('listitem').filter({ hasText: 'alice@demo.localhost' });
    await guessed.getByText(either(`${GUESSES} entrées`, `${GUESSES} entries`)).waitFor();
    await list.getByText('Les règles des alertes ont changé').waitFor();
    await page.getByRole('form', { name: 'Filtres' }).waitFor();
    await pictures(claire, 'audit-with-alerts');
    await press(guessed.getByRole('link'));
    await page.getByText('Appelez cette personne').waitFor();
    await until('the head and six guesses', async () => (await rows(page).count()) === GUESSES + 1);
    await until('the link is gone; who reads on is not lost', () => page.getByRole('heading', { name: 'Journal', exact: true }).evaluate((one) => one === document.activeElement));
    await page.goBack();
    await list.getByText('Les règles des alertes ont changé').waitFor();
  },
  'an alert that is no longer kept says so': async ({ claire }) => {
    claire.forgive(/answer 404 GET .*\/api\/admin\/alerts\//);
    await claire.go('/administration/journal/0000000000000');
    await claire.page.getByText('Cette alerte a plus de trente jours').waitFor();
    await pictures(claire, 'alert-gone');
  },
});

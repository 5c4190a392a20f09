// A code by mail: added in « Ma sécurité », asked for at the door, and an honest word when too many are asked for.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { Post } from './house/post.mjs';

let post;
after(() => post?.close());

/** As if what was sent had been sent two minutes earlier. */
const minutesLater = (house) => edit(house, 'UPDATE mail_code SET created_us = created_us - 120000000');
/** As if an hour had passed since anybody proved who they are. */
const anHourLater = (house) => edit(house, 'UPDATE session SET proved_us = proved_us - 3600000000');
function edit(house, statement) {
  const script = `import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
base.execute('${statement}')
base.commit()`;
  const { status, stderr } = spawnSync('python3', ['-c', script, join(house.data, 'beffroi.db')], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

journey('codes by mail', {
  'with a mail server, Alice may get codes by mail': async (world) => {
    post = await Post.open(world.house.data);
    writeFileSync(join(world.house.data, 'beffroi.toml'), post.settings);
    await world.house.restart();
    const alice = (world.alice = await world.arrive('alice'));
    await alice.signIn();
    await alice.go('/securite');
    const { page } = alice;
    await page.getByRole('button', { name: 'Code par courriel' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Recevoir les codes par courriel' });
    await dialog.getByText('alice@demo.localhost').waitFor();
    const code = await post.code(1);
    await pictures(alice, 'security-add-mail');
    alice.forgive(/answer 401 POST .*\/factors\/email\/confirm/);
    await dialog.getByLabel('Code reçu par courriel').fill(code === '000000' ? '000001' : '000000');
    await page.keyboard.press('Enter');
    await dialog.getByText('Ce code n’est pas le bon').waitFor();
    await page.keyboard.type(code); // the focus is in the field
    await page.keyboard.press('Enter');
    const paper = page.getByRole('dialog', { name: 'Vos codes de secours' });
    await paper.getByRole('button', { name: 'Je les ai gardés' }).click();
    await page.getByRole('listitem').filter({ hasText: 'Code envoyé à votre adresse' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Code par courriel', exact: true }).count(), 0, 'once is enough');
    await pictures(alice, 'security-with-mail');
  },
  'at the door a code is sent when she asks, by keyboard alone': async ({ alice, house }) => {
    const { page } = alice;
    await alice.go('/');
    await page.getByRole('button', { name: /réglages/ }).click();
    await page.getByRole('button', { name: 'Se déconnecter' }).click();
    await page.getByRole('heading', { name: 'Se connecter' }).waitFor();
    await page.getByLabel('Adresse e-mail').fill('alice@demo.localhost');
    await page.getByLabel('Mot de passe', { exact: true }).fill(house.person('alice').password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Encore une étape' }).waitFor();
    await pictures(alice, 'door-mail-code');
    alice.forgive(/answer 429 POST .*\/session\/second\/code/);
    await page.keyboard.press('Enter'); // the button has the focus
    await page.getByText('Un code vient de partir').waitFor();
    await pictures(alice, 'door-mail-code-too-soon');
    minutesLater(house);
    await page.getByRole('button', { name: 'M’envoyer un code' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Le message est parti').waitFor();
    await pictures(alice, 'door-mail-code-sent');
    await page.getByLabel('Code reçu par courriel').focus();
    await page.keyboard.type(await post.code(2));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
  },
  'her sign-in says by what': async ({ alice }) => {
    await alice.go('/securite');
    await alice.page.getByText('Connexion avec le mot de passe et un code par courriel').first().waitFor();
  },
  'an hour later a change asks for a code by mail': async ({ alice, house }) => {
    const { page } = alice;
    anHourLater(house);
    alice.forgive(/answer 403 POST .*\/factors\/totp$/);
    await page.getByRole('button', { name: 'Ajouter une application' }).click();
    await page.getByRole('dialog', { name: 'Confirmez que c’est bien vous' }).getByRole('button', { name: 'M’envoyer un code' }).waitFor();
    await pictures(alice, 'proof-mail-code');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  },
});

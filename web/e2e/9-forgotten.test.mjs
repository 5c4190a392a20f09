// A forgotten password: nothing is offered without a mail server; with one, a link by mail, a new password, in.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { Post } from './house/post.mjs';

let post;
after(() => post?.close());
const asking = (page) => page.getByRole('button', { name: 'Mot de passe oublié ?' });

journey('forgotten password', {
  'without a mail server, the door does not speak of it': async (world) => {
    const alice = (world.alice = await world.arrive('alice'));
    const told = alice.page.waitForResponse(/\/api\/page$/);
    await alice.go('/');
    assert.equal((await (await told).json()).mail, false);
    await alice.page.getByRole('heading', { name: 'Se connecter' }).waitFor();
    assert.equal(await asking(alice.page).count(), 0);
  },
  'with one, Alice asks for a link by keyboard alone': async (world) => {
    const { alice, house } = world;
    post = await Post.open(house.data);
    writeFileSync(join(house.data, 'beffroi.toml'), post.settings);
    await house.restart();
    const { page } = alice;
    await alice.go('/');
    await asking(page).waitFor();
    await pictures(alice, 'door-with-forgotten');
    await page.getByLabel('Adresse e-mail').fill('alice@demo.localhost');
    await asking(page).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Mot de passe oublié' }).waitFor();
    assert.equal(await page.getByLabel('Adresse e-mail').inputValue(), 'alice@demo.localhost', 'nobody types it twice');
    await page.getByLabel('Adresse e-mail').fill('alice');
    await page.keyboard.press('Enter');
    await page.getByText('Écrivez votre adresse e-mail en entier.').waitFor();
    await pictures(alice, 'forgotten-asked');
    await page.keyboard.type('@demo.localhost');
    await page.keyboard.press('Enter');
    await page.getByText('Si alice@demo.localhost a un compte ici').waitFor();
    await pictures(alice, 'forgotten-sent');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Se connecter' }).waitFor();
  },
  'an address that nobody has is answered in the same words': async ({ alice }) => {
    const { page } = alice;
    await asking(page).click();
    await page.getByLabel('Adresse e-mail').fill('personne@demo.localhost');
    await page.keyboard.press('Enter');
    await page.getByText('Si personne@demo.localhost a un compte ici').waitFor();
  },
  'the link opens, once': async ({ alice }) => {
    const { page } = alice;
    const link = await post.link();
    assert.ok(link.startsWith(alice.house.url), link);
    await page.goto(link);
    await page.getByRole('heading', { name: 'Choisir un nouveau mot de passe' }).waitFor();
    await pictures(alice, 'forgotten-choose');
    await page.getByLabel('Nouveau mot de passe', { exact: true }).fill('Un-tout-autre-mot-42');
    await page.getByLabel('Le même, encore une fois').fill('Un-tout-autre-mot-42');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
    alice.forgive(/answer 404 GET .*\/api\/invitations\//);
    await page.goto(link);
    await page.getByRole('heading', { name: 'Ce lien n’ouvre plus' }).waitFor();
  },
});

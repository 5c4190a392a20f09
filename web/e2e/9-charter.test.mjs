// The charter of a body: published, accepted before anything opens, asked again after a change.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { either, says } from './house/words.mjs';

const TEXT = `Ce service est fait pour le travail. On s’y adresse à ses collègues comme on le ferait en réunion.

Article 1 – Séparer le travail du reste
Les comptes sont nominatifs. Ne prêtez ni votre mot de passe ni votre clé d’accès.

Article 2 – Ce qui est écrit reste
Ce qui est dit dans un salon y est gardé aussi longtemps que sa mention le veut.`;

const TITLE = either('Charte du numérique', 'Digital charter'); // of the version in the language of the page
const ARTICLE = either('Article 2 – Ce qui est écrit reste', 'Accounts are personal.');
const OTHER = either({ choice: 'English', title: 'Digital charter' }, { choice: 'Français', title: 'Charte du numérique' });

journey('charter', {
  'Claire publishes a charter, in French and in English, and accepts it like everybody': async (world) => {
    const alice = (world.alice = await world.arrive('alice'));
    await alice.signIn();
    await alice.enter('Accueil');
    const claire = (world.claire = await world.arrive('claire'));
    const { page } = claire;
    await claire.signIn('claire', '/administration/organisation');
    const card = page.getByRole('region', { name: 'Charte d’utilisation' });
    await card.getByText('Aucune charte').waitFor();
    await card.getByRole('button', { name: 'Publier une charte' }).click();
    const dialog = page.getByRole('dialog', { name: 'Publier une charte' });
    await dialog.getByLabel('Titre').fill('Charte du numérique');
    await dialog.getByRole('button', { name: 'Publier', exact: true }).click();
    await dialog.getByText('À remplir.').waitFor();
    await dialog.getByLabel('Texte').fill(TEXT);
    await dialog.getByLabel('Aussi en anglais').check();
    await dialog.getByLabel('Titre en anglais').fill('Digital charter');
    await dialog.getByLabel('Texte en anglais').fill('This service is for work.\n\nArticle 1\nAccounts are personal.');
    await pictures(claire, 'charter-publish');
    for (const visitor of [alice, claire]) visitor.forgive(/answer 403 /);
    await dialog.getByRole('button', { name: 'Publier', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: TITLE }).waitFor();
    await page.getByRole('button', { name: 'J’accepte' }).click();
    await card.getByText('Acceptée par 1 personne sur').waitFor();
    await card.getByText(/qui ne l’ont pas encore acceptée/).click();
    await card.getByText('alice@demo.localhost').waitFor();
    await pictures(claire, 'charter-card');
  },
  'Alice, who was in a room, reads it, accepts it by keyboard alone, and is where she was': async (world) => {
    const { page } = world.alice;
    await page.getByRole('heading', { level: 1, name: TITLE }).waitFor();
    await page.getByText(ARTICLE).waitFor();
    assert.equal(await page.getByRole('navigation').count(), 0, 'nothing else is there');
    await pictures(world.alice, 'charter');
    await page.getByRole('button', { name: OTHER.choice }).click();
    await page.getByRole('heading', { level: 1, name: OTHER.title }).waitFor();
    await pictures(world.alice, 'charter-other-language');
    await page.getByRole('button', { name: either('Français', 'English') }).click();
    await page.evaluate(() => document.activeElement?.blur());
    let found = '';
    for (let n = 0; n < 8 && found !== says('J’accepte'); n += 1) {
      await page.keyboard.press('Tab');
      found = await page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    }
    assert.equal(found, says('J’accepte'));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Accueil' }).waitFor();
    await world.alice.say('lu et accepté');
  },
  'a new version is asked for again at the next sign-in, and one may leave instead': async (world) => {
    const { claire } = world;
    const { page } = claire;
    await page.getByRole('button', { name: 'Publier une nouvelle version' }).click();
    const dialog = page.getByRole('dialog', { name: 'Publier une charte' });
    await dialog.getByLabel('Texte', { exact: true }).fill(`${TEXT}\n\nArticle 3 – Rester bref`);
    await dialog.getByLabel('Texte en anglais').fill('This service is for work.\n\nArticle 3\nStay brief.');
    await dialog.getByRole('button', { name: 'Publier', exact: true }).click();
    await page.getByText(either('Article 3 – Rester bref', 'Stay brief.')).waitFor();
    await page.getByRole('button', { name: 'J’accepte' }).click();
    await page.getByText(`« ${TITLE} », version 2`).waitFor();
    await page.getByText('Version 1, publiée').click();
    await page.getByText('Empreinte SHA-256').last().waitFor();
    const bob = await world.arrive('bob');
    const { address, password } = world.house.person('bob');
    bob.forgive(/answer 403 /);
    await bob.go('/');
    await bob.page.getByLabel('Adresse e-mail').fill(address);
    await bob.page.getByLabel('Mot de passe', { exact: true }).fill(password);
    await bob.page.keyboard.press('Enter');
    await bob.page.getByText('Version 2, publiée').waitFor();
    await bob.page.getByRole('button', { name: 'Se déconnecter' }).click();
    await bob.page.getByRole('heading', { name: 'Se connecter' }).waitFor();
  },
  'a guest reads that there is one': async (world) => {
    const { alice } = world;
    const { page } = alice;
    await page.getByRole('button', { name: 'J’accepte' }).click();
    await page.getByRole('heading', { level: 1, name: 'Accueil' }).waitFor();
    const link = await page.evaluate(async () => {
      const session = await (await fetch('/api/session')).json();
      const rooms = await (await fetch('/api/rooms')).json();
      const made = await fetch(`/api/rooms/${rooms.find((one) => one.name === 'Accueil').id}/links`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-csrf-token': session.csrf },
        body: '{}',
      });
      return (await made.json()).url;
    });
    const petit = await world.arrive('petit');
    await petit.go(new URL(link).pathname);
    await petit.page.getByText('Cet organisme a une charte').waitFor();
    await pictures(petit, 'charter-guest');
  },
});

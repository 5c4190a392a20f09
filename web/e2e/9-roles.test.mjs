// The body's own roles: Gina, who manages people, makes one, gives it, and sees what taking it away ends.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';
import { says } from './house/words.mjs';

const PASSWORD = 'sept hérons lents traversent la place du marché';

async function enter(visitor, address, place) {
  await visitor.go(place);
  await visitor.page.getByLabel('Adresse e-mail').fill(address);
  await visitor.page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
  await visitor.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
}
const row = (visitor, text) => visitor.page.getByRole('row').filter({ hasText: text });
const press = async (locator, key = 'Enter') => {
  await locator.focus();
  await locator.press(key);
};

journey('roles', {
  'Gina manages people: she has people, rooms and roles, and no technical role to touch': async (world) => {
    for (const [address, name, role] of [
      ['gina@demo.localhost', 'Gina Rossi', 'business-administrator'],
      ['nemo@demo.localhost', 'Nemo Petit', 'agent'],
    ]) {
      const { status, said } = world.house.commandWith(`${PASSWORD}\n`, 'account', 'add', address, '--name', name, '--role', role, '--password-stdin');
      assert.equal(status, 0, said);
    }
    const gina = (world.gina = await world.arrive('gina'));
    await enter(gina, 'gina@demo.localhost', '/administration');
    await row(gina, 'Nemo Petit').waitFor();
    const places = gina.page.getByRole('navigation', { name: 'Parties de l’administration' });
    assert.deepEqual(await places.getByRole('link').allInnerTexts(), ['Personnes', 'Salons', 'Rôles'].map(says));
    assert.equal(await row(gina, 'Claire Dubois').getByRole('button').count(), 0, 'nothing about an administrator');
    await gina.page.getByRole('button', { name: 'Inviter une personne' }).click();
    const invite = gina.page.getByRole('dialog');
    await invite.getByLabel('Nom').waitFor();
    assert.equal(await invite.getByLabel('Fonction').count(), 0, 'agents only');
    await gina.page.keyboard.press('Escape');
    await gina.page.getByRole('button', { name: 'Plus d’actes pour Nemo Petit' }).click();
    const acts = gina.page.getByRole('dialog', { name: 'Le compte de Nemo Petit' });
    await acts.getByRole('button', { name: 'Ses rôles' }).waitFor();
    assert.equal(await acts.getByRole('button', { name: 'Changer sa fonction' }).count(), 0);
    await pictures(gina, 'roles-acts');
    await gina.page.keyboard.press('Escape');
  },
  'she makes a role by keyboard, with a room and a person': async ({ gina }) => {
    const { page } = gina;
    await press(page.getByRole('link', { name: 'Rôles' }));
    await page.getByText('Il n’y a pas encore de rôle').waitFor();
    await pictures(gina, 'roles-none');
    await press(page.getByRole('button', { name: 'Nouveau rôle' }));
    const dialog = page.getByRole('dialog', { name: 'Nouveau rôle' });
    await page.keyboard.press('Enter');
    await dialog.getByText('Écrivez le nom du rôle').waitFor();
    await pictures(gina, 'roles-new');
    await page.keyboard.type('Guichet');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Reçoit le public à la mairie');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Guichet' }).waitFor();
    await press(page.getByRole('button', { name: 'Ajouter un salon' }));
    const room = page.getByRole('dialog', { name: 'Un salon pour « Guichet »' });
    await room.getByLabel('Salon').selectOption({ label: 'Accueil' });
    await room.getByText('Qui recevra ce rôle entrera dans ce salon').waitFor();
    await pictures(gina, 'roles-room');
    await room.getByRole('button', { name: 'Ajouter', exact: true }).click();
    await room.waitFor({ state: 'detached' });
    await press(page.getByRole('button', { name: 'Donner à quelqu’un' }));
    const give = page.getByRole('dialog', { name: 'Donner « Guichet »' });
    await page.keyboard.type('nemo');
    await give.getByText('Nemo Petit').waitFor();
    await pictures(gina, 'roles-give');
    await press(give.getByRole('button', { name: 'Donner le rôle à Nemo Petit' }));
    await give.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: /Qui a ce rôle/ }).getByText('nemo@demo.localhost').waitFor();
    await pictures(gina, 'roles-role');
  },
  'Nemo is in the room; taking the role away ends that under his eyes': async (world) => {
    const { gina } = world;
    const nemo = (world.nemo = await world.arrive('nemo'));
    nemo.forgive(/answer 403/);
    await enter(nemo, 'nemo@demo.localhost', '/');
    await nemo.enter('Accueil');
    await gina.page.getByRole('button', { name: 'Retirer le rôle à Nemo Petit' }).click();
    const dialog = gina.page.getByRole('dialog', { name: 'Retirer le rôle à Nemo Petit ?' });
    await dialog.getByText('sort aussitôt des salons').waitFor();
    await pictures(gina, 'roles-take');
    await dialog.getByRole('button', { name: 'Retirer' }).click();
    await gina.page.getByText('Personne ne l’a encore').waitFor();
    await gina.page.getByRole('button', { name: 'Retirer le salon Accueil' }).click();
    await gina.page.getByRole('dialog', { name: 'Retirer « Accueil » ?' }).waitFor();
    await pictures(gina, 'roles-remove-room');
    await gina.page.keyboard.press('Escape');
    await gina.page.getByRole('button', { name: 'Modifier', exact: true }).click();
    await gina.page.getByRole('dialog', { name: 'Modifier « Guichet »' }).waitFor();
    await pictures(gina, 'roles-rename');
    await gina.page.keyboard.press('Escape');
    await until('the room left his list', async () => (await nemo.page.getByRole('navigation').getByRole('link', { name: /Accueil/ }).count()) === 0);
  },
  'from the person: a tick gives it back': async ({ gina, nemo }) => {
    await gina.page.getByRole('link', { name: 'Personnes' }).click();
    await gina.page.getByRole('button', { name: 'Plus d’actes pour Nemo Petit' }).click();
    await gina.page.getByRole('button', { name: 'Ses rôles' }).click();
    const dialog = gina.page.getByRole('dialog', { name: 'Les rôles de Nemo Petit' });
    await press(dialog.getByLabel('Guichet'), 'Space');
    await dialog.getByText('Nemo Petit a maintenant le rôle « Guichet »').waitFor();
    assert.ok(await dialog.getByLabel('Guichet').isChecked());
    await pictures(gina, 'roles-person');
    await gina.page.keyboard.press('Escape');
    await nemo.page.getByRole('link', { name: /Accueil/ }).waitFor();
  },
  'the list shows it; deleting says what ends first': async ({ gina }) => {
    const { page } = gina;
    await page.getByRole('link', { name: 'Rôles' }).click();
    await row(gina, 'Guichet').getByText('1 personne').waitFor();
    await pictures(gina, 'roles-list');
    await page.getByRole('button', { name: 'Ouvrir le rôle Guichet' }).click();
    await page.getByRole('button', { name: 'Supprimer' }).click();
    const dialog = page.getByRole('dialog', { name: 'Supprimer « Guichet » ?' });
    await dialog.getByText('1 personne ne l’aura plus').waitFor();
    await dialog.getByText('1 présence dans un salon prend fin aussitôt').waitFor();
    await pictures(gina, 'roles-delete');
    await dialog.getByRole('button', { name: 'Supprimer le rôle' }).click();
    await page.getByText('Il n’y a pas encore de rôle').waitFor();
  },
  'in English, and the log says each act in words': async (world) => {
    const claire = (world.claire = await world.arrive('claire'));
    await claire.signIn('claire', '/administration/journal');
    for (const act of ['Créer un rôle', 'Donner un rôle', 'Retirer un rôle', 'Changer les salons d’un rôle', 'Supprimer un rôle']) await row(claire, act).first().waitFor();
    await claire.page.evaluate(() => localStorage.setItem('beffroi.language', 'en'));
    await claire.go('/administration/roles');
    await claire.page.getByText('There is no role yet').waitFor();
    await pictures(claire, 'roles-english', { only: ['desktop'] });
  },
});

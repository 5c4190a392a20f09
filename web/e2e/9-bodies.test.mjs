// An operator of many bodies: Olga opens one, its first administrator is in, and it is in Olga's hands no more.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';
import { says } from './house/words.mjs';

const PASSWORD = 'sept hérons lents traversent la place du marché';
const VALMONT = 'valmont.localhost';

async function enter(visitor, address, place) {
  await visitor.go(place);
  await visitor.page.getByLabel('Adresse e-mail').fill(address);
  await visitor.page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
  await visitor.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
}
const row = (visitor, text) => visitor.page.getByRole('row').filter({ hasText: text });
const focused = (locator) => locator.evaluate((one) => one === document.activeElement);

journey('bodies', {
  'Claire gives the role where the machine said that it may be given': async (world) => {
    const made = world.house.commandWith(`${PASSWORD}\n`, 'account', 'add', 'olga@demo.localhost', '--name', 'Olga Sand', '--password-stdin');
    assert.equal(made.status, 0, made.said);
    const claire = await world.arrive('claire');
    await claire.signIn('claire', '/administration');
    const places = claire.page.getByRole('navigation', { name: 'Parties de l’administration' });
    await row(claire, 'Olga Sand').waitFor();
    assert.equal(await places.getByRole('link', { name: 'Organismes' }).count(), 0, 'administrators host nobody');
    const operating = world.house.command('tenant', 'operator', 'demo.localhost', '--set', 'on');
    assert.equal(operating.status, 0, operating.said);
    await claire.page.reload();
    await claire.page.getByRole('button', { name: 'Plus d’actes pour Olga Sand' }).click();
    await claire.page.getByRole('button', { name: 'Changer sa fonction' }).click();
    const dialog = claire.page.getByRole('dialog', { name: 'La fonction de Olga Sand' });
    await dialog.getByLabel('Fonction').selectOption({ label: 'Exploitant' });
    await dialog.getByText('Ne lit rien de ce qu’ils contiennent').waitFor();
    await pictures(claire, 'bodies-role');
    await dialog.getByRole('button', { name: 'Changer la fonction' }).click();
    await row(claire, 'Olga Sand').getByText('Exploitant').waitFor();
    await claire.leave();
  },
  'Olga has one page, which says what to do, and opens a body': async (world) => {
    const olga = (world.olga = await world.arrive('olga'));
    await enter(olga, 'olga@demo.localhost', '/administration');
    const { page } = olga;
    await page.getByText('n’héberge encore que le vôtre').waitFor();
    const places = page.getByRole('navigation', { name: 'Parties de l’administration' });
    assert.deepEqual(await places.getByRole('link').allInnerTexts(), [says('Organismes')]);
    await pictures(olga, 'bodies-alone');
    await page.getByRole('button', { name: 'Ouvrir un organisme' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Ouvrir un organisme' });
    await page.keyboard.press('Enter');
    await dialog.getByText('Écrivez le domaine de l’organisme.').waitFor();
    await page.keyboard.type(VALMONT);
    await page.keyboard.press('Tab');
    await page.keyboard.type('Commune de Valmont');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Dora Roux');
    await page.keyboard.press('Tab');
    await page.keyboard.type('dora@demo.localhost');
    await page.keyboard.press('Enter');
    await dialog.getByText(`Ce n’est pas une adresse en @${VALMONT}.`).waitFor();
    await pictures(olga, 'bodies-new');
    await dialog.getByLabel('Son adresse e-mail').fill(`dora@${VALMONT}`);
    await page.keyboard.press('Enter');
    const ready = page.getByRole('dialog', { name: 'Le lien de Dora Roux' });
    world.first = await ready.getByLabel('Lien à transmettre').inputValue();
    await pictures(olga, 'bodies-link');
    await ready.getByRole('button', { name: 'C’est transmis' }).click();
    await row(olga, 'Commune de Valmont').getByText('Sans administrateur').waitFor();
    await row(olga, 'Commune de Valmont').getByText(`Dora Roux (dora@${VALMONT}) est invité`).waitFor();
    await pictures(olga, 'bodies-waiting');
  },
  'while nobody came in, she invites again; the former link opens nothing': async (world) => {
    const { olga } = world;
    await olga.page.getByRole('button', { name: 'Inviter de nouveau l’administrateur de Commune de Valmont' }).click();
    const dialog = olga.page.getByRole('dialog', { name: 'Confier « Commune de Valmont »' });
    assert.equal(await dialog.getByLabel('Son adresse e-mail').inputValue(), `dora@${VALMONT}`);
    await pictures(olga, 'bodies-again');
    await dialog.getByRole('button', { name: 'Faire le lien' }).click();
    const ready = olga.page.getByRole('dialog', { name: 'Le lien de Dora Roux' });
    world.second = await ready.getByLabel('Lien à transmettre').inputValue();
    await ready.getByRole('button', { name: 'C’est transmis' }).click();
    assert.notEqual(world.second, world.first);
  },
  'Dora is in, in her own body, and Olga cannot invite any more': async (world) => {
    const { olga } = world;
    const dora = (world.dora = await world.arrive('dora', { domain: VALMONT }));
    dora.forgive(/answer 404 GET .*invitations/);
    await dora.page.goto(world.first);
    await dora.page.getByRole('heading', { name: 'Ce lien n’ouvre plus' }).waitFor();
    await dora.page.goto(world.second);
    await dora.page.getByRole('heading', { name: 'Bienvenue, Dora Roux' }).waitFor();
    await dora.page.getByText('Commune de Valmont').first().waitFor();
    await dora.page.getByLabel('Nouveau mot de passe').fill(PASSWORD);
    await dora.page.getByLabel('encore une fois').fill(PASSWORD);
    await dora.page.getByRole('button', { name: 'Choisir et entrer' }).click();
    await dora.page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
    // Olga's list is of before: what she tries now is refused, in words.
    olga.forgive(/answer 403 POST .*delegate/);
    await olga.page.getByRole('button', { name: 'Inviter de nouveau l’administrateur de Commune de Valmont' }).click();
    const dialog = olga.page.getByRole('dialog', { name: 'Confier « Commune de Valmont »' });
    await dialog.getByRole('button', { name: 'Faire le lien' }).click();
    await dialog.getByText('Quelqu’un de cet organisme est déjà entré : il est entre ses mains').waitFor();
    await pictures(olga, 'bodies-begun');
    await olga.page.keyboard.press('Escape');
    await row(olga, 'Commune de Valmont').getByText('Administré par les siens').waitFor();
    await until('closing is left', async () => (await row(olga, 'Commune de Valmont').getByRole('button').count()) === 1);
    await until('the focus is on it', () => focused(olga.page.getByRole('button', { name: 'Fermer Commune de Valmont' })));
    assert.equal(await row(olga, 'Commune de Valmont').getByText('Dora').count(), 0, 'nobody is named any more');
  },
  'Olga closes the body: Dora is out at once, and reads why': async (world) => {
    const { olga, dora } = world;
    dora.forgive(/answer 401/, /answer 403 POST .*session/);
    const close = olga.page.getByRole('button', { name: 'Fermer Commune de Valmont' });
    await close.focus();
    await olga.page.keyboard.press('Enter');
    const dialog = olga.page.getByRole('dialog', { name: 'Fermer « Commune de Valmont » ?' });
    await dialog.getByText('Rien n’est détruit').waitFor();
    await pictures(olga, 'bodies-close');
    await dialog.getByRole('button', { name: 'Fermer l’organisme' }).click();
    await dora.page.getByText('Votre session est terminée').waitFor();
    await row(olga, 'Commune de Valmont').getByText('Fermé', { exact: true }).waitFor();
    await until('the focus is on the button that opens it again', () => focused(olga.page.getByRole('button', { name: 'Rouvrir Commune de Valmont' })));
    await enter(dora, `dora@${VALMONT}`, '/');
    await dora.page.getByText('L’accès de votre organisme est suspendu par qui l’héberge').waitFor();
    await pictures(dora, 'bodies-shut');
    await pictures(olga, 'bodies-closed');
  },
  'opened again, she signs in as before, and her log says who did what': async (world) => {
    const { olga, dora } = world;
    const open = olga.page.getByRole('button', { name: 'Rouvrir Commune de Valmont' });
    await open.focus();
    await olga.page.keyboard.press('Enter');
    await row(olga, 'Commune de Valmont').getByText('Administré par les siens').waitFor();
    await until('the focus is on the button that closes it', () => focused(olga.page.getByRole('button', { name: 'Fermer Commune de Valmont' })));
    const eased = world.house.command('tenant', 'administration', VALMONT, '--factor', 'password');
    assert.equal(eased.status, 0, eased.said);
    await enter(dora, `dora@${VALMONT}`, '/administration/journal');
    await dora.page.locator('main :not(option)').getByText('Rouvrir un organisme', { exact: true }).locator('visible=true').first().waitFor();
    await dora.page.getByText('olga@demo.localhost').first().waitFor();
    await pictures(dora, 'bodies-log');
    await dora.leave();
  },
  'among many, one is found by the beginning of a word': async (world) => {
    const { olga } = world;
    for (const [domain, name] of [['alpha', 'Commune d’Alpha'], ['beta', 'Ville de Bêta'], ['gamma', 'Intercommunale du Gamma'], ['delta', 'CPAS de Delta'], ['epsilon', 'Province d’Epsilon'], ['zeta', 'Zone de secours Zêta'], ['eta', 'Commune d’Êta']]) {
      const { status, said } = world.house.command('tenant', 'add', `${domain}.localhost`, '--name', name);
      assert.equal(status, 0, said);
    }
    await olga.page.reload();
    const search = olga.page.getByLabel('Chercher un organisme');
    await search.fill('eta');
    await row(olga, 'Commune d’Êta').waitFor();
    await row(olga, 'Commune d’Alpha').waitFor({ state: 'detached' });
    await pictures(olga, 'bodies-found');
    await search.fill('personne');
    await olga.page.getByText('Aucun organisme ne correspond').waitFor();
    await olga.page.getByRole('button', { name: 'Tous les organismes' }).click();
    await row(olga, 'Commune d’Alpha').waitFor();
    await pictures(olga, 'bodies-many');
    await until('the focus is in the search, its button is gone', () => focused(search));
  },
});

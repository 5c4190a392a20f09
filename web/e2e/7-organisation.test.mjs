// The organisation: its name and colour, its labels, what it declares; each role its part, an auditor none.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';
import { either } from './house/words.mjs';

const PASSWORD = 'sept hérons lents traversent la place du marché';

async function enter(visitor, address) {
  await visitor.go('/administration/organisation');
  await visitor.page.getByLabel('Adresse e-mail').fill(address);
  await visitor.page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
  await visitor.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
  await visitor.page.getByRole('heading', { name: 'Mentions' }).waitFor();
}

/** The card of a label. */
const card = (visitor, label) => visitor.page.locator('ul.labels > li').filter({ has: visitor.page.getByText(`Mention : ${label}`, { exact: true }) });

journey('organisation', {
  'Claire sees the organisation and changes its name and its colour, seen before they are kept': async (world) => {
    for (const [address, name, role] of [
      ['otto@demo.localhost', 'Otto Clair', 'security-officer'],
      ['ada@demo.localhost', 'Ada Brun', 'auditor'],
    ]) {
      const { status, said } = world.house.commandWith(`${PASSWORD}\n`, 'account', 'add', address, '--name', name, '--role', role, '--password-stdin');
      assert.equal(status, 0, said);
    }
    const claire = (world.claire = await world.arrive('claire'));
    await claire.signIn('claire', '/administration/organisation');
    await claire.page.getByRole('heading', { name: 'Mentions' }).waitFor();
    assert.equal(await claire.page.getByRole('button', { name: /^Régler la mention/ }).count(), 0, 'labels are not for administrators');
    await claire.page.getByRole('button', { name: 'Changer le nom ou la couleur' }).click();
    const dialog = claire.page.getByRole('dialog');
    await dialog.getByLabel('Nom de l’organisme').fill('Ville de Beffroy');
    await dialog.getByLabel('Son code').fill('#ffe');
    await dialog.getByText('Un code de couleur s’écrit').waitFor();
    await dialog.getByLabel('Son code').fill('#FFEE00');
    await until('both samples are adapted', async () => (await dialog.getByText(either(/adaptée pour se lire\s: #[0-9a-f]{6}/, /adapted to be read: #[0-9a-f]{6}/)).count()) === 2);
    await pictures(claire, 'organisation-identity');
    await dialog.getByLabel('Son code').fill('#00706b');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    await dialog.waitFor({ state: 'detached' });
    await claire.page.getByText('Ville de Beffroy').waitFor();
    await until('the page wears the colour', () => claire.page.evaluate(() => document.documentElement.style.getPropertyValue('--accent') === '#00706b'));
    await pictures(claire, 'organisation-administrator');
  },
  'Otto answers for labels: what a mark demands and lacks is said before it is declared': async (world) => {
    const otto = (world.otto = await world.arrive('otto'));
    await enter(otto, 'otto@demo.localhost');
    const mark = card(otto, 'Diffusion restreinte');
    await mark.getByText('Instruction interministérielle n° 901').waitFor();
    await mark.getByText('ses salons ne s’ouvrent que sur ceux qui sont approuvés').waitFor();
    await mark.getByRole('button', { name: 'Déclarer l’homologation' }).click();
    const dialog = otto.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Déclarer', exact: true }).click();
    assert.equal(await dialog.getByText('À remplir.').count(), 3);
    await dialog.getByLabel('Numéro de la décision').fill('HOM-2026-12');
    await dialog.getByLabel('Autorité').fill('Autorité d’homologation de la ville');
    await dialog.getByLabel('Dernier jour où elle vaut').fill('2020-01-01');
    await dialog.getByText('Ce jour est passé').waitFor();
    await dialog.getByLabel('Dernier jour où elle vaut').fill('2098-12-31');
    await pictures(otto, 'organisation-accredit');
    await dialog.getByRole('button', { name: 'Déclarer', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await mark.getByText('utilisable', { exact: true }).waitFor();
    await mark.getByText(either(/Déclarée\s: HOM-2026-12, .* jusqu’au 31 décembre 2098 inclus/, /Declared: HOM-2026-12, .* until (31 December|December 31,) 2098 included/)).waitFor();
    await pictures(otto, 'organisation');
  },
  'the room that takes the mark shows nothing to anybody, and the dialog that withdraws it counts it': async ({ claire, otto }) => {
    await claire.page.getByRole('link', { name: 'Salons', exact: true }).click();
    await claire.page.getByRole('button', { name: 'Changer la mention de Accueil' }).click();
    const dialog = claire.page.getByRole('dialog');
    await dialog.getByLabel('Mention du salon').selectOption({ label: 'Diffusion restreinte' });
    await dialog.getByRole('button', { name: 'Changer la mention' }).click();
    await dialog.waitFor({ state: 'detached' });
    await otto.page.reload();
    const mark = card(otto, 'Diffusion restreinte');
    await mark.getByText('1 salon', { exact: true }).waitFor();
    await mark.getByRole('button', { name: 'Retirer la déclaration de Diffusion restreinte' }).click();
    const asked = otto.page.getByRole('dialog', { name: 'Ne plus employer « Diffusion restreinte » ?' });
    await asked.getByText('Un salon la porte').waitFor();
    await pictures(otto, 'organisation-withdraw');
    await asked.getByRole('button', { name: 'Retirer la déclaration' }).click();
    await asked.waitFor({ state: 'detached' });
    await mark.getByText('fermée', { exact: true }).waitFor();
    await until('the focus is not lost with its button', () => otto.page.evaluate(() => document.activeElement?.id === 'organisation'));
  },
  'setting up a label by keyboard: a second factor warns, a shorter time asks': async ({ otto }) => {
    const { page } = otto;
    await page.getByRole('button', { name: 'Régler la mention Sensible' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Régler « Sensible »' });
    await dialog.waitFor();
    await dialog.getByLabel('Un second facteur pour entrer').focus();
    await page.keyboard.press('Space');
    await dialog.getByText('Personne n’a encore de second facteur, pas même vous').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await dialog.getByText('Seuls les appareils approuvés les ouvriront').waitFor();
    await pictures(otto, 'organisation-label');
    await page.keyboard.press('Space');
    await dialog.getByLabel('Un second facteur pour entrer').uncheck();
    await dialog.getByLabel('Effacer après (jours)').fill('0');
    await dialog.getByText('Un nombre de jours, de 1 à 36 525').waitFor();
    await dialog.getByLabel('Effacer après (jours)').fill('1');
    await page.keyboard.press('Enter');
    const asked = page.getByRole('dialog', { name: 'Effacer pour toujours ?' });
    await asked.getByText(/\d+ messages? (ou|et) événements?|aucun message/).waitFor();
    await pictures(otto, 'organisation-forget');
    await asked.getByRole('button', { name: 'Revenir aux réglages' }).click();
    assert.equal(await dialog.getByLabel('Effacer après (jours)').inputValue(), '1', 'what was written is kept');
    await dialog.getByLabel('Effacer après (jours)').fill('365');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    await dialog.waitFor({ state: 'detached' });
    await card(otto, 'Sensible').getByText('Effacement après 365 jours').waitFor();
    await page.getByRole('button', { name: 'Régler la mention Diffusion restreinte' }).click();
    const mark = page.getByRole('dialog', { name: 'Régler « Diffusion restreinte »' });
    assert.ok(await mark.getByLabel('Télécharger les fichiers').isDisabled());
    await pictures(otto, 'organisation-mark');
    await page.keyboard.press('Escape');
    await mark.waitFor({ state: 'detached' });
  },
  'password rules are chosen by the security officer': async ({ otto }) => {
    await otto.page.getByRole('button', { name: 'Changer la règle' }).click();
    const dialog = otto.page.getByRole('dialog');
    await dialog.getByRole('radio', { name: /^Règle S1/ }).check();
    await pictures(otto, 'organisation-passwords');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    await dialog.waitFor({ state: 'detached' });
    await otto.page.getByText('Règle S1', { exact: true }).waitFor();
    // Or what the body's own policy says, with its numbers.
    await otto.page.getByRole('button', { name: 'Changer la règle' }).click();
    await dialog.getByLabel('Règle de l’organisme').check();
    await dialog.getByLabel('Caractères au moins (8 à 64)').fill('7');
    await dialog.getByText('Un nombre de 8 à 64 : moins que la règle S1 ne se demande pas.').waitFor();
    await dialog.getByLabel('Caractères au moins (8 à 64)').fill('14');
    await dialog.getByLabel('Un signe aussi, en plus d’une minuscule, d’une majuscule et d’un chiffre').check();
    await pictures(otto, 'organisation-passwords-own');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    await dialog.waitFor({ state: 'detached' });
    await otto.page.getByText(either(/^14 caractères .* et un signe, d’une force estimée à 50 bits/, /^14 characters .* and a sign, worth 50 bits/)).waitFor();
  },
  'he clears Bob for more, and never himself': async ({ otto }) => {
    await otto.page.getByRole('link', { name: 'Personnes' }).click();
    await otto.page.getByRole('button', { name: 'Habiliter Bob Lambert' }).waitFor();
    assert.equal(await otto.page.getByRole('button', { name: 'Habiliter Otto Clair' }).count(), 0);
    assert.equal(await otto.page.getByRole('button', { name: 'Inviter une personne' }).count(), 0);
    await otto.page.getByRole('button', { name: 'Habiliter Bob Lambert' }).click();
    const dialog = otto.page.getByRole('dialog');
    await dialog.getByLabel('Jusqu’à').selectOption({ label: 'Public' });
    await dialog.getByText('Bob Lambert sort aussitôt').waitFor();
    await dialog.getByLabel('Jusqu’à').selectOption({ label: 'Médical' });
    await pictures(otto, 'organisation-clearance');
    await dialog.getByRole('button', { name: 'Habiliter' }).click();
    await dialog.waitFor({ state: 'detached' });
    await otto.page.getByRole('row').filter({ hasText: 'Bob Lambert' }).getByText('Médical').waitFor();
    await pictures(otto, 'organisation-people');
  },
  'an open page learns of it from the command line': async ({ house, otto }) => {
    await otto.page.getByRole('link', { name: 'Organisation' }).click();
    await otto.page.getByText('Ville de Beffroy').waitFor();
    const { status, said } = house.command('tenant', 'set', 'demo.localhost', '--name', 'Mairie de Beffroy', '--accent', '#8a1538');
    assert.equal(status, 0, said);
    await otto.page.getByText('Mairie de Beffroy').waitFor();
    await until('the page wears the colour', () => otto.page.evaluate(() => document.documentElement.style.getPropertyValue('--accent') === '#8a1538'));
  },
  'an auditor reads all of it and changes none': async (world) => {
    const ada = (world.ada = await world.arrive('ada'));
    await enter(ada, 'ada@demo.localhost');
    await ada.page.getByText('Vous lisez cette page').waitFor();
    assert.deepEqual(await ada.page.getByRole('main').getByRole('button').allInnerTexts(), []);
    await pictures(ada, 'organisation-auditor');
    await ada.page.getByRole('link', { name: 'Journal' }).click();
    await ada.page.getByRole('row').filter({ hasText: 'Déclarer une homologation' }).first().waitFor();
    const acts = await ada.page.locator('tbody th button').allInnerTexts();
    assert.deepEqual(acts.filter((act) => /^[a-z]+\.[a-z-]+$/.test(act)), [], 'every act has its words');
  },
  'all of it in English': async ({ ada }) => {
    await ada.page.evaluate(() => localStorage.setItem('beffroi.language', 'en'));
    await ada.go('/administration/organisation');
    await ada.page.getByText('Today nobody enters under this label').first().or(ada.page.getByText('Declaring is not enough yet').first()).waitFor();
    await pictures(ada, 'organisation-english', { only: ['desktop'] });
  },
});

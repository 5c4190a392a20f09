// People from a file, without a terminal: what it would do is seen first, then done, then found.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';
import { either, says } from './house/words.mjs';

const DOMAIN = 'demo.localhost';
const LINES = [
  'Prénom;Nom;Adresse e-mail;Service',
  `Élodie;Lefèvre;elodie.lefevre@${DOMAIN};Voirie`,
  `Bob;Lambert-Roy;bob@${DOMAIN};Voirie`,
  `Alice;Martin;alice@${DOMAIN};Accueil`,
  `=HYPERLINK(1);Roy;formule@${DOMAIN};`,
  `Аlice;Martin;autre@${DOMAIN};`,
  'Jeanne;Ailleurs;jeanne@ailleurs.test;',
  `Élodie;Lefèvre;ELODIE.LEFEVRE@${DOMAIN};Voirie`,
  ...Array.from({ length: 1200 }, (_, n) => `Camille;Personne ${n + 1};p${n + 1}@${DOMAIN};`),
];
const file = (lines) => ({ name: 'personnes.csv', mimeType: 'text/csv', buffer: Buffer.from(`\u{feff}${lines.join('\r\n')}\r\n`) });
const row = ({ page }, text) => page.getByRole('row').filter({ hasText: text });
const press = async ({ page }, role, name) => {
  await page.getByRole(role, { name }).focus();
  await page.keyboard.press('Enter');
};

journey('import', {
  'Claire goes to the import by keyboard, and is told what a file is': async (world) => {
    const claire = (world.claire = await world.arrive('claire'));
    await claire.signIn('claire', '/administration');
    await row(claire, 'Bob Lambert').waitFor();
    await press(claire, 'button', 'Importer');
    await claire.page.getByRole('heading', { name: 'Importer des personnes' }).waitFor();
    await press(claire, 'button', 'Regarder ce que cela ferait');
    await claire.page.getByText('Choisissez d’abord un fichier.').waitFor();
    await pictures(claire, 'import-file');
  },
  'a file that is none is refused in words': async ({ claire }) => {
    claire.forgive(/answer 422/);
    await claire.page.getByLabel('Fichier des personnes').setInputFiles({ name: 'x.csv', mimeType: 'text/csv', buffer: Buffer.from('téléphone;service\n1;2\n') });
    await press(claire, 'button', 'Regarder ce que cela ferait');
    await claire.page.getByRole('alert').waitFor();
    await pictures(claire, 'import-refused');
  },
  'what the file would do is counted and shown line by line; nothing is done': async ({ claire }) => {
    await claire.page.getByLabel('Fichier des personnes').setInputFiles(file(LINES));
    await press(claire, 'button', 'Regarder ce que cela ferait');
    const shown = claire.page.getByRole('heading', { name: 'Ce que ce fichier ferait' });
    await shown.waitFor({ timeout: 60_000 });
    await until('the outcome has the focus', () => shown.evaluate((one) => one === document.activeElement));
    for (const [number, of] of [['1 201', 'personnes à ajouter'], ['1', 'nom à changer'], ['1', 'déjà là, inchangée'], ['4', 'lignes refusées']]) {
      const count = `${either(number, number.replace(' ', ','))} ${says(of)}`;
      await until(count, async () => (await claire.page.getByRole('listitem').allInnerTexts()).some((text) => text.replace(/\s+/gu, ' ') === count));
    }
    await claire.page.getByText('Colonnes laissées de côté : Service.').waitFor();
    for (const why of ['formule de tableur', 'mêle deux alphabets', 'autre domaine', 'déjà plus haut']) await row(claire, why).waitFor();
    await pictures(claire, 'import-shown');
    await claire.page.getByLabel('Montrer').selectOption({ label: 'À renommer' });
    await row(claire, 'Renommée (était « Bob Lambert »)').waitFor();
    await claire.page.getByLabel('Montrer').selectOption({ label: 'À ajouter' });
    await row(claire, 'Personne 40').first().waitFor();
    await until('a page of 50 lines under its head', async () => (await claire.page.getByRole('row').count()) === 51);
    await press(claire, 'button', 'Afficher les lignes suivantes');
    await row(claire, 'Personne 90').waitFor();
  },
  'the refused lines come as a file whose reasons are words, and that no spreadsheet calculates with': async ({ claire }) => {
    const coming = claire.page.waitForEvent('download');
    await press(claire, 'button', 'Télécharger les lignes refusées');
    const download = await coming;
    assert.equal(download.suggestedFilename(), says('lignes-refusees.csv'));
    const text = readFileSync(await download.path(), 'utf8');
    assert.ok(text.startsWith(`\u{feff}${['Ligne', 'Adresse e-mail', 'Nom', 'Motif'].map((head) => `"${says(head)}"`).join(';')}\r\n`), text);
    assert.match(text, /"5";"formule@demo\.localhost";"'=HYPERLINK\(1\) Roy";"(Le nom commence comme une formule|The name begins like a formula)/);
    assert.equal(text.trim().split('\r\n').length, 5);
  },
  'Importer applies it, with its progress, and only once': async ({ claire }) => {
    // The server goes on as soon as the pictures are taken: the next part is only asked for later.
    let go;
    const looked = new Promise((done) => (go = done));
    await claire.page.route(/\/apply$/, async (route) => {
      await looked;
      await route.continue();
    });
    await press(claire, 'button', 'Importer 1 202 personnes');
    await claire.page.getByRole('progressbar', { name: 'Import en cours' }).waitFor();
    await pictures(claire, 'import-applying');
    go();
    await claire.page.getByRole('heading', { name: 'C’est fait' }).waitFor({ timeout: 60_000 });
    await claire.page.getByText('1 202 comptes sont à jour.').waitFor();
    await pictures(claire, 'import-done');
    await press(claire, 'button', 'Un autre fichier');
    await claire.page.getByLabel('Fichier des personnes').setInputFiles(file(LINES));
    await press(claire, 'button', 'Regarder ce que cela ferait');
    await claire.page.getByText('Il n’y a rien à faire').waitFor({ timeout: 60_000 });
  },
  'those who were added are found as one types, whatever the accents, and the list comes by pages': async ({ claire }) => {
    await press(claire, 'link', 'Retour aux personnes');
    await claire.page.getByText('1 204 comptes').first().waitFor();
    await claire.page.getByText('50 sur 1 204 affichés').waitFor();
    await pictures(claire, 'people-many');
    await press(claire, 'button', 'Afficher les suivants');
    await claire.page.getByText('100 sur 1 204 affichés').waitFor();
    const search = claire.page.getByLabel('Chercher par nom ou adresse');
    await search.pressSequentially('lefevre el');
    await until('only Élodie is left', async () => (await claire.page.getByRole('row').count()) === 2);
    await row(claire, 'Élodie Lefèvre').getByText('Invitation envoyée', { exact: true }).waitFor();
    await claire.page.getByRole('status').filter({ hasText: '1 compte' }).waitFor({ state: 'attached' });
    await search.fill('personne 777');
    await row(claire, 'Camille Personne 777').waitFor();
    await search.fill('zzz');
    await claire.page.getByText('Personne ne correspond.').waitFor();
    await pictures(claire, 'people-nobody');
    await press(claire, 'button', 'Afficher tout le monde');
    await claire.page.getByLabel('État').selectOption({ label: 'Ouvert' });
    await row(claire, 'Bob Lambert-Roy').waitFor();
  },
  'a colleague of a large body is found in the rail, for a new room and among members to add': async (world) => {
    const alice = await world.arrive('alice');
    await alice.signIn('alice');
    await alice.page.getByRole('searchbox', { name: 'Chercher un salon, une personne' }).fill('elod');
    await alice.page.getByRole('navigation').getByRole('link', { name: /Élodie Lefèvre/ }).waitFor();
    await alice.page.getByRole('searchbox', { name: 'Chercher un salon, une personne' }).fill('');
    await alice.page.getByRole('navigation').getByRole('button', { name: 'Créer un salon' }).click();
    const dialog = alice.page.getByRole('dialog', { name: 'Créer un salon' });
    await dialog.getByLabel('Nom du salon').fill('Voirie');
    const find = dialog.getByLabel('Chercher une personne');
    await find.fill('personne 1200');
    await dialog.getByLabel('Camille Personne 1200').check();
    await find.fill('lefev');
    await dialog.getByLabel('Élodie Lefèvre').check();
    assert.ok(await dialog.getByLabel('Camille Personne 1200').isChecked(), 'who was chosen stays in sight');
    await pictures(alice, 'room-picker');
    await dialog.getByRole('button', { name: 'Créer un salon' }).click();
    await alice.page.getByRole('heading', { level: 1, name: 'Voirie' }).waitFor();
  },
  'the audit log has the file and each person': async ({ claire }) => {
    await claire.page.getByRole('link', { name: 'Journal' }).click();
    await row(claire, 'Renommer un compte').or(row(claire, 'Créer un compte')).first().waitFor();
  },
});

// What administering takes, and whose passkeys are taken: set on the page by who still gets in; less takes two.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Authenticator } from './house/authenticator.mjs';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';
import { either } from './house/words.mjs';

const PASSWORD = 'sept hérons lents traversent la place du marché';
const file = (path) => fileURLToPath(new URL(`../../crates/${path}`, import.meta.url));
const ANOTHER = file('identity/tests/passkey/another-maker.pem');
const TEST = file('testkit/attestation/root.pem');

async function enter(visitor, address, place = '/administration/organisation') {
  await visitor.go(place);
  await visitor.page.getByLabel('Adresse e-mail').fill(address);
  await visitor.page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
  await visitor.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
}
const card = (visitor, name) => visitor.page.getByRole('region', { name, exact: true });

/** Adds a passkey in « Ma sécurité », where the page is. */
async function addPasskey({ page }, name) {
  await page.getByRole('button', { name: 'Ajouter une clé d’accès' }).click();
  await page.getByRole('dialog', { name: 'Ajouter une clé d’accès' }).getByLabel('Nom').fill(name);
  await page.keyboard.press('Enter');
}

journey('rules', {
  'Otto sees what administering takes; what he could not undo himself is refused, with what to do': async (world) => {
    for (const [address, name] of [
      ['otto@demo.localhost', 'Otto Clair'],
      ['olga@demo.localhost', 'Olga Sand'],
    ]) {
      const { status, said } = world.house.commandWith(`${PASSWORD}\n`, 'account', 'add', address, '--name', name, '--role', 'security-officer', '--password-stdin');
      assert.equal(status, 0, said);
    }
    const otto = (world.otto = await world.arrive('otto'));
    otto.forgive(/answer (403|422) (PUT|PATCH) .*\/api\/admin\/(administration|passkey-makers)/);
    await enter(otto, 'otto@demo.localhost');
    const { page } = otto;
    await card(otto, 'Accès à l’administration').getByText('Depuis n’importe quel réseau.').waitFor();
    await card(otto, 'Accès à l’administration').scrollIntoViewIfNeeded();
    await pictures(otto, 'rules-cards');
    await page.getByRole('button', { name: 'Changer ce qu’il faut pour administrer' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Ce qu’il faut pour administrer' });
    await dialog.getByLabel('Depuis ces réseaux').fill('mairie');
    await dialog.getByText('« mairie » n’est pas un réseau').waitFor();
    await pictures(otto, 'rules-administration-wrong');
    await dialog.getByLabel('Depuis ces réseaux').fill('192.0.2.0/24');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    await dialog.getByText('vous vous enfermeriez dehors').waitFor();
    await pictures(otto, 'rules-administration-outside');
    await dialog.getByRole('button', { name: 'Ajouter mon adresse' }).click();
    assert.match(await dialog.getByLabel('Depuis ces réseaux').inputValue(), /^192\.0\.2\.0\/24\n127\.0\.0\.1\/32$/);
    await dialog.getByRole('radio', { name: /^Une clé d’accès/ }).check();
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    const proof = page.getByRole('dialog', { name: 'Confirmez que c’est bien vous' });
    await proof.getByText('pour ne pas vous enfermer dehors').waitFor();
    await proof.getByText('votre compte n’en a pas encore').waitFor();
    await pictures(otto, 'rules-own-proof');
    await proof.getByRole('button', { name: 'Ouvrir « Ma sécurité »' }).click();
    world.key = await Authenticator.plug(page);
    await addPasskey(otto, 'Clé d’Otto');
    await page.getByRole('button', { name: 'Je les ai gardés' }).click();
    await page.getByRole('button', { name: 'Reprendre où vous étiez' }).click();
    // What was typed waited for the key.
    assert.equal(await dialog.getByLabel('Depuis ces réseaux').inputValue(), '192.0.2.0/24\n127.0.0.1/32');
    assert.equal(await dialog.getByRole('radio', { name: /^Une clé d’accès/ }).isChecked(), true);
    await dialog.getByLabel('Depuis ces réseaux').fill('127.0.0.1/32');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    await dialog.waitFor({ state: 'detached' });
    await card(otto, 'Accès à l’administration').getByText('127.0.0.1/32').waitFor();
    await pictures(otto, 'rules-administration-set');
  },
  'less than that waits for Olga, who reads both and accepts': async (world) => {
    const { otto } = world;
    await otto.page.getByRole('button', { name: 'Changer ce qu’il faut pour administrer' }).click();
    const dialog = otto.page.getByRole('dialog', { name: 'Ce qu’il faut pour administrer' });
    await dialog.getByLabel('Depuis ces réseaux').fill('');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    const asked = otto.page.getByRole('dialog', { name: 'Demander moins qu’aujourd’hui' });
    await asked.getByText(either('Ensuite : une clé d’accès, depuis n’importe où.', 'Afterwards: a passkey, from anywhere.')).waitFor();
    await asked.getByLabel('Pourquoi').fill('Le télétravail du vendredi');
    await pictures(otto, 'rules-administration-ask');
    await asked.getByRole('button', { name: 'Demander' }).click();
    await otto.page.getByRole('dialog', { name: 'La demande est en attente' }).getByRole('button', { name: 'Fermer' }).last().click();
    await card(otto, 'Accès à l’administration').getByText('127.0.0.1/32').waitFor();

    const olga = (world.olga = await world.arrive('olga'));
    olga.forgive(/answer 403 GET .*\/api\/admin\//);
    await enter(olga, 'olga@demo.localhost', '/securite');
    await Authenticator.plug(olga.page);
    await addPasskey(olga, 'Clé d’Olga');
    await olga.page.getByRole('button', { name: 'Je les ai gardés' }).click();
    await olga.go('/administration/demandes');
    const what = either('Demander moins pour administrer : une clé d’accès, depuis n’importe où', 'Ask for less to administer: a passkey, from anywhere');
    await olga.page.getByRole('button', { name: either(`Accepter : ${what}`, `Approve: ${what}`) }).click();
    const approving = olga.page.getByRole('dialog', { name: 'Accepter cette demande ?' });
    await pictures(olga, 'rules-administration-approve');
    await approving.getByRole('button', { name: 'Accepter' }).click();
    await olga.page.getByText('Acceptée par Olga Sand').waitFor();
    await card(otto, 'Accès à l’administration').getByText('Depuis n’importe quel réseau.').waitFor();
  },
  'Otto takes the passkeys of one maker only: a key that does not say who made it is refused': async (world) => {
    const { otto } = world;
    const { page } = otto;
    await card(otto, 'Clés d’accès acceptées').getByRole('button', { name: 'N’accepter que certains fabricants' }).click();
    const dialog = page.getByRole('dialog', { name: 'Ajouter un fabricant' });
    // The browser's own file dialog, closed without a choice.
    await until('the focus is in the form', () => dialog.getByLabel('Fichier de ses certificats').evaluate((one) => one === document.activeElement));
    const files = page.waitForEvent('filechooser');
    await page.keyboard.press('Enter');
    await (await files).setFiles([]);
    await dialog.getByRole('button', { name: 'Ajouter un fabricant' }).click();
    await dialog.getByText('Choisissez un fichier.').waitFor();
    await dialog.getByLabel('Fichier de ses certificats').setInputFiles({ name: 'note.pem', mimeType: 'text/plain', buffer: Buffer.from('rien') });
    await dialog.getByRole('button', { name: 'Ajouter un fabricant' }).click();
    await dialog.getByText('ne contient pas de certificat').waitFor();
    await pictures(otto, 'rules-maker-add');
    await dialog.getByLabel('Fichier de ses certificats').setInputFiles(ANOTHER);
    await dialog.getByRole('button', { name: 'Ajouter un fabricant' }).click();
    await dialog.waitFor({ state: 'detached' });
    const makers = card(otto, 'Clés d’accès acceptées');
    await makers.getByText('Another maker root').waitFor();
    await makers.getByText(either(/certificat valable jusqu’au 31 octobre 2126/, /certificate valid until 31 October 2126/)).waitFor();
    await makers.evaluate((card) => card.scrollIntoView());
    await pictures(otto, 'rules-makers');

    const alice = (world.alice = await world.arrive('alice'));
    await alice.signIn('alice', '/securite');
    await Authenticator.plug(alice.page);
    alice.forgive(/answer 401 POST .*\/factors\/passkey\/confirm/);
    await addPasskey(alice, 'Mon téléphone');
    await alice.page.getByRole('dialog').getByText('que de certains fabricants').waitFor();
    await pictures(alice, 'rules-passkey-refused');
  },
  'one more maker waits for Olga; the last one goes only with her': async (world) => {
    const { otto, olga } = world;
    const makers = card(otto, 'Clés d’accès acceptées');
    await makers.getByRole('button', { name: 'Ajouter un fabricant' }).click();
    const dialog = otto.page.getByRole('dialog', { name: 'Ajouter un fabricant' });
    await dialog.getByLabel('Fichier de ses certificats').setInputFiles(TEST);
    await dialog.getByRole('button', { name: 'Ajouter un fabricant' }).click();
    const asked = otto.page.getByRole('dialog', { name: 'Accepter plus de clés d’accès' });
    await asked.getByLabel('Pourquoi').fill('Les nouvelles clés du marché public');
    await pictures(otto, 'rules-maker-ask');
    await asked.getByRole('button', { name: 'Demander' }).click();
    await otto.page.getByRole('dialog', { name: 'La demande est en attente' }).getByRole('button', { name: 'Fermer' }).last().click();
    await olga.page.getByText(either(/Accepter plus de clés d’accès\s: 1 → 2: \+ Test maker root/, /Accept more passkeys: 1 → 2: \+ Test maker root/)).waitFor();
    await pictures(olga, 'rules-maker-request');
    await olga.page.getByRole('button', { name: either(/^Accepter\s: Accepter plus de clés/, /^Approve: Accept more passkeys/) }).click();
    await olga.page.getByRole('dialog', { name: 'Accepter cette demande ?' }).getByRole('button', { name: 'Accepter' }).click();
    await makers.getByText('Test maker root').waitFor();
    await makers.getByRole('button', { name: 'Retirer Another maker root' }).click();
    const removing = otto.page.getByRole('dialog', { name: 'Ne plus accepter « Another maker root » ?' });
    await removing.getByText('On ne pourra plus ajouter de clé de ce fabricant.').waitFor();
    await pictures(otto, 'rules-maker-remove');
    await removing.getByRole('button', { name: 'Retirer' }).click();
    await removing.waitFor({ state: 'detached' });
    await makers.getByText('Another maker root').waitFor({ state: 'detached' });
    await until('the focus is not lost with its button', () => otto.page.evaluate(() => document.activeElement?.id === 'makers-title'));
    await makers.getByRole('button', { name: 'Retirer Test maker root' }).click();
    await otto.page.getByRole('dialog').getByText('C’est le dernier').waitFor();
    await otto.page.getByRole('dialog').getByRole('button', { name: 'Retirer' }).click();
    await otto.page.getByRole('dialog', { name: 'Accepter plus de clés d’accès' }).waitFor();
    await otto.page.keyboard.press('Escape');
  },
  'a label asks for what must be noted of a managed device, and its card says so': async ({ otto }) => {
    const { page } = otto;
    await page.getByRole('button', { name: 'Régler la mention Sensible' }).click();
    const dialog = page.getByRole('dialog', { name: 'Régler « Sensible »' });
    assert.equal(await dialog.getByLabel('Disque chiffré').count(), 0, 'asked for of a managed device only');
    await dialog.getByLabel('Un appareil géré par l’organisme').check();
    const posture = dialog.getByRole('group', { name: 'Constaté sur l’appareil' });
    await posture.getByLabel('Disque chiffré').check();
    await posture.getByLabel('Verrouillage de l’écran').check();
    await posture.scrollIntoViewIfNeeded();
    await pictures(otto, 'rules-posture');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText(either(/Constaté sur l’appareil\s: disque chiffré, verrouillage de l’écran/, /Recorded for the device: encrypted disk, screen lock/)).waitFor();
  },
  'an administrator reads it and is told whose it is; all of it in English': async (world) => {
    const claire = await world.arrive('claire');
    claire.forgive(/answer 403 GET .*\/api\/admin\//);
    assert.equal(world.house.command('tenant', 'administration', 'demo.localhost', '--factor', 'password').status, 0);
    await claire.signIn('claire', '/administration/organisation');
    await card(claire, 'Accès à l’administration').getByText('Un responsable de la sécurité').waitFor();
    assert.equal(await card(claire, 'Accès à l’administration').getByRole('button').count(), 0);
    await card(claire, 'Clés d’accès acceptées').getByText('Another maker root').or(card(claire, 'Clés d’accès acceptées').getByText('Test maker root')).first().waitFor();
    assert.equal(await card(claire, 'Clés d’accès acceptées').getByRole('button').count(), 0);
    const { otto } = world;
    await otto.page.evaluate(() => localStorage.setItem('beffroi.language', 'en'));
    await otto.go('/administration/organisation');
    await otto.page.getByRole('button', { name: 'Change what administering takes' }).click();
    await otto.page.getByRole('dialog', { name: 'What administering takes' }).waitFor();
    await pictures(otto, 'rules-english', { only: ['desktop'] });
  },
});

// The small dialogs and the unhappy doors that no other journey opens: each seen, said, and closed with the focus kept.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { code } from './house/totp.mjs';
import { until } from './house/until.mjs';

const PASSWORD = 'sept hérons lents traversent la place du marché';

function edit(house, statement) {
  const script = `import sqlite3, sys
base = sqlite3.connect(sys.argv[1], timeout=20)
base.execute(sys.argv[2])
base.commit()`;
  const { status, stderr } = spawnSync('python3', ['-c', script, join(house.data, 'beffroi.db'), statement], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}
const focused = (locator) => locator.evaluate((one) => one === document.activeElement);
/** The dialog that the button opens, pictured, and closed again: the focus is where it was. */
async function glance(visitor, button, title, screen) {
  const { page } = visitor;
  await button.click();
  const dialog = page.getByRole('dialog', { name: title });
  await dialog.waitFor();
  await pictures(visitor, screen);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await until(`the focus is back after ${screen}`, () => focused(button));
}

journey('small dialogs', {
  'an hour after she came, a change asks for the password, the only proof that she has': async (world) => {
    const alice = (world.alice = await world.arrive('alice'));
    const { page } = alice;
    await alice.signIn('alice', '/securite');
    await page.getByRole('button', { name: 'Ajouter une application' }).waitFor();
    edit(world.house, 'UPDATE session SET proved_us = proved_us - 3600000000');
    alice.forgive(/answer 403 POST .*\/factors\/totp$/, /answer 401 POST .*\/session\/prove/);
    await page.getByRole('button', { name: 'Ajouter une application' }).click();
    const dialog = page.getByRole('dialog', { name: 'Confirmez que c’est bien vous' });
    await dialog.getByLabel('Mot de passe', { exact: true }).fill('pas celui-là');
    await page.keyboard.press('Enter');
    await dialog.getByText('Ce n’est pas votre mot de passe actuel').waitFor();
    await pictures(alice, 'proof-password');
    await dialog.getByLabel('Mot de passe', { exact: true }).fill(world.house.person('alice').password);
    await page.keyboard.press('Enter');
    const adding = page.getByRole('dialog', { name: 'Ajouter une application' });
    await adding.getByText('Impossible de viser').click();
    world.seed = await adding.getByLabel('Clé à écrire').inputValue();
    await adding.getByLabel('Le code que l’application affiche').fill(code(world.seed, 0));
    await adding.getByLabel('Nom').fill('Téléphone');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Vos codes de secours' }).getByRole('button', { name: 'Je les ai gardés' }).click();
  },
  'a factor is renamed, its codes are made anew, and taking it away says what is left': async ({ alice }) => {
    const { page } = alice;
    await glance(alice, page.getByRole('button', { name: 'Renommer Téléphone' }), 'Renommer Téléphone', 'security-rename-factor');
    await glance(alice, page.getByRole('button', { name: 'Faire dix nouveaux codes' }), 'Faire dix nouveaux codes ?', 'security-renew-codes');
    await glance(alice, page.getByRole('button', { name: 'Retirer Téléphone' }), 'Retirer cette preuve ?', 'security-remove-factor');
  },
  'she enrols this browser, renames it and takes it away': async ({ alice }) => {
    const { page } = alice;
    await page.getByRole('button', { name: 'Enrôler ce navigateur' }).click();
    const dialog = page.getByRole('dialog', { name: 'Enrôler ce navigateur' });
    await dialog.getByLabel('Nom de l’appareil').fill('Poste du guichet');
    await pictures(alice, 'device-enrol-here');
    await dialog.getByRole('button', { name: 'Enrôler', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('listitem').filter({ hasText: 'Poste du guichet' }).waitFor();
    await glance(alice, page.getByRole('button', { name: 'Renommer Poste du guichet' }), 'Renommer cet appareil', 'device-rename');
    await glance(alice, page.getByRole('button', { name: 'Ôter Poste du guichet' }), 'Ôter cet appareil ?', 'device-remove');
  },
  'locked, a page opens by the code of the application': async ({ alice, seed }) => {
    const { page } = alice;
    alice.forgive(/answer 423 /);
    await page.keyboard.press('Control+Alt+l');
    await page.getByRole('heading', { level: 1, name: 'Verrouillé' }).waitFor();
    await page.getByLabel('Code de votre application').waitFor();
    await pictures(alice, 'locked-totp');
    await page.getByLabel('Code de votre application').fill(code(seed, 1));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Ma sécurité' }).waitFor();
  },
  'at the door: a second step that came too late, and a wait': async (world) => {
    const { page } = (world.late = await world.arrive('late'));
    const { late, house } = world;
    const enter = async (password) => {
      await page.getByLabel('Adresse e-mail').fill('alice@demo.localhost');
      await page.getByLabel('Mot de passe', { exact: true }).fill(password);
      await page.keyboard.press('Enter');
    };
    late.forgive(/answer (404|401|429) POST .*\/session/);
    await late.go('/');
    await enter(house.person('alice').password);
    await page.getByRole('heading', { name: 'Encore une étape' }).waitFor();
    edit(house, 'DELETE FROM ceremony');
    await page.keyboard.type('123456');
    await page.keyboard.press('Enter');
    await page.getByText('Cinq minutes ont passé').waitFor();
    await pictures(late, 'door-second-late');
    for (let n = 0; ; n += 1) {
      const answer = page.waitForResponse((one) => one.url().endsWith('/api/session') && one.request().method() === 'POST');
      await enter(`Une-devinette-${n}`);
      if ((await answer).status() === 429) break;
      assert.ok(n < 20, 'nobody waits after twenty guesses');
    }
    await page.getByRole('alert').filter({ hasText: 'Trop d’essais de suite.' }).waitFor();
    await pictures(late, 'door-waiting');
  },
  'Claire makes somebody a new link, after she was told what that does': async (world) => {
    const claire = (world.claire = await world.arrive('claire'));
    await claire.signIn('claire', '/administration');
    await glance(claire, claire.page.getByRole('button', { name: 'Nouveau lien de mot de passe pour Bob Lambert' }), 'Un nouveau mot de passe pour Bob Lambert ?', 'people-new-link');
  },
  'an officer asks for no second person any more; another refuses': async (world) => {
    for (const [address, name] of [
      ['otto@demo.localhost', 'Otto Clair'],
      ['olga@demo.localhost', 'Olga Sand'],
    ]) {
      const { status, said } = world.house.commandWith(`${PASSWORD}\n`, 'account', 'add', address, '--name', name, '--role', 'security-officer', '--password-stdin');
      assert.equal(status, 0, said);
    }
    for (const name of ['otto', 'olga']) {
      const one = (world[name] = await world.arrive(name));
      await one.go('/administration/demandes');
      await one.page.getByLabel('Adresse e-mail').fill(`${name}@demo.localhost`);
      await one.page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
      await one.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
      await one.page.getByText('Rien n’attend').waitFor();
    }
    const { otto, olga } = world;
    await otto.page.getByRole('button', { name: 'Ne plus demander de seconde personne' }).click();
    const asked = otto.page.getByRole('dialog', { name: 'Demander l’accord de quelqu’un d’autre' });
    await asked.getByLabel('Pourquoi').fill('Nous ne sommes que deux');
    await pictures(otto, 'requests-four-eyes');
    await asked.getByRole('button', { name: 'Demander' }).click();
    await otto.page.getByRole('dialog', { name: 'La demande est en attente' }).getByRole('button', { name: 'Fermer' }).last().click();
    await olga.page.getByRole('button', { name: 'Refuser : Ne plus demander de seconde personne' }).click();
    await olga.page.getByText('Refusée par Olga Sand').waitFor();
    await until('the focus is not lost with its button', () => olga.page.evaluate(() => document.activeElement?.id === 'requests'));
    await pictures(olga, 'requests-refused');
  },
});

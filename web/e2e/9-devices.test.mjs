// Devices: a phone comes in by a code shown on the desk; the room that demands a managed device opens on the approved one alone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';

/** The label of « Accueil » asks for a managed device from now on; that a security officer sets so is the organisation's journey. */
function demand(house) {
  const script = `import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
base.execute("UPDATE label SET managed_device = 1 WHERE slug = 'internal'")
base.execute('UPDATE tenant SET revision = revision + 1')
base.commit()`;
  const { status, stderr } = spawnSync('python3', ['-c', script, join(house.data, 'beffroi.db')], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

const held = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        const opening = indexedDB.open('beffroi');
        opening.onsuccess = () => {
          const asked = opening.result.transaction('devices').objectStore('devices').getAll();
          asked.onsuccess = async () => {
            const [one] = asked.result;
            const exported = await crypto.subtle.exportKey('pkcs8', one.key).then(() => true, () => false);
            done({ count: asked.result.length, extractable: one.key.extractable, exported });
          };
        };
      }),
  );

journey('devices', {
  'the desk shows a code, by keyboard': async (world) => {
    const alice = (world.alice = await world.arrive('alice'));
    await alice.signIn();
    await alice.go('/securite');
    const { page } = alice;
    await page.getByText('Aucun appareil n’est enrôlé.').waitFor();
    await page.getByRole('button', { name: 'Ajouter un appareil' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Ajouter un appareil' });
    await dialog.getByRole('img', { name: /Code QR/ }).waitFor();
    await pictures(alice, 'device-add');
    world.code = await dialog.getByLabel('Code', { exact: true }).inputValue();
    world.link = await dialog.getByLabel('Adresse', { exact: true }).inputValue();
    assert.match(world.code, /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    assert.ok(world.link.endsWith(`/appareil/${world.code}`), world.link);
  },
  'the phone opens it, gives itself a name and is enrolled; the desk says so': async (world) => {
    const phone = (world.phone = await world.arrive('phone', { viewport: { width: 360, height: 740 } }));
    phone.forgive(/answer 404 GET .*\/api\/device-codes\//);
    const { page } = phone;
    await phone.go('/appareil');
    await page.getByLabel('Code affiché sur l’autre appareil').fill('0000');
    await page.keyboard.press('Enter');
    await page.getByText('trois groupes de quatre').waitFor();
    await page.getByLabel('Code affiché sur l’autre appareil').fill(world.code.toLowerCase().replaceAll('-', ' '));
    await page.keyboard.press('Enter');
    await page.getByText('alice@demo.localhost').waitFor();
    await page.getByLabel('Nom de l’appareil').fill('Téléphone de service');
    await pictures(phone, 'device-door');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Cet appareil est enrôlé' }).waitFor();
    await pictures(phone, 'device-door-done');
    assert.deepEqual(await held(page), { count: 1, extractable: false, exported: false });
    const desk = world.alice.page.getByRole('dialog', { name: 'Ajouter un appareil' });
    await desk.getByText('« Téléphone de service » est enrôlé.').waitFor();
    await desk.getByRole('button', { name: 'Terminé' }).click();
    await world.alice.page.getByRole('listitem').filter({ hasText: 'Téléphone de service' }).getByText('en attente d’approbation').waitFor();
    // A second time the code opens nothing.
    await page.goto(world.link);
    await page.getByRole('heading', { name: 'Ce code n’enrôle plus rien' }).waitFor();
    await pictures(phone, 'device-door-dead');
  },
  'neither opens the room that demands a managed device, and the refusal says what to do': async (world) => {
    const { alice, phone } = world;
    demand(world.house);
    for (const visitor of [alice, phone]) visitor.forgive(/answer 403 /);
    await phone.signIn('alice');
    await alice.go('/');
    await alice.page.getByRole('navigation').getByRole('link', { name: 'Accueil' }).click();
    await alice.page.getByText('Cet appareil n’est pas enrôlé').first().waitFor();
    await alice.page.getByRole('link', { name: 'Ouvrir « Ma sécurité »' }).first().waitFor();
    await pictures(alice, 'device-refused');
  },
  'Claire approves the phone, and notes what she knows of it': async (world) => {
    const claire = (world.claire = await world.arrive('claire'));
    await claire.signIn('claire', '/administration/appareils');
    const { page } = claire;
    const row = page.getByRole('row').filter({ hasText: 'Téléphone de service' });
    await row.getByText('en attente d’approbation').waitFor();
    await page.getByRole('button', { name: 'Approuver Téléphone de service de Alice Martin' }).click();
    await row.getByText('approuvé', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Renseigner Téléphone de service de Alice Martin' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Disque chiffré').selectOption({ label: 'oui' });
    await pictures(claire, 'device-report');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    await dialog.waitFor({ state: 'detached' });
    await row.getByText('Ce que l’on en sait').click();
    await row.getByText('rapporté par l’organisme').waitFor();
    await row.getByText('déclaré par l’appareil').waitFor();
    await row.getByText('Rien n’est attesté').waitFor();
    await page.getByLabel('Chercher').fill('téléphone');
    await pictures(claire, 'devices-register');
  },
  'the room opens on the phone, and still not on the desk': async (world) => {
    const { alice, phone } = world;
    await phone.go('/');
    await phone.page.getByRole('link', { name: /Accueil/ }).first().click();
    await phone.composer().waitFor();
    await phone.say('Depuis l’appareil approuvé.');
    await alice.page.reload();
    await alice.page.getByText('Cet appareil n’est pas enrôlé').first().waitFor();
  },
  'withdrawn, the phone is out of the room at once; lost, it is signed out': async (world) => {
    const { claire, phone } = world;
    await claire.page.getByRole('button', { name: 'Retirer l’approbation de Téléphone de service de Alice Martin' }).click();
    await phone.page.getByText('Cet appareil n’est pas enrôlé').first().waitFor();
    await claire.page.getByRole('button', { name: 'Déclarer perdu Téléphone de service de Alice Martin' }).click();
    const dialog = claire.page.getByRole('dialog', { name: 'Déclarer cet appareil perdu ?' });
    await pictures(claire, 'device-lost');
    phone.forgive(/answer 401 /);
    await dialog.getByRole('button', { name: 'Perdu', exact: true }).click();
    await phone.page.getByRole('heading', { name: 'Se connecter' }).waitFor();
  },
  'Alice enrols the browser of her desk directly, renames it, and removes it': async (world) => {
    const { alice } = world;
    const { page } = alice;
    await alice.go('/securite');
    await page.getByRole('button', { name: 'Enrôler ce navigateur' }).click();
    const dialog = page.getByRole('dialog', { name: 'Enrôler ce navigateur' });
    await dialog.getByLabel('Nom de l’appareil').fill('Poste du bureau');
    await page.keyboard.press('Enter');
    const line = page.getByRole('listitem').filter({ hasText: 'Poste du bureau' });
    await line.getByText('cet appareil', { exact: true }).waitFor();
    await pictures(alice, 'device-list');
    await page.getByRole('button', { name: 'Renommer Poste du bureau' }).click();
    await page.getByLabel('Nom de l’appareil').fill('Poste 12');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Ôter Poste 12' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Ôter', exact: true }).click();
    await page.getByRole('listitem').filter({ hasText: 'Poste 12' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Enrôler ce navigateur' }).waitFor();
  },
  'a client that is older than what is served says so, and what to do': async ({ alice, claire, phone, house }) => {
    writeFileSync(join(house.data, 'beffroi.toml'), '[clients]\nleast_version = "9999"\n');
    for (const visitor of [alice, claire, phone]) visitor.forgive(/answer (426|50\d) /, /WebSocket connection to/);
    await house.restart();
    await alice.go('/securite');
    await alice.page.getByRole('heading', { name: 'Cette page est trop ancienne' }).waitFor();
    await alice.page.getByRole('button', { name: 'Recharger la page' }).waitFor();
    await pictures(alice, 'client-too-old');
  },
});

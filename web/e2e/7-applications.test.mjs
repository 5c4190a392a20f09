// Another client: an application password is made on the page, and Strophe.js signs in with it, talks, and is put out.
import assert from 'node:assert/strict';
import { Application } from './house/application.mjs';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { either } from './house/words.mjs';

const ADDRESS = 'alice@demo.localhost';
const ROOM = 'accueil@rooms.demo.localhost';

journey('applications', {
  'a password for an application is made by keyboard, and shown once': async (world) => {
    for (const name of ['alice', 'bob']) {
      world[name] = await world.arrive(name);
      await world[name].signIn();
    }
    const { alice } = world;
    const { page } = alice;
    await alice.go('/securite');
    await page.getByText('Aucune application n’a de mot de passe.').waitFor();
    await page.getByRole('button', { name: 'Créer un mot de passe d’application' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Nouveau mot de passe d’application' });
    await dialog.waitFor();
    await page.keyboard.press('Enter');
    await dialog.getByText('Donnez un nom à l’application.').waitFor();
    await page.keyboard.type('Téléphone de service');
    await pictures(alice, 'application-new');
    await page.keyboard.press('Enter');
    const ready = page.getByRole('dialog', { name: 'Mot de passe pour Téléphone de service' });
    await ready.waitFor();
    await pictures(alice, 'application-ready');
    world.password = await ready.getByLabel('Mot de passe', { exact: true }).inputValue();
    assert.match(world.password, /^([2-9a-hjkmnp-z]{4}-){5}[2-9a-hjkmnp-z]{4}$/);
    assert.equal(await ready.getByLabel('Identifiant (JID)').inputValue(), ADDRESS);
    assert.equal(await ready.getByLabel('Serveur (WebSocket)').inputValue(), `${world.house.url.replace('http', 'ws')}/xmpp-websocket`);
    await page.keyboard.press('Enter'); // the focus is on « Copier »
    await ready.getByRole('button', { name: 'Copié', exact: true }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), world.password);
    await ready.getByRole('button', { name: 'C’est recopié' }).click();
    await page.reload();
    await page.getByRole('listitem').filter({ hasText: 'Téléphone de service' }).getByText(/jamais utilisé/).waitFor();
    assert.equal(await page.getByText(world.password).count(), 0);
  },
  'a client of others signs in with it, and a room is the same there': async (world) => {
    const { bob } = world;
    await bob.enter('Accueil');
    const phone = (world.phone = new Application(world.house));
    assert.equal(await phone.signIn(ADDRESS, world.password), 'CONNECTED');
    assert.equal(phone.mechanism, 'SCRAM-SHA-256');
    await phone.enter(ROOM, 'alice');
    phone.say(ROOM, 'Depuis une autre application.');
    await bob.said('Depuis une autre application.').waitFor();
    await bob.say('Lu dans le navigateur.');
    await phone.hears('Lu dans le navigateur.');
  },
  'neither a wrong password nor that of the page opens': async ({ house }) => {
    for (const wrong of ['2222-2222-2222-2222-2222-2222', house.person('alice').password]) {
      const stranger = new Application(house);
      assert.equal(await stranger.signIn(ADDRESS, wrong), 'AUTHFAIL');
      stranger.close();
    }
  },
  'it is seen as used, and once revoked it is out at once and for good': async (world) => {
    const { alice, phone } = world;
    const { page } = alice;
    await page.reload();
    await page.getByRole('listitem').filter({ hasText: 'Application « Téléphone de service »' }).waitFor();
    const line = page.getByRole('listitem').filter({ hasText: 'Messagerie (XMPP)' });
    await line.getByText(either(/utilisé .* depuis 127\.0\.0\.1\/32/, /used .* from 127\.0\.0\.1\/32/)).waitFor();
    await pictures(alice, 'applications');
    await line.getByRole('button', { name: 'Révoquer le mot de passe de Téléphone de service' }).click();
    await page.getByRole('dialog', { name: /^Révoquer/ }).waitFor();
    await pictures(alice, 'application-revoke');
    await page.getByRole('dialog').getByRole('button', { name: 'Révoquer', exact: true }).click();
    await page.getByText('Aucune application n’a de mot de passe.').waitFor();
    await phone.ended();
    assert.equal(await new Application(world.house).signIn(ADDRESS, world.password), 'AUTHFAIL');
  },
});

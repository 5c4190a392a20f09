// The page that nobody touches: it asks, locks, and opens by a PIN or a passkey; ten wrong PINs end everything.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Authenticator } from './house/authenticator.mjs';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';
import { says } from './house/words.mjs';

const PIN = '418295';

/** As if the last wrong PIN were long ago. */
function patient(house) {
  const script = `import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
base.execute('UPDATE session SET pin_last_us = 0')
base.commit()`;
  const { status, stderr } = spawnSync('python3', ['-c', script, join(house.data, 'beffroi.db')], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

const locked = (page) => page.getByRole('heading', { level: 1, name: 'Verrouillé' });
const SECRET = 'le code du coffre est dans le tiroir';

journey('lock', {
  'Alice chooses a PIN for her browser; what everybody tries first is refused': async (world) => {
    const alice = (world.alice = await world.arrive('alice'));
    // A page that locks while its stream is coming up gives that stream up.
    alice.forgive(/WebSocket is closed before the connection is established/);
    await alice.signIn();
    await alice.enter('Accueil');
    await alice.say(SECRET);
    await alice.go('/securite');
    const { page } = alice;
    const section = page.getByRole('region', { name: 'Verrouillage et code PIN' });
    await section.getByText('après 15 minutes').waitFor(); // a desk
    await section.getByRole('button', { name: 'Choisir un code PIN' }).click();
    const dialog = page.getByRole('dialog', { name: 'Choisir un code PIN' });
    await page.keyboard.type('12345'); // the focus is in the first field
    await page.keyboard.press('Enter');
    await dialog.getByText('De 6 à 12 chiffres, rien d’autre.').waitFor();
    await dialog.getByLabel('Nouveau code PIN').fill('123456');
    await dialog.getByLabel('Le même').fill('123456');
    alice.forgive(/answer 422 PUT .*\/session\/pin/);
    await page.keyboard.press('Enter');
    await dialog.getByText('un des premiers que l’on essaie').waitFor();
    await pictures(alice, 'lock-pin-choose');
    await dialog.getByLabel('Nouveau code PIN').fill(PIN);
    await dialog.getByLabel('Le même').fill('418296');
    await page.keyboard.press('Enter');
    await dialog.getByText('Les deux ne sont pas les mêmes.').waitFor();
    await dialog.getByLabel('Le même').fill(PIN);
    await page.keyboard.press('Enter');
    await section.getByText('Un code PIN ouvre ce navigateur.').waitFor();
    await pictures(alice, 'lock-security');
    await section.getByRole('button', { name: 'Changer le code PIN' }).click();
    await page.getByRole('dialog', { name: 'Changer le code PIN' }).waitFor();
    await pictures(alice, 'lock-pin-change');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  },
  'she locks by the keyboard: nothing of the room is left, in her other window neither': async (world) => {
    const { alice } = world;
    const { page } = alice;
    await alice.go('/');
    await alice.enter('Accueil');
    await alice.said(SECRET).waitFor();
    const second = (world.second = await alice.context.newPage());
    await second.goto(`${world.house.url}/securite`);
    await second.getByRole('heading', { level: 1, name: 'Ma sécurité' }).waitFor();
    alice.forgive(/answer 423 /);
    alice.forgive(/WebSocket is closed before the connection is established/); // it locked while the stream was opening
    await page.bringToFront();
    await page.keyboard.press('Control+Alt+l');
    await locked(page).waitFor();
    await locked(second).waitFor();
    const source = await page.evaluate(() => document.documentElement.outerHTML);
    assert.ok(!source.includes(SECRET) && !source.includes('Accueil'), 'the content is gone, not blurred');
    assert.ok((await page.title()).startsWith(says('Verrouillé')));
    await page.getByText('alice@demo.localhost').waitFor();
    await pictures(alice, 'locked-pin');
    const answer = await page.evaluate(async () => (await fetch('/api/rooms')).status);
    assert.equal(answer, 423, 'the server says so too');
  },
  'the PIN opens it by keyboard alone, where she was, in both windows': async (world) => {
    const { alice } = world;
    const { page } = alice;
    alice.forgive(/answer 401 POST .*\/session\/unlock/);
    await page.getByLabel('Code PIN').focus();
    await page.keyboard.type('271828');
    await page.keyboard.press('Enter');
    await page.getByText('Il reste 9 essais').waitFor();
    await pictures(alice, 'locked-wrong-pin');
    await page.keyboard.type(PIN); // the focus came back to the field
    await page.keyboard.press('Enter');
    await alice.said(SECRET).waitFor();
    await world.second.getByRole('heading', { level: 1, name: 'Ma sécurité' }).waitFor();
    await world.second.close();
    await alice.say('de retour'); // the stream is there again
  },
  'left alone it asks for twenty seconds, and a key keeps it open': async (world) => {
    const { page } = world.alice;
    await page.clock.install();
    await world.alice.go('/');
    await page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
    await page.clock.runFor(2_000);
    await page.clock.fastForward('14:42');
    await page.clock.runFor(2_000);
    const asks = page.getByRole('dialog', { name: 'Êtes-vous toujours là ?' });
    await until('it asks', async () => {
      await page.clock.runFor(1_000);
      return asks.isVisible();
    });
    await pictures(world.alice, 'lock-warning');
    await page.keyboard.press('Space');
    await until('it stays', async () => {
      await page.clock.runFor(1_000);
      return !(await asks.isVisible());
    });
    assert.equal(await locked(page).count(), 0);
  },
  'left alone for good it locks, and the passkey opens it': async (world) => {
    const { alice } = world;
    const { page } = alice;
    await alice.go('/securite');
    await Authenticator.plug(page);
    await page.getByRole('button', { name: 'Ajouter une clé d’accès' }).click();
    await page.getByRole('dialog', { name: 'Ajouter une clé d’accès' }).getByLabel('Nom').fill('Clé de bureau');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Je les ai gardés' }).click();
    await page.getByRole('listitem').filter({ hasText: 'Clé de bureau' }).waitFor();
    await page.clock.fastForward('15:01');
    await until('it locks', async () => {
      await page.clock.runFor(1_000);
      return (await locked(page).count()) === 1;
    });
    await pictures(alice, 'locked-passkey');
    await page.getByRole('button', { name: 'Plutôt : code de secours' }).press('Enter');
    await page.getByLabel('Code de secours').waitFor();
    await pictures(alice, 'locked-recovery');
    await page.getByRole('button', { name: 'Plutôt : clé d’accès' }).press('Enter');
    await page.getByRole('button', { name: 'Utiliser ma clé d’accès' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Ma sécurité' }).waitFor();
  },
  'the server is gone and the time goes on: the page is covered, and opens when it answers': async (world) => {
    const { alice, house } = world;
    const { page } = alice;
    await alice.go('/');
    await alice.enter('Accueil');
    await alice.said(SECRET).waitFor();
    alice.forgive(/WebSocket connection to .* failed/, /ERR_CONNECTION_REFUSED/, /answer 50\d /);
    await house.stop();
    await page.clock.fastForward('15:01');
    await until('it is covered', async () => {
      await page.clock.runFor(1_000);
      return (await page.getByText('Le serveur ne répond pas.').count()) === 1;
    });
    await locked(page).waitFor();
    const source = await page.evaluate(() => document.documentElement.outerHTML);
    assert.ok(!source.includes(SECRET) && !source.includes('Accueil'), 'the content is gone, not blurred');
    assert.equal(await page.getByRole('button', { name: 'Utiliser ma clé d’accès' }).count(), 0);
    await pictures(alice, 'locked-unreachable');
    await house.start();
    const opens = page.getByRole('button', { name: 'Utiliser ma clé d’accès' });
    await until('the server is asked again', async () => {
      await page.clock.runFor(1_000);
      return opens.isVisible();
    });
    assert.equal(await page.evaluate(async () => (await fetch('/api/rooms')).status), 423, 'the server locked it too');
    await opens.press('Enter');
    await alice.said(SECRET).waitFor();
  },
  'a phone locks sooner; in English too': async (world) => {
    const bob = (world.bob = await world.arrive('bob', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true }));
    await bob.signIn();
    await bob.go('/securite');
    await bob.page.getByText('après 5 minutes').waitFor();
    bob.forgive(/answer 423 /);
    await bob.page.getByRole('button', { name: /^Verrouiller maintenant/ }).click();
    await locked(bob.page).waitFor();
    await bob.page.getByRole('button', { name: 'English' }).click();
    await bob.page.getByRole('heading', { level: 1, name: 'Locked' }).waitFor();
    await pictures(bob, 'locked-english');
    await bob.page.getByLabel('Password', { exact: true }).fill(world.house.person('bob').password);
    await bob.page.keyboard.press('Enter');
    await bob.page.getByRole('heading', { level: 1, name: 'My security' }).waitFor();
  },
  'ten wrong PINs end the session, and the browser keeps nothing': async (world) => {
    const { alice, house } = world;
    const { page } = alice;
    await page.evaluate(() => {
      localStorage.setItem('beffroi.trace', '1');
      return new Promise((done) => (indexedDB.open('trace').onsuccess = (event) => (event.target.result.close(), done())));
    });
    await page.keyboard.press('Control+Alt+l');
    await locked(page).waitFor();
    await page.getByRole('button', { name: 'Plutôt : code PIN' }).click();
    for (let left = 9; left > 0; left -= 1) {
      patient(house);
      await page.getByLabel('Code PIN').fill('271828');
      await page.keyboard.press('Enter');
      await page.getByText(left === 1 ? 'Plus qu’un essai' : `Il reste ${left} essais`).waitFor();
    }
    await pictures(alice, 'locked-last-try');
    patient(house);
    await page.getByLabel('Code PIN').fill('271828');
    await page.keyboard.press('Enter');
    await page.getByText('a été faux dix fois').waitFor();
    await pictures(alice, 'lock-wiped');
    const left = await page.evaluate(async () => [localStorage.getItem('beffroi.trace'), (await indexedDB.databases()).map((one) => one.name)]);
    assert.deepEqual(left, [null, []]);
    assert.equal((await alice.context.cookies()).length, 0);
  },
  'the security officer says when pages lock': async (world) => {
    const password = 'sept hérons lents traversent la place du marché';
    const { status, said } = world.house.commandWith(`${password}\n`, 'account', 'add', 'otto@demo.localhost', '--name', 'Otto Clair', '--role', 'security-officer', '--password-stdin');
    assert.equal(status, 0, said);
    const otto = await world.arrive('otto');
    const { page } = otto;
    await otto.go('/administration/organisation');
    await page.getByLabel('Adresse e-mail').fill('otto@demo.localhost');
    await page.getByLabel('Mot de passe', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Se connecter', exact: true }).click();
    await page.getByRole('button', { name: 'Changer le verrouillage' }).click();
    const dialog = page.getByRole('dialog', { name: 'Quand les pages se verrouillent' });
    await dialog.getByLabel('Sur un poste').fill('1');
    await dialog.getByText('Un nombre de minutes, de 2').waitFor();
    await dialog.getByLabel('Sur un poste').fill('10');
    await pictures(otto, 'organisation-lock');
    await page.keyboard.press('Enter');
    await page.getByText('10 min sur un poste').waitFor();
    await page.getByRole('button', { name: 'Régler la mention Interne' }).click();
    await page.getByLabel('Verrouiller après (minutes)').fill('3');
    await pictures(otto, 'organisation-label-lock');
    await page.getByRole('dialog').getByRole('button', { name: 'Enregistrer' }).click();
    await page.getByText('Verrouille la page après 3 min').waitFor();
  },
});

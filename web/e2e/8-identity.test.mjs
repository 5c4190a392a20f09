// More than a password: an application, recovery codes, passkeys, and a proof asked for in the middle of something.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Authenticator } from './house/authenticator.mjs';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { code } from './house/totp.mjs';

/** As if an hour had passed since anybody proved who they are, and nobody had failed meanwhile. */
function anHourLater(house) {
  const script = `import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
base.execute('UPDATE session SET proved_us = proved_us - 3600000000')
base.execute('DELETE FROM wait_counter')
base.commit()`;
  const { status, stderr } = spawnSync('python3', ['-c', script, join(house.data, 'beffroi.db')], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

const signOut = async (visitor) => {
  const { page } = visitor;
  await visitor.go('/');
  await page.getByRole('button', { name: /réglages/ }).click();
  await page.getByRole('button', { name: 'Se déconnecter' }).click();
  await page.getByRole('heading', { name: 'Se connecter' }).waitFor();
};

journey('identity', {
  'Alice is told that her account hangs on her password alone': async (world) => {
    const alice = (world.alice = await world.arrive('alice'));
    await alice.signIn();
    await alice.go('/securite');
    await alice.page.getByText('Votre compte ne tient qu’à votre mot de passe.').waitFor();
    await pictures(alice, 'security-password-only');
  },
  'she adds an application: a square, a key to type, a first code': async (world) => {
    const { page } = world.alice;
    await page.getByRole('button', { name: 'Ajouter une application' }).click();
    const dialog = page.getByRole('dialog', { name: 'Ajouter une application' });
    await dialog.getByRole('img', { name: /Code QR/ }).waitFor();
    await pictures(world.alice, 'security-add-application');
    await dialog.getByText('Impossible de viser').click();
    world.seed = await dialog.getByLabel('Clé à écrire').inputValue();
    await dialog.getByLabel('Le code que l’application affiche').fill('000000');
    await dialog.getByLabel('Nom').fill('Téléphone de service');
    world.alice.forgive(/answer 401 POST .*\/factors\/totp\/confirm/);
    await dialog.getByRole('button', { name: 'Ajouter', exact: true }).click();
    await dialog.getByText('Ce code n’est pas le bon').waitFor();
    await dialog.getByLabel('Le code que l’application affiche').fill(code(world.seed, 0)); // and the next one at the door: the one before may be over as it arrives
    await page.keyboard.press('Enter');
  },
  'recovery codes are shown once, and must be kept': async (world) => {
    const { page } = world.alice;
    const dialog = page.getByRole('dialog', { name: 'Vos codes de secours' });
    await dialog.waitFor();
    const codes = await dialog.locator('code').allTextContents();
    assert.equal(new Set(codes).size, 10);
    [world.paper, world.otherPaper] = codes;
    await pictures(world.alice, 'security-recovery-codes');
    await page.keyboard.press('Escape');
    assert.ok(await dialog.isVisible(), 'they are put away on purpose only');
    await dialog.getByRole('button', { name: 'Je les ai gardés' }).click();
    await page.getByRole('listitem').filter({ hasText: 'Téléphone de service' }).waitFor();
    await page.getByText('Il vous reste 10 codes de secours.').waitFor();
    await pictures(world.alice, 'security-with-application');
  },
  'at the door the code is asked for, by keyboard alone': async (world) => {
    const { alice, house } = world;
    const { page } = alice;
    await signOut(alice);
    await page.getByLabel('Adresse e-mail').fill('alice@demo.localhost');
    await page.getByLabel('Mot de passe', { exact: true }).fill(house.person('alice').password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Encore une étape' }).waitFor();
    await pictures(alice, 'door-second-step');
    alice.forgive(/answer 401 POST .*\/session\/second/);
    await page.keyboard.type('123456'); // the focus is in the field
    await page.keyboard.press('Enter');
    await page.getByText('Ce code n’est pas le bon').waitFor();
    await page.keyboard.type(code(world.seed, 1));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
  },
  'an hour later a change asks who she is, takes a code from the paper, and goes on by itself': async (world) => {
    const { alice, house } = world;
    const { page } = alice;
    await alice.go('/securite');
    await page.getByRole('button', { name: 'Ajouter une application' }).waitFor();
    anHourLater(house);
    alice.forgive(/answer 403 POST .*\/factors\/totp$/);
    await page.getByRole('button', { name: 'Ajouter une application' }).click();
    const dialog = page.getByRole('dialog', { name: 'Confirmez que c’est bien vous' });
    await dialog.waitFor();
    await pictures(alice, 'proof-asked');
    await dialog.getByRole('button', { name: 'Plutôt : code de secours' }).click();
    await dialog.getByLabel('Code de secours').fill(world.paper.toLowerCase());
    await page.keyboard.press('Enter');
    const adding = page.getByRole('dialog', { name: 'Ajouter une application' });
    await adding.waitFor();
    await adding.getByRole('button', { name: 'Annuler' }).click();
  },
  'she adds a passkey, and signs in with it without typing anything': async (world) => {
    const { alice } = world;
    const { page } = alice;
    world.key = await Authenticator.plug(page);
    await page.getByRole('button', { name: 'Ajouter une clé d’accès' }).click();
    const dialog = page.getByRole('dialog', { name: 'Ajouter une clé d’accès' });
    await dialog.getByLabel('Nom').fill('Clé de bureau');
    await pictures(alice, 'security-add-passkey');
    await page.keyboard.press('Enter');
    await page.getByRole('listitem').filter({ hasText: 'Clé de bureau' }).waitFor();
    await signOut(alice);
    await pictures(alice, 'door-with-passkey');
    await page.getByRole('button', { name: 'Entrer avec une clé d’accès' }).click();
    await page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
  },
  'a key that does not recognise its owner opens nothing': async (world) => {
    const { alice } = world;
    const { page } = alice;
    await signOut(alice);
    await world.key.recognises(false);
    await page.getByRole('button', { name: 'Entrer avec une clé d’accès' }).click();
    await page.getByRole('alert').filter({ hasText: /clé d’accès/ }).waitFor();
    assert.equal(await page.getByRole('heading', { name: 'Salons', exact: true }).count(), 0);
    await world.key.recognises(true);
    await page.getByRole('button', { name: 'Entrer avec une clé d’accès' }).click();
    await page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
  },
  'her sign-ins are told in plain words, refusals too': async (world) => {
    const { page } = world.alice;
    await world.alice.go('/securite');
    const history = page.getByRole('region', { name: 'Mes connexions' });
    await history.getByText('Connexion avec une clé d’accès').first().waitFor();
    await history.getByText('Connexion avec le mot de passe et l’application').waitFor();
    await history.getByText('Refusée : code incorrect').first().waitFor();
    await pictures(world.alice, 'security-whole');
    const sessions = page.getByRole('region', { name: 'Mes sessions' });
    await sessions.getByText('depuis 127.0.0.1').first().waitFor();
  },
  'one of them was not hers: the other sessions end, and the password is next': async (world) => {
    const { alice } = world;
    const { page } = alice;
    const elsewhere = await world.arrive('alice-elsewhere');
    elsewhere.forgive(/answer 401/);
    const { address, password } = world.house.person('alice');
    await elsewhere.go('/');
    await elsewhere.page.getByLabel('Adresse e-mail').fill(address);
    await elsewhere.page.getByLabel('Mot de passe', { exact: true }).fill(password);
    await elsewhere.page.keyboard.press('Enter');
    await elsewhere.page.getByRole('button', { name: 'Plutôt : code de secours' }).click();
    await elsewhere.page.getByLabel('Code de secours').fill(world.otherPaper);
    await elsewhere.page.keyboard.press('Enter');
    await elsewhere.page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
    await alice.go('/securite');
    const history = page.getByRole('region', { name: 'Mes connexions' });
    await history.getByText('cette session').waitFor();
    await history.evaluate((one) => one.scrollIntoView());
    await pictures(alice, 'security-history');
    await history.getByRole('button', { name: 'Ce n’était pas moi' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'Ce n’était pas vous ?' });
    await dialog.getByText('Vos autres sessions se terminent aussitôt').waitFor();
    await pictures(alice, 'security-not-me');
    await dialog.getByRole('button', { name: 'Terminer mes autres sessions' }).click();
    await elsewhere.page.getByRole('button', { name: 'Se connecter', exact: true }).waitFor();
    await page.getByText('Choisissez maintenant un autre mot de passe').waitFor();
    await page.getByText('Aucune autre session n’est ouverte.').waitFor();
    assert.ok(await page.getByLabel('Mot de passe actuel').evaluate((one) => one === document.activeElement), 'the password is next');
    await pictures(alice, 'security-password-next');
    await elsewhere.leave();
  },
  'the administration asks Claire for a passkey, and lets her on once she has one': async (world) => {
    const { house } = world;
    const { status, said } = house.command('tenant', 'administration', 'demo.localhost');
    assert.equal(status, 0, said);
    const claire = (world.claire = await world.arrive('claire'));
    claire.forgive(/answer 403 GET .*\/api\/admin\//);
    await claire.signIn();
    await claire.go('/administration');
    const { page } = claire;
    const dialog = page.getByRole('dialog', { name: 'Confirmez que c’est bien vous' });
    await dialog.getByText('votre compte n’en a pas encore').waitFor();
    await pictures(claire, 'proof-no-passkey');
    await dialog.getByRole('button', { name: 'Ouvrir « Ma sécurité »' }).click();
    await Authenticator.plug(page);
    await page.getByRole('button', { name: 'Ajouter une clé d’accès' }).click();
    const adding = page.getByRole('dialog', { name: 'Ajouter une clé d’accès' });
    await adding.getByLabel('Nom').fill('Clé de Claire');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Je les ai gardés' }).click();
    await claire.go('/administration');
    await page.getByRole('row').filter({ hasText: 'Alice Martin' }).waitFor();
  },
  'the body asks for a second factor in what is sensitive, and the room says so at its door': async (world) => {
    const { house } = world;
    const officer = 'sept hérons lents traversent la place du marché';
    const { status, said } = house.commandWith(`${officer}\n`, 'account', 'add', 'otto@demo.localhost', '--name', 'Otto Clair', '--role', 'security-officer', '--password-stdin');
    assert.equal(status, 0, said);
    assert.equal(house.command('tenant', 'administration', 'demo.localhost', '--factor', 'password').status, 0);
    const otto = await world.arrive('otto');
    await otto.go('/administration/organisation');
    await otto.page.getByLabel('Adresse e-mail').fill('otto@demo.localhost');
    await otto.page.getByLabel('Mot de passe', { exact: true }).fill(officer);
    await otto.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
    await otto.page.getByRole('button', { name: 'Régler la mention Sensible' }).click();
    await otto.page.getByRole('dialog').getByLabel('Un second facteur pour entrer').check();
    await pictures(otto, 'label-second-factor');
    await otto.page.getByRole('dialog').getByRole('button', { name: 'Enregistrer' }).click();
    await otto.page.getByRole('dialog').waitFor({ state: 'detached' });
    await otto.leave();
    const bob = (world.bob = await world.arrive('bob'));
    bob.forgive(/answer 403 GET .*\/api\/rooms\//);
    await bob.signIn();
    await bob.enter('Conseil du mardi');
    const dialog = bob.page.getByRole('dialog', { name: 'Confirmez que c’est bien vous' });
    await dialog.getByText('La mention de ce salon demande plus qu’un mot de passe.').waitFor();
    await dialog.getByText('Votre compte n’a encore qu’un mot de passe.').waitFor();
    await pictures(bob, 'room-asks-for-more');
  },
  'Bob adds a passkey and goes on where he was, in the room': async (world) => {
    const { bob } = world;
    const { page } = bob;
    await page.getByRole('button', { name: 'Ouvrir « Ma sécurité »' }).click();
    await page.getByText('vous reprendrez ensuite où vous étiez').waitFor();
    await pictures(bob, 'security-on-the-way');
    await Authenticator.plug(page);
    await page.getByRole('button', { name: 'Ajouter une clé d’accès' }).click();
    await page.getByRole('dialog', { name: 'Ajouter une clé d’accès' }).getByLabel('Nom').fill('Clé de Bob');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Je les ai gardés' }).click();
    await page.getByRole('button', { name: 'Reprendre où vous étiez' }).click();
    await page.getByRole('heading', { name: 'Conseil du mardi', exact: true }).waitFor();
    await page.getByRole('region', { name: 'Conversation' }).getByRole('article').first().waitFor();
    await page.getByRole('textbox').last().fill('Ordre du jour relu.');
    await page.keyboard.press('Enter');
    await page.getByRole('article').filter({ hasText: 'Ordre du jour relu.' }).waitFor();
    await pictures(bob, 'room-after-proof');
  },
});

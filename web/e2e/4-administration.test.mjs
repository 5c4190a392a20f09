// Point 6 of the journey: invite, disable, relabel, read the audit log, verify it, and name who edits by hand.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';
import { either } from './house/words.mjs';

const PHRASE = 'sept hérons lents traversent la place du marché';

/** Changes one field of the audit log behind the program's back. */
function editByHand(house, sql) {
  const database = readdirSync(house.data).find((name) => /\.(db|sqlite3?)$/.test(name));
  assert.ok(database, `no database among ${readdirSync(house.data)}`);
  const script = `import sqlite3, sys; base = sqlite3.connect(sys.argv[1]); base.execute(sys.argv[2]); base.commit()`;
  const { status, stderr } = spawnSync('python3', ['-c', script, join(house.data, database), sql], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

const row = (visitor, text) => visitor.page.getByRole('row').filter({ hasText: text });

journey('administration', {
  'an agent is told that the administration is not theirs': async (world) => {
    const alice = (world.alice = await world.arrive('alice'));
    await alice.signIn('alice', '/administration');
    await alice.page.getByRole('alert').filter({ hasText: 'réservée à ceux qui y ont une fonction' }).waitFor();
    await pictures(alice, 'administration-not-yours');
  },
  'Claire opens the administration and sees every account': async (world) => {
    const claire = (world.claire = await world.arrive('claire'));
    await claire.signIn();
    await claire.page.getByRole('button', { name: /réglages/ }).click();
    await claire.page.getByRole('link', { name: 'Administration' }).click();
    for (const name of ['Alice Martin', 'Bob Lambert', 'Claire Dubois']) await row(claire, name).waitFor();
    await claire.page.getByRole('searchbox').fill('benoit');
    await claire.page.getByText('Personne ne correspond').waitFor();
    await claire.page.getByRole('searchbox').fill('');
    await row(claire, 'Bob Lambert').waitFor();
    await pictures(claire, 'administration-people');
  },
  'she invites Nadia by a link, with its hour': async (world) => {
    const { claire, house } = world;
    await claire.page.getByRole('button', { name: 'Inviter une personne' }).click();
    const dialog = claire.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Créer le compte' }).click();
    await dialog.getByText('Écrivez le nom').waitFor();
    await dialog.getByLabel('Nom').fill('Nadia Verlinden');
    await dialog.getByLabel('Adresse e-mail').fill('nadia@demo.localhost');
    await pictures(claire, 'administration-invite');
    await dialog.getByRole('button', { name: 'Créer le compte' }).click();
    await dialog.getByText(either(/cesse d’ouvrir .*\d+:\d\d/, /stops opening .*\d+:\d\d/)).waitFor();
    world.link = await dialog.getByLabel('Lien à transmettre').inputValue();
    assert.ok(world.link.startsWith(`${house.url}/bienvenue/`), world.link);
    await dialog.getByRole('button', { name: 'Copier' }).click();
    await dialog.getByRole('button', { name: 'Copié' }).waitFor();
    assert.equal(await claire.page.evaluate(() => navigator.clipboard.readText()), world.link);
    await dialog.getByRole('button', { name: 'C’est transmis' }).click();
    await row(claire, 'Nadia Verlinden').waitFor();
  },
  'an address already there, or of another body, is refused in words': async ({ claire }) => {
    claire.forgive(/answer (409|422|403) POST .*\/api\/admin\/accounts$/);
    await claire.page.getByRole('button', { name: 'Inviter une personne' }).click();
    const dialog = claire.page.getByRole('dialog');
    await dialog.getByLabel('Nom').fill('Bob Lambert');
    await dialog.getByLabel('Adresse e-mail').fill('BOB@demo.localhost');
    await dialog.getByRole('button', { name: 'Créer le compte' }).click();
    await dialog.getByText('Un compte a déjà cette adresse').waitFor();
    await dialog.getByLabel('Adresse e-mail').fill('bob@ailleurs.example');
    await dialog.getByRole('button', { name: 'Créer le compte' }).click();
    await dialog.getByRole('alert').waitFor();
    await pictures(claire, 'administration-invite-refused');
    await dialog.getByRole('button', { name: 'Annuler' }).click();
  },
  'Nadia is told why a weak password is refused, chooses a good one and is in': async (world) => {
    const nadia = (world.nadia = await world.arrive('nadia'));
    nadia.forgive(/answer 422 POST .*\/api\/invitations\//);
    await nadia.page.goto(world.link);
    await nadia.page.getByRole('heading', { name: 'Bienvenue, Nadia Verlinden' }).waitFor();
    await nadia.page.getByText('nadia@demo.localhost').waitFor();
    const password = nadia.page.getByLabel('Nouveau mot de passe');
    await password.fill('azerty');
    await nadia.page.getByLabel('encore une fois').fill('azertu');
    await nadia.page.getByRole('button', { name: 'Choisir et entrer' }).click();
    await nadia.page.getByText('Les deux ne sont pas pareils').waitFor();
    await nadia.page.getByLabel('encore une fois').fill('azerty');
    await nadia.page.getByRole('button', { name: 'Choisir et entrer' }).click();
    await nadia.page.getByText('Il est trop court').waitFor();
    await pictures(nadia, 'welcome');
    await nadia.page.getByLabel('Afficher le mot de passe').check();
    await password.fill(PHRASE);
    await nadia.page.getByRole('button', { name: 'Choisir et entrer' }).click();
    await nadia.page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
  },
  'the link served once': async (world) => {
    const stranger = await world.arrive('stranger');
    stranger.forgive(/answer 404 GET .*\/api\/invitations\//);
    await stranger.page.goto(world.link);
    await stranger.page.getByRole('heading', { name: 'Ce lien n’ouvre plus' }).waitFor();
    await pictures(stranger, 'welcome-dead-link');
    await stranger.leave();
  },
  'disabling an account asks first, names the person, and ends their session at once': async ({ claire, nadia }) => {
    nadia.forgive(/answer 401/);
    await claire.page.getByRole('button', { name: 'Fermer le compte de Nadia Verlinden' }).click();
    const dialog = claire.page.getByRole('dialog', { name: 'Fermer le compte de Nadia Verlinden ?' });
    await dialog.getByRole('button', { name: 'Annuler' }).click();
    assert.equal(await claire.page.getByRole('dialog').count(), 0);
    assert.ok(await claire.page.getByRole('button', { name: 'Fermer le compte de Nadia Verlinden' }).evaluate((button) => button === document.activeElement), 'the focus is back');
    await claire.page.getByRole('button', { name: 'Fermer le compte de Nadia Verlinden' }).click();
    await pictures(claire, 'administration-disable');
    await dialog.getByRole('button', { name: 'Fermer le compte' }).click();
    const begun = performance.now();
    await nadia.page.getByRole('button', { name: 'Se connecter', exact: true }).waitFor();
    console.log(`# the disabled account was signed out after ${Math.round(performance.now() - begun)} ms (ID11: within 2 s)`);
    await nadia.page.getByText('Votre session est terminée').waitFor();
    await pictures(nadia, 'door-ended');
    await row(claire, 'Nadia Verlinden').getByText('Fermé', { exact: true }).waitFor();
  },
  'a disabled account cannot sign in, an enabled one can again': async ({ claire, nadia }) => {
    const enter = async () => {
      await nadia.page.getByLabel('Adresse e-mail').fill('nadia@demo.localhost');
      await nadia.page.getByLabel('Mot de passe', { exact: true }).fill(PHRASE);
      await nadia.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
    };
    await enter();
    await nadia.page.getByRole('alert').filter({ hasText: 'Adresse ou mot de passe incorrects' }).waitFor();
    await claire.page.getByRole('button', { name: 'Rouvrir le compte de Nadia Verlinden' }).click();
    await row(claire, 'Nadia Verlinden').getByText('Ouvert', { exact: true }).waitFor();
    await enter();
    await nadia.page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
  },
  'she changes a room’s label, and the room is told': async ({ alice, claire }) => {
    await alice.go('/');
    await alice.enter('Accueil');
    await claire.page.getByRole('link', { name: 'Salons', exact: true }).click();
    await row(claire, 'Accueil').waitFor();
    await pictures(claire, 'administration-rooms');
    await claire.page.getByRole('button', { name: 'Changer la mention de Accueil' }).click();
    const dialog = claire.page.getByRole('dialog');
    await dialog.getByLabel('Mention du salon').selectOption({ label: 'Sensible' });
    await dialog.getByText('Effacement après 90 jours').waitFor();
    await dialog.getByRole('button', { name: 'Changer la mention' }).click();
    await dialog.waitFor({ state: 'detached' });
    await row(claire, 'Accueil').getByText('Sensible', { exact: true }).first().waitFor();
    await alice.page.getByText('Claire Dubois a changé la mention : de « Interne » à « Sensible ».').waitFor();
  },
  'a protective mark is refused, with the rule that reserves it': async ({ claire }) => {
    claire.forgive(/answer 403 PATCH .*\/api\/rooms\//);
    await claire.page.getByRole('button', { name: 'Changer la mention de Accueil' }).click();
    const dialog = claire.page.getByRole('dialog');
    await dialog.getByLabel('Mention du salon').selectOption({ label: 'Diffusion restreinte – réservée' });
    await dialog.getByText('Instruction interministérielle n° 901').waitFor();
    await dialog.getByRole('button', { name: 'Changer la mention' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'label-reserved' }).waitFor();
    await pictures(claire, 'administration-refused');
    await claire.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  },
  'the audit log holds it all, and its filters find it': async ({ claire }) => {
    const { page } = claire;
    await page.getByRole('link', { name: 'Journal' }).click();
    await row(claire, 'Changer une mention').first().waitFor();
    await pictures(claire, 'administration-audit');
    const acts = await page.locator('tbody th button').allInnerTexts();
    assert.deepEqual(acts.filter((act) => /^[a-z]+\.[a-z-]+$/.test(act)), [], 'every act has its words');
    await page.getByLabel('Issue').selectOption('denied');
    await page.getByRole('button', { name: 'Filtrer', exact: true }).click();
    await until('only refusals', async () => (await page.getByRole('row').count()) > 1 && (await page.getByRole('cell', { name: 'Fait', exact: true }).count()) === 0);
    await row(claire, 'label-reserved').getByRole('button').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('claire@demo.localhost').first().waitFor();
    await dialog.getByText(/^label-reserved – /).waitFor();
    await pictures(claire, 'administration-entry');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Effacer les filtres' }).click();
    await page.getByLabel('Acte').selectOption({ label: 'Changer une mention' });
    await page.getByLabel('Par', { exact: true }).fill('claire@demo.localhost');
    await page.getByRole('button', { name: 'Filtrer', exact: true }).click();
    await until('two entries: one done, one refused', async () => (await page.getByRole('row').count()) === 3);
    await page.getByLabel('Par', { exact: true }).fill('alice@demo.localhost');
    await page.getByRole('button', { name: 'Filtrer', exact: true }).click();
    await page.getByText('Aucune entrée ne correspond').waitFor();
    await page.getByRole('button', { name: 'Effacer les filtres' }).click();
    await page.getByText(/Sceau du journal, signé sur \d+ entrées/).click();
    await page.getByText(/^demo\.localhost|demo\.localhost\n/).first().waitFor();
    await page.getByText(/Sceau du journal, signé sur \d+ entrées/).evaluate((one) => one.scrollIntoView());
    await pictures(claire, 'administration-seal');
  },
  'each sees their own sessions, ends one, and changes their password': async (world) => {
    const { nadia } = world;
    const phone = await world.arrive('nadia-phone', { viewport: { width: 360, height: 740 } });
    phone.forgive(/answer 401/);
    await phone.go('/');
    await phone.page.getByLabel('Adresse e-mail').fill('nadia@demo.localhost');
    await phone.page.getByLabel('Mot de passe', { exact: true }).fill(PHRASE);
    await phone.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
    await phone.page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
    await nadia.go('/securite');
    const sessions = nadia.page.getByRole('region', { name: 'Mes sessions' });
    await until('two sessions', async () => (await sessions.getByRole('listitem').filter({ hasText: either('Chrome sur Linux', 'Chrome on Linux') }).count()) === 2);
    await pictures(nadia, 'security');
    await sessions.getByRole('listitem').filter({ hasNotText: 'cette session' }).getByRole('button', { name: /^Terminer/ }).click();
    await nadia.page.getByRole('dialog', { name: 'Terminer cette session ?' }).waitFor();
    await pictures(nadia, 'security-end-session');
    await nadia.page.getByRole('dialog').getByRole('button', { name: 'Terminer', exact: true }).click();
    await phone.page.getByRole('button', { name: 'Se connecter', exact: true }).waitFor();
    nadia.forgive(/answer 401 POST .*\/api\/password$/);
    await nadia.page.getByLabel('Mot de passe actuel').fill('pas celui-là');
    await nadia.page.getByLabel('Nouveau mot de passe').fill(`${PHRASE} bleu`);
    await nadia.page.getByLabel('encore une fois').fill(`${PHRASE} bleu`);
    await nadia.page.getByRole('button', { name: 'Changer le mot de passe' }).click();
    await nadia.page.getByText('Ce n’est pas votre mot de passe actuel').waitFor();
    await pictures(nadia, 'security-password-refused');
    await nadia.page.getByLabel('Mot de passe actuel').fill(PHRASE);
    await nadia.page.getByRole('button', { name: 'Changer le mot de passe' }).click();
    await nadia.page.getByText('Votre mot de passe est changé').waitFor();
    await pictures(nadia, 'security-password-changed');
  },
  'the audit log verifies while the server runs': async ({ house }) => {
    const { status, said } = house.command('audit', 'verify');
    assert.equal(status, 0, said);
    assert.match(said, /intact/);
  },
  'who edits the database by hand is named, entry and field': async ({ house, visitors }) => {
    for (const visitor of visitors) visitor.forgive(/WebSocket connection to .* failed/, /answer 50\d/);
    await house.stop();
    editByHand(house, "UPDATE audit_entry SET outcome = 'done' WHERE seq = (SELECT max(seq) FROM audit_entry WHERE outcome = 'denied')");
    const { status, said } = house.command('audit', 'verify');
    assert.notEqual(status, 0, said);
    assert.match(said, /entry \d+/i);
    assert.match(said, /outcome/);
  },
});

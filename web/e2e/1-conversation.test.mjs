// Point 2 of the journey: sign-in, unread counts, presence, live words, typing, read state, history, a restart.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';
import { either } from './house/words.mjs';

const LINES = 130;
const RESTART = [/WebSocket connection to .* failed/, /answer 50\d/, /ERR_CONNECTION_REFUSED/, /WebSocket is already in CLOSING/];

/** The numbered lines of the conversation, in the order of the screen. */
const numbered = (visitor) =>
  visitor.page
    .getByRole('region', { name: 'Conversation' })
    .getByRole('article')
    .allInnerTexts()
    .then((texts) => texts.flatMap((text) => [...text.matchAll(/ligne (\d+) sur/g)].map((match) => Number(match[1]))));

const unread = async (visitor, name) => {
  const text = await visitor.page.getByRole('navigation').getByRole('link', { name }).innerText();
  return Number(/(\d+) (?:non lu|unread)/.exec(text)?.[1] ?? 0);
};

journey('conversation', {
  'a wrong password is refused in words, and the form stays': async (world) => {
    const alice = (world.alice = await world.arrive('alice'));
    alice.forgive(/answer 401 POST .*\/api\/session$/);
    await alice.go('/');
    await alice.page.getByLabel('Adresse e-mail').fill('alice@demo.localhost');
    await alice.page.getByLabel('Mot de passe', { exact: true }).fill('pas le bon');
    await alice.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
    await alice.page.getByRole('alert').filter({ hasText: 'Adresse ou mot de passe incorrects' }).waitFor();
    await pictures(alice, 'sign-in');
  },
  'Alice signs in by e-mail and password and sees her rooms and her colleagues': async ({ alice }) => {
    await alice.signIn();
    const nav = alice.page.getByRole('navigation', { name: 'Salons et personnes' });
    for (const name of ['Accueil', 'Conseil du mardi', 'Bob Lambert', 'Claire Dubois']) await nav.getByRole('link', { name }).waitFor();
    await pictures(alice, 'home');
  },
  'Bob arrives in another browser, and Alice sees his presence change': async (world) => {
    const { alice } = world;
    const nav = alice.page.getByRole('navigation');
    await nav.getByRole('link', { name: either(/Bob Lambert ?, hors ligne/, /Bob Lambert ?, offline/) }).waitFor();
    world.bob = await world.arrive('bob');
    await world.bob.signIn();
    await nav.getByRole('link', { name: either(/Bob Lambert ?, disponible/, /Bob Lambert ?, available/) }).waitFor();
  },
  'what Alice writes to a room counts as unread for Bob, at once': async ({ alice, bob }) => {
    const before = await unread(bob, 'Accueil');
    await alice.enter('Accueil');
    await alice.say('Le planning est validé, je le dépose ce matin.');
    await until('Bob has one more unread', async () => (await unread(bob, 'Accueil')) === before + 1);
  },
  'Bob reads it, and Alice sees that he did': async ({ alice, bob }) => {
    await bob.enter('Accueil');
    await bob.said('Le planning est validé').waitFor();
    await alice.page.getByText(either(/^Vu par .*Bob Lambert/, /^Seen by .*Bob Lambert/)).waitFor();
    await until('nothing is unread any more', async () => (await unread(bob, 'Accueil')) === 0);
    await pictures(bob, 'room');
    // It is kept, not only told: after a reload nobody needs to read again.
    await bob.page.goto('about:blank');
    await alice.page.reload();
    await alice.page.getByText(either(/^Vu par .*Bob Lambert/, /^Seen by .*Bob Lambert/)).waitFor();
    await bob.page.goBack();
    await bob.said('Le planning est validé').waitFor();
  },
  'Alice sees that Bob is writing, then what he wrote': async ({ alice, bob }) => {
    await bob.composer().pressSequentially('Merci, je ', { delay: 20 });
    await alice.page.getByRole('status').filter({ hasText: either('Bob Lambert écrit', 'Bob Lambert is writing') }).waitFor();
    await bob.composer().pressSequentially('le relis.');
    await bob.page.keyboard.press('Enter');
    await alice.said('Merci, je le relis.').waitFor();
    await until('nobody writes any more', async () => (await alice.page.getByText(either('Bob Lambert écrit', 'Bob Lambert is writing')).count()) === 0);
  },
  'a message is text and never markup': async ({ alice, bob }) => {
    await alice.say('<img src=x onerror="document.title=1"> <b>gras</b>');
    await bob.said('<b>gras</b>').waitFor();
    assert.equal(await bob.said('<b>gras</b>').locator('img, b:text-is("gras")').count(), 0);
  },
  'a link shows the host to which it truly leads': async ({ alice, bob }) => {
    await alice.composer().fill('voir https://www.impots.gouv.fr@exemple.fr/chemin');
    await alice.page.keyboard.press('Enter');
    await bob.said(either('mène à exemple.fr', 'leads to exemple.fr')).waitFor();
    assert.match(await bob.said(either('mène à exemple.fr', 'leads to exemple.fr')).getByRole('link').getAttribute('rel'), /noopener/);
  },
  'Alice writes to Bob directly; he sees it arrive, answers, and she sees that he read it': async ({ alice, bob }) => {
    await alice.enter('Bob Lambert');
    await alice.say('Tu as une minute pour la voirie ?');
    await until('Bob has an unread word of Alice', async () => (await unread(bob, 'Alice Martin')) >= 1);
    await bob.enter('Alice Martin');
    await bob.said('Tu as une minute').waitFor();
    await alice.page.getByText('Vu', { exact: true }).waitFor();
    await bob.page.goto('about:blank');
    await alice.page.reload();
    await alice.page.getByText('Vu', { exact: true }).waitFor();
    await bob.page.goBack();
    await bob.say('Oui, à 11 h.');
    await alice.said('Oui, à 11 h.').waitFor();
    await pictures(alice, 'direct');
  },
  'history loads page by page when one scrolls up, whole, in order, once': async ({ alice }) => {
    await alice.enter('Accueil');
    for (let line = 1; line <= LINES; line += 1) {
      await alice.composer().fill(`ligne ${line} sur ${LINES}`);
      await alice.page.keyboard.press('Enter');
    }
    await alice.said(`ligne ${LINES} sur ${LINES}`).waitFor({ timeout: 60_000 });
    await alice.page.reload();
    await alice.said(`ligne ${LINES} sur ${LINES}`).waitFor();
    const first = await numbered(alice);
    assert.ok(first.length > 0 && first.length < LINES, `one page first, not everything: ${first.length}`);
    await scrollToStart(alice);
    assert.deepEqual(await numbered(alice), Array.from({ length: LINES }, (_, at) => at + 1));
  },
  'after a restart of the server everything is there, in order, once, and both are back by themselves': async (world) => {
    const { house, alice, bob } = world;
    alice.forgive(...RESTART);
    bob.forgive(...RESTART);
    await house.stop();
    await alice.page.getByText('Tout reste lisible').waitFor();
    await alice.composer().fill('écrit pendant l’arrêt');
    await alice.page.keyboard.press('Enter');
    await alice.page.getByText('partira au retour du réseau').first().waitFor();
    await pictures(alice, 'offline');
    await house.start();
    await alice.said('écrit pendant l’arrêt').waitFor({ timeout: 60_000 });
    await bob.enter('Accueil');
    await bob.said('écrit pendant l’arrêt').waitFor({ timeout: 60_000 });
    await bob.say('vu après le redémarrage');
    await alice.said('vu après le redémarrage').waitFor();
    for (const visitor of [alice, bob]) {
      await visitor.page.reload();
      await visitor.said('vu après le redémarrage').waitFor();
      await scrollToStart(visitor);
      assert.deepEqual(await numbered(visitor), Array.from({ length: LINES }, (_, at) => at + 1));
      assert.equal(await visitor.said('écrit pendant l’arrêt').count(), 1);
    }
  },
  'before the session ends one is warned, and can stay': async (world) => {
    // A page that locks sooner has a warning of its own (9-lock).
    assert.equal(world.house.command('tenant', 'lock', 'demo.localhost', '--desk', '120', '--phone', '120').status, 0);
    const claire = await world.arrive('claire');
    // The page says once what it is on, and its limits count anew; loaded again, it has said so.
    const said = claire.page.waitForResponse((answer) => answer.url().endsWith('/api/session/screen'));
    await claire.signIn();
    await said;
    await claire.page.clock.install();
    await claire.go('/');
    await claire.page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
    // An hour passes on the page and none on the server, which would call the session new if it were asked now,
    // as the page does when its stream comes back from so long a silence.
    await claire.page.route((url) => url.pathname === '/api/session', () => {});
    await claire.page.clock.fastForward('58:30'); // of the 60 minutes that a session may be idle
    const dialog = claire.page.getByRole('dialog', { name: 'Êtes-vous toujours là ?' });
    await dialog.waitFor();
    await pictures(claire, 'idle');
    const extended = claire.page.waitForResponse((answer) => answer.url().endsWith('/api/session/extend') && answer.ok());
    await dialog.getByRole('button', { name: 'Rester connecté' }).click();
    await extended;
    await dialog.waitFor({ state: 'detached' });
    await claire.leave();
  },
  'signed out, the room does not open; a signed-in tab elsewhere stays': async ({ alice, bob }) => {
    await alice.page.getByRole('button', { name: /réglages/ }).click();
    await alice.page.getByRole('button', { name: 'Se déconnecter' }).click();
    await alice.page.getByRole('button', { name: 'Se connecter', exact: true }).waitFor();
    alice.forgive(/answer 401 GET .*\/api\/rooms$/);
    assert.equal(await alice.page.evaluate(() => fetch('/api/rooms').then((answer) => answer.status)), 401);
    await bob.say('toujours là');
  },
});

/** Scrolls up until the beginning of the room is on screen. */
async function scrollToStart({ page }) {
  const log = page.getByRole('region', { name: 'Conversation' });
  await until('the beginning of the conversation', async () => {
    await log.evaluate((node) => (node.scrollTop = 0));
    return page.getByText('Début de la conversation').isVisible();
  }, 60_000);
}

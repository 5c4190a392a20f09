// Points 4 and 5 of the journey: the bell, a meeting seen and heard both ways, a shared screen, hands in order, and
// a guest who knocks, is let in, sees the meeting only, and loses everything when removed.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { received } from './house/peers.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';

const bar = (visitor) => visitor.page.getByRole('toolbar', { name: 'Commandes de la réunion' });
const side = (visitor) => visitor.page.getByRole('complementary', { name: 'Porte, parole et conversation' });

/** Frames and sound keep coming: both grow from one look to a later one. */
async function seesAndHears(visitor, streams = 1) {
  const begun = performance.now();
  const first = await until(`${visitor.name} receives ${streams} picture(s) and sound`, async () => {
    const now = await received(visitor.page);
    return now.videoIn >= streams && now.energy > 0 && now;
  }, 60_000);
  const frame = performance.now() - begun;
  await until(`${visitor.name}'s frames and audio level go on moving`, async () => {
    const now = await received(visitor.page);
    return now.frames > first.frames + 5 && now.energy > first.energy && now.bytesIn > first.bytesIn;
  });
  return frame;
}

/** The order of hands as this screen shows it, by name. */
async function hands(visitor, own) {
  const list = side(visitor).locator('section').filter({ has: visitor.page.getByRole('heading', { name: 'Ordre de parole' }) });
  if ((await list.count()) === 0) return [];
  const names = await list.locator('li .name').allInnerTexts();
  return names.map((name) => (name.trim() === 'Vous' ? own : name.trim()));
}

async function write(visitor, text) {
  await visitor.page.getByRole('textbox', { name: 'Écrire à la réunion' }).fill(text);
  await visitor.page.keyboard.press('Enter');
  await wrote(visitor, text).waitFor();
}
/** A line of the meeting's conversation, once it is in the list. */
const wrote = (visitor, text) => side(visitor).getByRole('listitem').getByText(text, { exact: true });

journey('meeting', {
  'Alice rings the bell, and Bob sees that a meeting is on': async (world) => {
    for (const name of ['alice', 'bob']) {
      world[name] = await world.arrive(name);
      await world[name].signIn();
    }
    const { alice, bob } = world;
    await alice.enter('Accueil');
    await alice.page.getByRole('button', { name: 'Sonner la réunion' }).click();
    await alice.page.getByRole('button', { name: 'Rejoindre', exact: true }).waitFor();
    await bob.page.getByRole('navigation').getByRole('link', { name: /Accueil.*réunion en cours/ }).waitFor();
    await bob.page.getByText('Alice Martin sonne la réunion de « Accueil ».').waitFor();
    await pictures(bob, 'rung');
  },
  'nothing leaves Alice before she clicks join': async ({ alice }) => {
    await alice.page.getByRole('switch', { name: 'Caméra', checked: true }).waitFor();
    assert.equal((await received(alice.page)).open, 0);
    await pictures(alice, 'meeting-prepare');
    await alice.page.getByRole('button', { name: 'Rejoindre', exact: true }).click();
    await bar(alice).waitFor();
  },
  'Bob joins from the room; both see and hear each other': async ({ alice, bob }) => {
    await bob.enter('Accueil');
    await bob.page.getByText('Alice Martin a sonné la réunion.').waitFor();
    await bob.page.getByRole('button', { name: 'Rejoindre la réunion' }).click();
    await bob.page.getByRole('switch', { name: 'Micro', checked: true }).waitFor();
    await bob.page.getByRole('main').getByRole('button', { name: 'Rejoindre', exact: true }).click();
    const frame = await seesAndHears(bob);
    console.log(`# Bob had a picture and sound ${Math.round(frame)} ms after the click`);
    await seesAndHears(alice);
    await pictures(alice, 'meeting');
  },
  'a muted microphone is told, and its sound stops': async ({ alice, bob }) => {
    await bar(bob).getByRole('button', { name: 'Micro' }).click();
    await side(alice).getByRole('listitem').filter({ hasText: 'Bob Lambert' }).getByText('micro coupé').waitFor();
    let before = await received(alice.page);
    await until('no more sound comes from Bob', async () => {
      const now = await received(alice.page);
      const still = now.energy === before.energy && now.frames > before.frames;
      before = now;
      return still;
    });
    await bar(bob).getByRole('button', { name: 'Micro' }).click();
    await seesAndHears(alice);
  },
  'Alice shares her screen, and Bob sees it beside her': async ({ alice, bob }) => {
    await bar(alice).getByRole('button', { name: 'Partager mon écran' }).click();
    await bar(alice).getByRole('button', { name: 'Partager mon écran', pressed: true }).waitFor();
    await bob.page.getByText('Écran de Alice Martin').waitFor();
    await seesAndHears(bob, 2);
    await pictures(bob, 'meeting-screen');
    await bar(alice).getByRole('button', { name: 'Partager mon écran' }).click();
    await bob.page.getByText('Écran de Alice Martin').waitFor({ state: 'detached' });
  },
  'hands stand in the same order on both screens': async ({ alice, bob }) => {
    await bar(bob).getByRole('button', { name: 'Lever la main' }).click();
    await until('Bob’s hand shows to Alice', async () => (await hands(alice, 'Alice Martin')).includes('Bob Lambert'));
    await bar(alice).getByRole('button', { name: 'Lever la main' }).click();
    for (const [visitor, own] of [[alice, 'Alice Martin'], [bob, 'Bob Lambert']]) {
      await until(`the order on the screen of ${visitor.name}`, async () => (await hands(visitor, own)).join() === 'Bob Lambert,Alice Martin');
    }
    await pictures(alice, 'meeting-hands');
    await side(alice).getByRole('button', { name: 'Donner la parole à Bob Lambert' }).click();
    for (const [visitor, own] of [[alice, 'Alice Martin'], [bob, 'Bob Lambert']]) {
      await until(`the order after, on the screen of ${visitor.name}`, async () => (await hands(visitor, own)).join() === 'Alice Martin');
    }
  },
  'a lost connection takes neither Bob’s place, nor his hand, nor his picture': async ({ alice, bob }) => {
    await bar(bob).getByRole('button', { name: 'Lever la main' }).click();
    const order = async (visitor, own) => (await hands(visitor, own)).join();
    await until('both hands', async () => (await order(alice, 'Alice Martin')) === 'Alice Martin,Bob Lambert');
    const peers = () => bob.page.evaluate(() => globalThis.__peers.length);
    const before = await peers();
    await bob.page.evaluate(() => globalThis.__sockets.at(-1).close());
    await until('Bob is connected again', () => bob.page.evaluate(() => globalThis.__sockets.length > 1 && globalThis.__sockets.at(-1).readyState === WebSocket.OPEN));
    await seesAndHears(bob);
    await seesAndHears(alice);
    assert.equal(await peers(), before, 'his media never stopped');
    for (const [visitor, own] of [[alice, 'Alice Martin'], [bob, 'Bob Lambert']]) assert.equal(await order(visitor, own), 'Alice Martin,Bob Lambert');
    // His seat is his again: he lowers the hand that he raised before.
    await bar(bob).getByRole('button', { name: 'Lever la main' }).click();
    await until('Bob’s hand is down', async () => (await order(alice, 'Alice Martin')) === 'Alice Martin');
  },
  'Alice copies a guest link while the meeting goes on': async (world) => {
    const { alice } = world;
    await alice.page.getByRole('link', { name: 'Retour au salon' }).click();
    await alice.page.getByRole('button', { name: 'Créer un lien d’invité' }).click();
    world.link = await alice.page.getByLabel('Lien d’invité', { exact: true }).inputValue();
    await alice.page.getByRole('button', { name: 'Copier le lien' }).click();
    await alice.page.getByRole('button', { name: 'Copié' }).waitFor();
    assert.equal(await alice.page.evaluate(() => navigator.clipboard.readText()), world.link);
    await pictures(alice, 'guest-link');
    await alice.page.getByRole('button', { name: 'Y retourner' }).click();
    await bar(alice).waitFor();
    await seesAndHears(alice);
  },
  'a guest opens it without an account, gives a name and waits at the door': async (world) => {
    const guest = (world.guest = await world.arrive('guest'));
    await guest.page.goto(world.link);
    await guest.page.getByRole('heading', { name: 'Vous êtes invité à une réunion' }).waitFor();
    await guest.page.getByText('Réunion du salon « Accueil »').waitFor();
    await guest.page.getByText('Invité – non vérifié').waitFor();
    await pictures(guest, 'guest-name');
    await guest.page.getByRole('button', { name: 'Continuer' }).click();
    await guest.page.getByText('Écrivez votre nom').waitFor();
    await guest.page.getByLabel('Votre nom').fill('Mme Petit');
    await guest.page.getByRole('button', { name: 'Continuer' }).click();
    await guest.page.getByRole('switch', { name: 'Micro', checked: false }).waitFor();
    await guest.page.getByRole('button', { name: 'Demander à entrer' }).click();
    await guest.page.getByRole('heading', { name: 'Vous attendez à la porte' }).waitFor();
    assert.equal((await received(guest.page)).open, 0);
    await pictures(guest, 'guest-waiting');
  },
  'Alice sees who waits, not verified, and lets them in': async ({ alice, guest }) => {
    await side(alice).getByText('Invité – non vérifié : « Mme Petit »').waitFor();
    await pictures(alice, 'meeting-door');
    await side(alice).getByRole('button', { name: 'Faire entrer Mme Petit' }).click();
    await bar(guest).waitFor();
    await seesAndHears(guest, 2);
    await pictures(guest, 'guest-inside');
  },
  'the guest sees the meeting’s conversation, and nothing else of the room': async ({ alice, bob, guest }) => {
    await write(alice, 'Bienvenue à notre invitée.');
    await wrote(guest, 'Bienvenue à notre invitée.').waitFor();
    await write(guest, 'Bonjour, merci de me recevoir.');
    await wrote(bob, 'Bonjour, merci de me recevoir.').waitFor();
    await bob.page.getByRole('link', { name: 'Retour au salon' }).click();
    await bob.said('Bonjour, merci de me recevoir.').waitFor();
    await bob.say('Entre membres : le dossier reste ici.');
    await bob.page.getByRole('button', { name: 'Y retourner' }).click();
    await write(alice, 'On commence ?'); // after Bob's word: had it been sent to the guest, it would be there before this
    await wrote(guest, 'On commence ?').waitFor();
    assert.doesNotMatch(await guest.page.locator('body').innerText(), /Entre membres|interprète/);
    guest.forgive(/answer 40[134] GET .*\/api\/(rooms|people|admin)/);
    const answers = await guest.page.evaluate(() =>
      Promise.all(['/api/rooms', '/api/people', '/api/admin/rooms', '/api/admin/audit'].map(async (path) => [path, (await fetch(path)).status])),
    );
    for (const [path, status] of answers) assert.ok(status >= 400, `${path} answered a guest with ${status}`);
  },
  'who loads the page again comes back: Bob by joining, the guest as the same guest, already let in': async ({ alice, bob, guest }) => {
    await bob.page.reload();
    await bob.page.getByRole('main').getByRole('button', { name: 'Rejoindre', exact: true }).click();
    await seesAndHears(bob);
    await guest.page.reload();
    await guest.page.getByRole('button', { name: 'Demander à entrer' }).click();
    await bar(guest).waitFor();
    await seesAndHears(guest, 2);
    await until('three are inside, each once', async () => (await side(alice).getByRole('heading', { name: 'Dans la réunion (3)' }).count()) === 1);
  },
  'removed by Alice, the guest loses picture, sound and conversation at once': async ({ alice, bob, guest }) => {
    guest.forgive(/answer 401/);
    await side(alice).getByRole('button', { name: 'Faire sortir Mme Petit' }).click();
    const dialog = alice.page.getByRole('dialog', { name: 'Faire sortir Mme Petit ?' });
    await dialog.getByRole('button', { name: 'Faire sortir', exact: true }).click();
    await guest.page.getByRole('heading', { name: 'Vous ne participez plus à la réunion' }).waitFor();
    assert.equal((await received(guest.page)).open, 0, 'every connection of the guest is closed');
    assert.equal(await wrote(guest, 'On commence ?').count(), 0);
    assert.equal(await guest.page.evaluate(() => fetch('/api/session').then((answer) => answer.status)), 401);
    await until('they are gone from Bob’s screen', async () => (await side(bob).getByText('Mme Petit').count()) <= 1);
    await pictures(guest, 'guest-removed');
    await seesAndHears(alice);
    await seesAndHears(bob);
  },
  'someone with an account is told that the link is not for them, and stays who they are': async ({ bob, link }) => {
    const tab = await bob.context.newPage();
    await tab.goto(link);
    await tab.getByText('Vous êtes déjà connecté avec votre compte').waitFor();
    await tab.getByRole('button', { name: 'Aller à mes salons' }).click();
    await tab.getByRole('heading', { name: 'Bonjour, Bob Lambert' }).waitFor();
    await tab.close();
    await seesAndHears(bob);
  },
  'the link that Alice closes no longer opens': async (world) => {
    const { alice, guest } = world;
    await alice.page.getByRole('link', { name: 'Retour au salon' }).click();
    await alice.page.getByRole('button', { name: /^Fermer le lien valable/ }).click();
    await alice.page.getByText('Aucun lien ouvert.').waitFor();
    guest.forgive(/answer 404 GET .*\/api\/guest\//);
    await guest.page.goto(world.link);
    await guest.page.getByRole('heading', { name: 'Ce lien n’ouvre plus' }).waitFor();
    await pictures(guest, 'guest-link-closed');
  },
  'Alice ends the meeting for all': async ({ alice, bob }) => {
    await alice.page.getByRole('button', { name: 'Y retourner' }).click();
    await bar(alice).getByRole('button', { name: 'Quitter' }).click();
    await alice.page.getByRole('dialog').getByRole('button', { name: 'Terminer pour tous' }).click();
    for (const visitor of [alice, bob]) {
      await visitor.page.getByRole('heading', { name: 'La réunion est terminée' }).waitFor();
      await until(`${visitor.name} has no connection left`, async () => (await received(visitor.page)).open === 0);
    }
  },
  'a guest who comes before the bell waits, knocks when it rings, and may be refused': async (world) => {
    const { alice } = world;
    await alice.page.getByRole('button', { name: 'Retour au salon' }).click();
    await alice.page.getByRole('button', { name: 'Créer un lien d’invité' }).click();
    const link = await alice.page.getByLabel('Lien d’invité', { exact: true }).inputValue();
    const early = await world.arrive('early');
    await early.page.goto(link);
    await early.page.getByLabel('Votre nom').fill('M. Tôt');
    await early.page.getByRole('button', { name: 'Continuer' }).click();
    await early.page.getByRole('button', { name: 'Demander à entrer' }).click();
    await early.page.getByText('La réunion n’a pas commencé.').waitFor();
    await pictures(early, 'guest-early');
    await alice.page.getByRole('button', { name: 'Sonner la réunion' }).click();
    await alice.page.getByRole('main').getByRole('button', { name: 'Rejoindre', exact: true }).click();
    await side(alice).getByText('Invité – non vérifié : « M. Tôt »').waitFor();
    await early.page.getByText('Quelqu’un de la réunion va vous faire entrer.').waitFor();
    early.forgive(/answer 401/);
    await side(alice).getByRole('button', { name: 'Refuser M. Tôt' }).click();
    await early.page.getByRole('heading', { name: 'On ne vous a pas fait entrer' }).waitFor();
    assert.equal((await received(early.page)).open, 0);
    await pictures(early, 'guest-refused');
  },
});

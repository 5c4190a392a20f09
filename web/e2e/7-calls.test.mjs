// One bell for two: Alice calls Bob from their conversation. Answered, heard and seen both ways; declined; missed;
// taken on one window of two; by keyboard, without the focus being taken from whoever writes.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { received } from './house/peers.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';
import { either } from './house/words.mjs';

const bar = (visitor) => visitor.page.getByRole('toolbar', { name: 'Commandes de la réunion' });
const ringing = (page, name = 'Alice Martin') => page.getByRole('region', { name: `Appel de ${name}` });
const quiet = (visitor, text) => visitor.page.getByRole('region', { name: 'Conversation' }).getByText(text, { exact: true });
const hangUp = (visitor) => bar(visitor).getByRole('button', { name: 'Raccrocher' }).click();

async function call(visitor, name) {
  await visitor.page.getByRole('button', { name: `Appeler ${name}` }).click();
  await bar(visitor).waitFor();
}
async function backToTalk(visitor) {
  await visitor.page.getByRole('button', { name: 'Retour à la conversation' }).click();
}
/** Sound keeps coming, and pictures when there should be some. */
async function hears(visitor, pictures = 0) {
  const first = await until(`${visitor.name} hears, and sees ${pictures}`, async () => {
    const now = await received(visitor.page);
    return now.videoIn >= pictures && now.energy > 0 && now;
  }, 60_000);
  await until(`${visitor.name} goes on hearing and seeing`, async () => {
    const now = await received(visitor.page);
    return now.energy > first.energy && (pictures === 0 || now.frames > first.frames + 5);
  });
}

journey('calls', {
  'from their conversation, Alice calls Bob, who is writing to somebody else': async (world) => {
    for (const name of ['alice', 'bob']) {
      world[name] = await world.arrive(name);
      await world[name].signIn();
    }
    const { alice, bob } = world;
    await bob.enter('Accueil');
    await bob.composer().fill('Je prépare la fiche');
    await alice.enter('Bob Lambert');
    await pictures(alice, 'call-button');
    await call(alice, 'Bob Lambert');
    await alice.page.getByText('Ça sonne chez Bob Lambert…').waitFor();
    await ringing(bob.page).waitFor();
    await pictures(alice, 'call-calling');
  },
  'it rings without taking the focus, and is said to a screen reader': async ({ bob }) => {
    await bob.page.keyboard.type(' d’accueil');
    assert.equal(await bob.composer().inputValue(), 'Je prépare la fiche d’accueil');
    assert.match(await bob.page.getByRole('alert').filter({ hasText: 'vous appelle' }).innerText(), either(/Alice Martin vous appelle/, /Alice Martin is calling you/));
    await pictures(bob, 'call-ringing');
  },
  'Bob goes to it by keyboard, back to his words, and answers': async ({ alice, bob }) => {
    const answer = ringing(bob.page).getByRole('button', { name: 'Répondre' });
    const focused = (locator) => locator.evaluate((node) => node === document.activeElement);
    await bob.composer().focus();
    await bob.page.keyboard.press('F8');
    assert.ok(await focused(answer));
    await bob.page.keyboard.press('F8');
    assert.ok(await focused(bob.composer()));
    await bob.page.keyboard.press('F8');
    await bob.page.keyboard.press('Enter');
    await bar(bob).waitFor();
    await ringing(bob.page).waitFor({ state: 'detached' });
    await hears(bob);
    await hears(alice);
    for (const visitor of [alice, bob]) {
      const camera = bar(visitor).getByRole('button', { name: 'Caméra' });
      assert.equal(await camera.getAttribute('aria-pressed'), 'false', 'no camera opens by itself');
      await camera.click();
    }
    await hears(bob, 1);
    await hears(alice, 1);
    await pictures(alice, 'call-inside');
  },
  'while they speak, both lists show it; what is written stays in the conversation': async ({ alice, bob }) => {
    await bob.page.getByRole('textbox', { name: 'Écrire pendant l’appel' }).fill('Voici le lien du plan.');
    await bob.page.keyboard.press('Enter');
    await alice.page.getByRole('complementary').getByText('Voici le lien du plan.', { exact: true }).waitFor();
    await alice.page.getByRole('link', { name: 'Retour à la conversation' }).click();
    await alice.page.getByText('Appel en cours : Bob Lambert').waitFor();
    await alice.page.getByRole('navigation').getByRole('link', { name: /Bob Lambert.*réunion en cours/ }).waitFor();
    await alice.said('Voici le lien du plan.').waitFor();
    await alice.page.getByRole('button', { name: 'Y retourner' }).click();
    await hears(alice, 1);
  },
  'who loads the page again comes back into the call': async ({ alice, bob }) => {
    await alice.page.reload();
    await alice.page.getByText('Bob Lambert vous attend.').waitFor();
    await pictures(alice, 'call-return');
    await alice.page.getByRole('button', { name: 'Rejoindre l’appel' }).click();
    await bar(alice).waitFor();
    await hears(alice, 1);
    await hears(bob, 1);
  },
  'Bob hangs up: it is over for both, every device closed, and their conversation says how long it was': async ({ alice, bob }) => {
    await hangUp(bob);
    for (const visitor of [alice, bob]) {
      await visitor.page.getByRole('heading', { name: 'L’appel est terminé' }).waitFor();
      await until(`${visitor.name} has no connection left`, async () => (await received(visitor.page)).open === 0);
    }
    await pictures(alice, 'call-over');
    await backToTalk(alice);
    await quiet(alice, 'Vous avez appelé.').waitFor();
    await alice.page.getByText(/^Appel terminé après \d+ min\.$/).waitFor();
  },
  'Bob declines, and Alice is told': async ({ alice, bob }) => {
    await backToTalk(bob);
    await call(alice, 'Bob Lambert');
    await ringing(bob.page).getByRole('button', { name: 'Refuser' }).click();
    await alice.page.getByRole('heading', { name: 'Bob Lambert a refusé l’appel' }).waitFor();
    await quiet(bob, 'Vous avez refusé l’appel de Alice Martin.').waitFor();
    await pictures(alice, 'call-declined');
  },
  'Alice calls again and hangs up: on Bob’s screen it stops ringing, and stays as a missed call': async ({ alice, bob }) => {
    await alice.page.getByRole('button', { name: 'Rappeler' }).click();
    await bar(alice).waitFor();
    await ringing(bob.page).waitFor();
    await hangUp(alice);
    await ringing(bob.page).waitFor({ state: 'detached' });
    await quiet(bob, 'Appel manqué de Alice Martin.').waitFor();
    await pictures(bob, 'call-missed');
    await backToTalk(alice);
    await quiet(alice, 'Appel sans réponse.').waitFor();
  },
  'a call rings on every window of Bob’s; answered on one, it stops on the other': async (world) => {
    const { alice, bob } = world;
    const second = await bob.context.newPage();
    await second.goto(world.house.url);
    await second.getByRole('heading', { name: 'Bonjour, Bob Lambert' }).waitFor();
    await call(alice, 'Bob Lambert');
    await ringing(bob.page).waitFor();
    await ringing(second).getByRole('button', { name: 'Répondre' }).click();
    await second.getByRole('toolbar', { name: 'Commandes de la réunion' }).waitFor();
    await ringing(bob.page).waitFor({ state: 'detached' });
    await hears(alice);
    await hangUp(alice);
    await second.getByRole('heading', { name: 'L’appel est terminé' }).waitFor();
    await second.close();
    await backToTalk(alice);
  },
  'both call at once: one call': async ({ alice, bob }) => {
    await Promise.all([call(alice, 'Bob Lambert'), call(bob, 'Alice Martin')]);
    await Promise.all([hears(alice), hears(bob)]);
    await hangUp(bob);
    for (const visitor of [alice, bob]) await backToTalk(visitor);
  },
  'Bob has gone home: Alice sees that nobody is there, and he finds the missed call the next day': async (world) => {
    const { alice, bob } = world;
    await bob.page.goto('about:blank');
    await alice.page.getByRole('navigation').getByRole('link', { name: /Bob Lambert.*hors ligne/ }).waitFor();
    await call(alice, 'Bob Lambert');
    await alice.page.getByText(/Bob Lambert n’est pas en ligne/).waitFor();
    await pictures(alice, 'call-nobody');
    await alice.page.getByRole('heading', { name: 'Bob Lambert n’a pas répondu' }).waitFor({ timeout: 90_000 });
    await pictures(alice, 'call-unanswered');
    await bob.go('/');
    await bob.page.getByRole('navigation').getByRole('link', { name: /Alice Martin.*1 non lu/ }).click();
    assert.equal(await quiet(bob, 'Appel manqué de Alice Martin.').count(), 2);
  },
  'in English too': async ({ alice, bob }) => {
    await bob.page.evaluate(() => localStorage.setItem('beffroi.language', 'en'));
    await bob.page.reload();
    await bob.page.getByText('Missed call from Alice Martin.').first().waitFor();
    await alice.page.getByRole('button', { name: 'Rappeler' }).click();
    const card = bob.page.getByRole('region', { name: 'Call from Alice Martin' });
    await card.waitFor();
    await pictures(bob, 'call-ringing-en');
    await card.getByRole('button', { name: 'Decline' }).click();
    await alice.page.getByRole('heading', { name: 'Bob Lambert a refusé l’appel' }).waitFor();
  },
  'Bob’s account is closed while they speak: the call is over at once': async (world) => {
    const { alice, bob, house } = world;
    await alice.page.getByRole('button', { name: 'Rappeler' }).click();
    await bob.page.getByRole('button', { name: 'Answer' }).click();
    await hears(alice);
    bob.forgive(/answer 401/);
    const { status, said } = house.command('account', 'disable', 'bob@demo.localhost');
    assert.equal(status, 0, said);
    const asked = performance.now();
    await until('nothing is sent to Bob any more', async () => (await received(bob.page)).open === 0);
    console.log(`# Bob was out ${Math.round(performance.now() - asked)} ms after the command`);
    await alice.page.getByRole('heading', { name: 'L’appel est terminé' }).waitFor();
  },
});

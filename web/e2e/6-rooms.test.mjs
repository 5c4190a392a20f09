// Rooms come and go: made with colleagues, shown at once, searched, left; with names and words that test the page.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';

const LONG = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnungsänderungsantragsformular-2026';
const ARABIC = 'مرحبا، الاجتماع غدا في الساعة العاشرة صباحا';

const nav = (visitor) => visitor.page.getByRole('navigation', { name: 'Salons et personnes' });
const about = (visitor) => visitor.page.getByRole('complementary', { name: 'À propos du salon' });

journey('rooms', {
  'a protective mark is refused when a room is made, and what was filled in stays': async (world) => {
    for (const name of ['alice', 'bob']) {
      world[name] = await world.arrive(name);
      await world[name].signIn();
    }
    const { alice } = world;
    alice.forgive(/answer 403 POST .*\/api\/rooms$/);
    await nav(alice).getByRole('button', { name: 'Créer un salon' }).click();
    const dialog = alice.page.getByRole('dialog', { name: 'Créer un salon' });
    await dialog.getByLabel('Nom du salon').fill(LONG);
    await dialog.getByRole('radio', { name: /Médical/ }).check();
    await dialog.getByRole('checkbox', { name: 'Bob Lambert' }).check();
    await dialog.getByRole('button', { name: 'Créer un salon' }).click();
    await dialog.getByRole('alert').filter({ hasText: 'label-reserved' }).waitFor();
    await pictures(alice, 'new-room');
    assert.equal(await dialog.getByLabel('Nom du salon').inputValue(), LONG);
  },
  'made, it appears to its members at once': async ({ alice, bob }) => {
    const dialog = alice.page.getByRole('dialog', { name: 'Créer un salon' });
    await dialog.getByRole('radio', { name: /Interne/ }).check();
    await dialog.getByRole('button', { name: 'Créer un salon' }).click();
    await alice.page.getByRole('heading', { level: 1, name: LONG }).waitFor();
    await nav(bob).getByRole('link', { name: LONG }).waitFor();
  },
  'a name without a space, a word without end and a text from right to left stay inside': async ({ alice, bob }) => {
    await alice.say('x'.repeat(600));
    await alice.say(ARABIC);
    await bob.enter(LONG);
    await bob.said(ARABIC).waitFor();
    await pictures(bob, 'extremes');
  },
  'searching finds rooms and people, and says when nothing is found': async ({ bob }) => {
    const search = nav(bob).getByRole('searchbox');
    await search.fill('claire');
    await until('only Claire is left', async () => (await nav(bob).getByRole('listitem').count()) === 1);
    await search.fill('introuvable');
    await nav(bob).getByText('Rien ne correspond à « introuvable ».').waitFor();
    await search.fill('');
  },
  'on two machines of one person, what is said and what is read is the same': async (world) => {
    const { alice, bob } = world;
    const second = (world.second = await world.arrive('bob-elsewhere'));
    await second.signIn('bob');
    await bob.enter('Accueil');
    await alice.enter('Accueil');
    await alice.say('Pour Bob, où qu’il soit.');
    await bob.said('Pour Bob, où qu’il soit.').waitFor();
    await until('read here is read there', async () => !/non lu/.test(await nav(second).getByRole('link', { name: 'Accueil' }).innerText()));
    await second.enter('Alice Martin');
    await second.say('D’une autre machine.');
    await bob.enter('Alice Martin');
    await bob.said('D’une autre machine.').waitFor();
  },
  'a member is added, and finds the room': async (world) => {
    const { alice } = world;
    const claire = (world.claire = await world.arrive('claire'));
    await claire.signIn();
    await alice.enter(LONG);
    await about(alice).getByRole('button', { name: 'Ajouter un membre' }).click();
    const dialog = alice.page.getByRole('dialog', { name: 'Ajouter un membre' });
    await dialog.getByLabel('Personne').selectOption({ label: 'Claire Dubois – claire@demo.localhost' });
    await dialog.getByRole('button', { name: 'Ajouter', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await alice.page.getByText('Alice Martin a ajouté Claire Dubois.').waitFor();
    await nav(claire).getByRole('link', { name: LONG }).waitFor();
    await claire.enter(LONG);
    await claire.said(ARABIC).waitFor();
  },
  'a member who is removed loses the room at once': async ({ alice, bob }) => {
    await bob.enter(LONG);
    bob.forgive(/answer 403 GET .*\/api\/rooms\/\w+$/); // his page asks for what it shows, and learns it so
    await about(alice).getByRole('button', { name: 'Retirer Bob Lambert' }).click();
    await alice.page.getByRole('dialog').getByRole('button', { name: 'Retirer du salon' }).click();
    await bob.page.getByRole('heading', { name: 'Ce salon ne vous est pas ouvert' }).waitFor();
    await until('it is gone from his rooms', async () => (await nav(bob).getByRole('link', { name: LONG }).count()) === 0);
    await alice.page.getByText('Alice Martin a retiré Bob Lambert.').waitFor();
    await pictures(bob, 'room-gone');
  },
});

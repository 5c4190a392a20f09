// The people of a body, without a terminal: a lost telephone, another role, a departure.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';

const PHRASE = 'sept hérons lents traversent la place du marché';

const row = (visitor, text) => visitor.page.getByRole('row').filter({ hasText: text });
/** By keyboard alone: the acts of somebody, then one of them. */
async function choose({ page }, name, act) {
  await page.getByRole('button', { name: `Plus d’actes pour ${name}` }).focus();
  await page.keyboard.press('Enter');
  const acts = page.getByRole('dialog', { name: `Le compte de ${name}` });
  await acts.getByRole('button', { name: act }).focus();
  await page.keyboard.press('Enter');
  await acts.waitFor({ state: 'detached' });
}
const focused = (locator) => locator.evaluate((one) => one === document.activeElement);

journey('people', {
  'Claire sees what can be done about Bob, and goes back': async (world) => {
    const bob = (world.bob = await world.arrive('bob'));
    await bob.signIn('bob');
    const claire = (world.claire = await world.arrive('claire'));
    await claire.signIn('claire', '/administration');
    await row(claire, 'Bob Lambert').waitFor();
    assert.equal(await row(claire, 'Claire Dubois').getByRole('button', { name: /Plus d’actes/ }).count(), 0, 'nothing of this about oneself');
    const more = claire.page.getByRole('button', { name: 'Plus d’actes pour Bob Lambert' });
    await more.click();
    await claire.page.getByRole('dialog', { name: 'Le compte de Bob Lambert' }).waitFor();
    await pictures(claire, 'people-acts');
    await claire.page.keyboard.press('Escape');
    assert.ok(await focused(more), 'the focus is back');
    await pictures(claire, 'people-table');
  },
  'Bob’s role changes: he is signed out, and comes back with the new one': async ({ bob, claire }) => {
    bob.forgive(/answer 401/);
    await choose(claire, 'Bob Lambert', 'Changer sa fonction');
    const dialog = claire.page.getByRole('dialog', { name: 'La fonction de Bob Lambert' });
    await dialog.getByLabel('Fonction').selectOption({ label: 'Responsable de la sécurité' });
    await dialog.getByText('sera déconnecté partout').waitFor();
    await pictures(claire, 'people-role');
    await dialog.getByRole('button', { name: 'Changer la fonction' }).click();
    await row(claire, 'Bob Lambert').getByText('Responsable de la sécurité').waitFor();
    assert.ok(await focused(claire.page.getByRole('button', { name: 'Plus d’actes pour Bob Lambert' })), 'the focus is back');
    await bob.page.getByText('Votre session est terminée').waitFor();
    await bob.signIn('bob', '/administration');
    await row(bob, 'Alice Martin').waitFor();
  },
  'Bob lost his telephone: what happens is said first, and only the link opens': async (world) => {
    const { bob, claire } = world;
    await choose(claire, 'Bob Lambert', 'A perdu son téléphone ou sa clé');
    const dialog = claire.page.getByRole('dialog', { name: 'Bob Lambert a perdu son téléphone ou sa clé ?' });
    await dialog.getByText('Un message ne suffit pas').waitFor();
    await pictures(claire, 'people-lost');
    await dialog.getByRole('button', { name: 'Ôter et faire le lien' }).click();
    const link = await claire.page.getByRole('dialog').getByLabel('Lien à transmettre').inputValue();
    await claire.page.getByRole('button', { name: 'C’est transmis' }).click();
    await bob.page.getByText('Votre session est terminée').waitFor();
    await bob.page.goto(link);
    await bob.page.getByRole('heading', { name: 'Choisir un nouveau mot de passe' }).waitFor();
    await bob.page.getByLabel('Nouveau mot de passe').fill(PHRASE);
    await bob.page.getByLabel('encore une fois').fill(PHRASE);
    await bob.page.getByRole('button', { name: /entrer/ }).click();
    await bob.page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
  },
  'Alice leaves: what ends is shown, her room goes to Bob, and she is out': async (world) => {
    const { bob, claire } = world;
    const alice = await world.arrive('alice');
    alice.forgive(/answer 401/);
    await alice.signIn('alice');
    await choose(claire, 'Alice Martin', 'Départ');
    const dialog = claire.page.getByRole('dialog', { name: 'Le départ de Alice Martin' });
    await dialog.getByText('1 session ;').waitFor();
    await dialog.getByText('Accueil – Interne').waitFor();
    assert.ok(await dialog.getByRole('button', { name: 'Fermer tout' }).isDisabled(), 'somebody must take the room over');
    await dialog.getByLabel('Qui les reprend').selectOption({ label: 'Bob Lambert (bob@demo.localhost)' });
    await pictures(claire, 'people-departure');
    await dialog.getByRole('button', { name: 'Fermer tout' }).click();
    const begun = performance.now();
    await alice.page.getByText('Votre session est terminée').waitFor();
    console.log(`# who left was signed out after ${Math.round(performance.now() - begun)} ms (ID11: within 2 s)`);
    await row(claire, 'Alice Martin').getByText('Fermé', { exact: true }).waitFor();
    await bob.go('/');
    await bob.enter('Accueil');
  },
  'the audit log has each act, in words': async ({ claire }) => {
    await claire.page.getByRole('link', { name: 'Journal' }).click();
    for (const act of ['Acter un départ', 'Changer une fonction', 'Ôter des clés perdues']) await row(claire, act).first().waitFor();
    await row(claire, 'Changer une fonction').first().getByRole('button').click();
    await claire.page.getByRole('dialog').getByText('agent → security-officer').waitFor();
  },
});

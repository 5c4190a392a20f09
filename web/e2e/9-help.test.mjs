// Claire acts in Alice's name to help her: approved, said at all times on both screens, and kept where Alice reads it.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';

const PASSWORD = 'sept hérons lents traversent la place du marché';

journey('help', {
  'Claire asks, with a reason, and is told what it is and is not': async (world) => {
    const { status, said } = world.house.commandWith(`${PASSWORD}\n`, 'account', 'add', 'otto@demo.localhost', '--name', 'Otto Clair', '--role', 'security-officer', '--password-stdin');
    assert.equal(status, 0, said);
    const alice = (world.alice = await world.arrive('alice'));
    await alice.signIn('alice');
    const claire = (world.claire = await world.arrive('claire'));
    await claire.signIn('claire', '/administration');
    const { page } = claire;
    await page.getByRole('button', { name: 'Plus d’actes pour Alice Martin' }).click();
    await page.getByRole('button', { name: 'Agir en son nom' }).click();
    const dialog = page.getByRole('dialog', { name: 'Agir au nom de Alice Martin' });
    await dialog.getByText('sans rien écrire ni changer en son nom').waitFor();
    await dialog.getByText('Ni ses clés').waitFor();
    await dialog.getByLabel('Pourquoi').fill('Alice ne retrouve pas un fichier');
    await pictures(claire, 'help-ask');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'La demande est en attente' }).getByRole('button', { name: 'Fermer' }).last().click();
  },
  'Otto approves': async (world) => {
    const otto = (world.otto = await world.arrive('otto'));
    const { page } = otto;
    await otto.go('/administration/demandes');
    await page.getByLabel('Adresse e-mail').fill('otto@demo.localhost');
    await page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Se connecter', exact: true }).click();
    await page.getByRole('button', { name: 'Accepter : Agir au nom de Alice Martin' }).click();
    const dialog = page.getByRole('dialog', { name: 'Accepter cette demande ?' });
    await dialog.getByText('La personne en est avertie').waitFor();
    await dialog.getByRole('button', { name: 'Accepter' }).click();
    await page.getByText('Acceptée par Otto Clair').waitFor();
  },
  'she acts in Alice’s name, which both see': async ({ claire, alice }) => {
    const { page } = claire;
    claire.forgive(/answer 401 GET .*\/api\/rooms$/); // asked for as the one session ended and the other began
    await page.getByRole('link', { name: 'Demandes' }).click();
    await page.getByRole('button', { name: 'Agir au nom de Alice Martin' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Commencer' }).click();
    await page.getByText('Vous agissez au nom de Alice Martin.').waitFor();
    await claire.enter('Accueil');
    await page.getByText('vous n’écrivez, n’appelez et ne changez rien en son nom').waitFor();
    assert.equal(await claire.composer().count(), 0, 'nothing to write with');
    for (const act of ['Sonner', 'Joindre', 'Créer un salon', 'Changer la mention', 'Ajouter un membre']) {
      assert.equal(await page.getByRole('button', { name: act }).count(), 0, act);
    }
    await pictures(claire, 'help-acting');
    await alice.enter('Accueil');
    await alice.say('je suis bien là');
    await page.getByText('je suis bien là').first().waitFor(); // as it happens
    await alice.page.getByText('Claire Dubois agit en ce moment en votre nom.').waitFor();
    await pictures(alice, 'help-helped');
    claire.forgive(/answer 403/);
    await claire.go('/administration');
    await page.getByText('réservée à ceux qui y ont une fonction').waitFor();
    await page.getByText('Vous agissez au nom de Alice Martin.').waitFor();
  },
  'she stops by keyboard and is herself again; Alice has it in « Ma sécurité »': async ({ claire, alice }) => {
    const { page } = claire;
    claire.forgive(/answer 401 GET .*\/api\/rooms$/); // what was on its way as that session ended
    await page.getByRole('button', { name: 'Arrêter' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Plus d’actes pour Alice Martin' }).waitFor();
    assert.equal(await page.getByText('Vous agissez au nom').count(), 0);
    await alice.page.getByText('agit en ce moment en votre nom').waitFor({ state: 'detached' });
    await alice.go('/securite');
    await alice.page.getByText('Claire Dubois, de l’administration, a agi en votre nom').waitFor();
    await alice.page.getByText('Motif : Alice ne retrouve pas un fichier').waitFor();
    await alice.page.getByText(/a agi en votre nom/).scrollIntoViewIfNeeded();
    await pictures(alice, 'help-history');
    await page.getByRole('link', { name: 'Journal' }).click();
    await page.getByRole('row').filter({ hasText: 'Cesser d’agir au nom de quelqu’un' }).first().waitFor();
  },
});

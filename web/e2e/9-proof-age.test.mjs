// A label that asks every so many hours who is there: set on the page, told before it closes a room, answered in place.
import assert from 'node:assert/strict';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { either } from './house/words.mjs';

const PASSWORD = 'sept hérons lents traversent la place du marché';

journey('proof-age', {
  'Otto has « Interne » ask every hour who is there, and its card says so': async (world) => {
    const { status, said } = world.house.commandWith(`${PASSWORD}\n`, 'account', 'add', 'otto@demo.localhost', '--name', 'Otto Clair', '--role', 'security-officer', '--password-stdin');
    assert.equal(status, 0, said);
    // A page that locks sooner has a warning of its own (9-lock).
    assert.equal(world.house.command('tenant', 'lock', 'demo.localhost', '--desk', '120', '--phone', '120').status, 0);
    const otto = await world.arrive('otto');
    const { page } = otto;
    otto.forgive(/answer 403 GET .*\/api\/admin\//);
    await otto.go('/administration/organisation');
    await page.getByLabel('Adresse e-mail').fill('otto@demo.localhost');
    await page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Se connecter', exact: true }).click();
    await page.getByRole('button', { name: 'Régler la mention Interne' }).click();
    const dialog = page.getByRole('dialog', { name: 'Régler « Interne »' });
    const hours = dialog.getByLabel('Redemander qui est là toutes les (heures)');
    await hours.fill('25');
    await dialog.getByText('Un nombre d’heures, de 1 à 24.').waitFor();
    await hours.fill('1');
    await hours.scrollIntoViewIfNeeded();
    await pictures(otto, 'proof-age-label');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText(either('Redemande toutes les heures qui est là', 'Asks every hour who is there')).first().waitFor();
    await otto.leave();
  },
  'Alice is told five minutes before her room closes, confirms, and goes on where she was': async (world) => {
    const alice = await world.arrive('alice');
    const { page } = alice;
    // The page says once what it is on, and its limits count anew; loaded again, it has said so.
    const said = page.waitForResponse((answer) => answer.url().endsWith('/api/session/screen'));
    await alice.signIn();
    await said;
    await page.clock.install();
    await alice.go('/');
    await alice.enter('Accueil');
    await alice.composer().fill('un brouillon');
    const warning = page.getByText(either('Ce salon se ferme dans 5 minutes', 'This room closes in 5 minutes'));
    assert.equal(await warning.count(), 0);
    // An hour passes on the page and none on the server, which would call the proof new if it were asked now.
    const asked = (url) => url.pathname === '/api/session';
    await page.route(asked, () => {});
    await page.clock.fastForward('55:20');
    await warning.waitFor();
    await pictures(alice, 'proof-age-warning');
    await page.unroute(asked);
    await page.getByRole('button', { name: 'Confirmer maintenant' }).click();
    const dialog = page.getByRole('dialog', { name: 'Confirmez que c’est bien vous' });
    await dialog.getByText('Vous reviendrez aussitôt où vous étiez.').waitFor();
    await pictures(alice, 'proof-age-asked');
    await dialog.getByLabel('Mot de passe', { exact: true }).fill(alice.house.person('alice').password);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await warning.waitFor({ state: 'detached' });
    assert.equal(await alice.composer().inputValue(), 'un brouillon');
    await alice.say('toujours là');
  },
});

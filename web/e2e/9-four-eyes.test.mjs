// What is dangerous takes two: Otto asks, Olga sees exactly what will happen and says yes; a village has its operator.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { either, says } from './house/words.mjs';

/** What the downloaded archive holds, by a reader that we did not write. */
const READ = `import csv, hashlib, io, json, sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
assert archive.testzip() is None
names = archive.namelist()
table = archive.read(names[1]).decode("utf-8-sig")
size = int(archive.read("checkpoint").decode().split("\\n")[1])
bundle, leaves = archive.read(names[3]), []
while bundle:
    end = 2 + int.from_bytes(bundle[:2], "big")
    leaves.append(hashlib.sha256(b"\\0" + bundle[2:end]).hexdigest())
    bundle = bundle[end:]
tile = archive.read(names[4]).hex()
hashes = [tile[at:at + 64] for at in range(0, len(tile), 64)]
print(json.dumps({"names": names, "size": size, "rows": list(csv.reader(io.StringIO(table), delimiter=";")), "leaves": leaves, "hashes": hashes}))`;
const PASSWORD = 'sept hérons lents traversent la place du marché';

async function enter(visitor, address, place) {
  await visitor.go(place);
  await visitor.page.getByLabel('Adresse e-mail').fill(address);
  await visitor.page.getByLabel('Mot de passe', { exact: true }).fill(PASSWORD);
  await visitor.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
}
const press = async (locator) => {
  await locator.focus();
  await locator.press('Enter');
};
const card = (visitor, label) => visitor.page.locator('ul.labels > li').filter({ has: visitor.page.getByText(`Mention : ${label}`, { exact: true }) });

journey('four-eyes', {
  'Claire, with nobody to approve, is told the operator’s command': async (world) => {
    const claire = (world.claire = await world.arrive('claire'));
    await claire.signIn('claire', '/administration/demandes');
    await claire.page.getByText('Rien n’attend').waitFor();
    await pictures(claire, 'requests-none');
    await press(claire.page.getByRole('button', { name: 'Demander à exporter le journal' }));
    const dialog = claire.page.getByRole('dialog', { name: 'Demander l’accord de quelqu’un d’autre' });
    await claire.page.keyboard.press('Enter');
    await dialog.getByText('Écrivez pourquoi').waitFor();
    await claire.page.keyboard.type('Contrôle annuel des archives');
    await pictures(claire, 'requests-ask');
    await claire.page.keyboard.press('Enter');
    const waits = claire.page.getByRole('dialog', { name: 'La demande est en attente' });
    const command = await waits.getByLabel('La commande de l’exploitant').inputValue();
    await pictures(claire, 'requests-operator');
    await waits.getByRole('button', { name: 'Fermer' }).last().click();
    const [, ...words] = command.split(' ');
    const { status, said } = world.house.command(...words);
    assert.equal(status, 0, said);
    await claire.page.getByText('Vous pouvez le faire maintenant').waitFor();
    await pictures(claire, 'requests-right');
  },
  'she takes the log out, once: what the entries say, and the hashes that the seal covers': async ({ claire }) => {
    const { page } = claire;
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Télécharger le journal' }).click();
    const download = await coming;
    assert.match(download.suggestedFilename(), either(/^journal-demo\.localhost-\d+\.zip$/, /^audit-log-demo\.localhost-\d+\.zip$/));
    const { status, stdout, stderr } = spawnSync('python3', ['-c', READ, await download.path()], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const { names, size, rows, leaves, hashes } = JSON.parse(stdout);
    assert.deepEqual(names, [says('LISEZ-MOI.txt'), says('journal.csv'), 'checkpoint', `tile/entries/000.p/${size}`, `tile/0/000.p/${size}`]);
    assert.deepEqual(leaves, hashes, 'the entries are what the hashes are of');
    assert.equal(rows.length, size + 1);
    assert.equal(rows[0][2], says('Acte'));
    assert.ok(rows.some((row) => row[2] === says('Accepter une demande') && row[3] === 'request.approve'), JSON.stringify(rows));
    await page.getByText(`Le journal est prêt (${size} entrées) : votre navigateur l’enregistre.`).waitFor();
    await page.getByText('Utilisée').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Télécharger le journal' }).count(), 0, 'once');
    await pictures(claire, 'requests-taken');
  },
  'Otto shortens what a label keeps: what would be lost is said, and it waits': async (world) => {
    for (const [address, name] of [
      ['otto@demo.localhost', 'Otto Clair'],
      ['olga@demo.localhost', 'Olga Sand'],
    ]) {
      const { status, said } = world.house.commandWith(`${PASSWORD}\n`, 'account', 'add', address, '--name', name, '--role', 'security-officer', '--password-stdin');
      assert.equal(status, 0, said);
    }
    const otto = (world.otto = await world.arrive('otto'));
    await enter(otto, 'otto@demo.localhost', '/administration/organisation');
    const { page } = otto;
    await page.getByRole('button', { name: 'Régler la mention Interne' }).click();
    const dialog = page.getByRole('dialog', { name: 'Régler « Interne »' });
    await dialog.getByLabel('Effacer après (jours)').fill('30');
    await dialog.getByRole('button', { name: 'Enregistrer' }).click();
    const asked = page.getByRole('dialog', { name: 'Effacer pour toujours ?' });
    await asked.getByText('Cela se fait à deux').waitFor();
    await asked.getByLabel('Pourquoi').fill('Le plan de classement garde un mois');
    await pictures(otto, 'requests-retention');
    await asked.getByRole('button', { name: 'Demander' }).click();
    await page.getByRole('dialog', { name: 'La demande est en attente' }).getByRole('button', { name: 'Fermer' }).last().click();
    assert.equal(await card(otto, 'Interne').getByText('Effacement après').count(), 0, 'nothing is done yet');
    await page.getByRole('link', { name: /Demandes/ }).click();
    await page.getByText('C’est votre demande').waitFor();
    assert.equal(await page.getByRole('button', { name: /^Accepter/ }).count(), 0, 'nobody approves their own');
    await pictures(otto, 'requests-own');
  },
  'Olga sees that one waits, what exactly will happen and why, and accepts by keyboard': async (world) => {
    const olga = (world.olga = await world.arrive('olga'));
    await enter(olga, 'olga@demo.localhost', '/administration/demandes');
    const { page } = olga;
    await page.getByRole('link', { name: 'Demandes, 1 attend votre décision' }).waitFor();
    await page.getByText('Le plan de classement garde un mois').waitFor();
    await pictures(olga, 'requests-waiting');
    await press(page.getByRole('button', { name: 'Accepter : Effacer après 30 jours ce qui porte « Interne »' }));
    const dialog = page.getByRole('dialog', { name: 'Accepter cette demande ?' });
    await dialog.getByText('sans retour possible').waitFor();
    await pictures(olga, 'requests-approve');
    await press(dialog.getByRole('button', { name: 'Accepter' }));
    await page.getByText('Acceptée par Olga Sand').waitFor();
    await pictures(olga, 'requests-decided');
    await world.otto.page.getByText('Acceptée par Olga Sand').waitFor();
    await world.otto.page.getByRole('link', { name: 'Organisation' }).click();
    await card(world.otto, 'Interne').getByText('Effacement après 30 jours').waitFor();
  },
  'in English, and the log says each act in words': async ({ olga }) => {
    await olga.page.getByRole('link', { name: 'Journal' }).click();
    for (const act of ['Demander l’accord de quelqu’un d’autre', 'Accepter une demande', 'Régler une mention']) await olga.page.getByRole('row').filter({ hasText: act }).first().waitFor();
    await olga.page.evaluate(() => localStorage.setItem('beffroi.language', 'en'));
    await olga.go('/administration/demandes');
    await olga.page.getByText(/Approved by Olga Sand/).waitFor();
    await pictures(olga, 'requests-english', { only: ['desktop'] });
  },
});

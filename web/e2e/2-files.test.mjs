// Point 3 of the journey: a file of 200 MB is dropped, shows its progress and its SHA-256, comes back byte for
// byte; an interrupted upload resumes.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, createReadStream, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { journey } from './house/journey.mjs';
import { pictures } from './house/pictures.mjs';
import { until } from './house/until.mjs';

const MEGA = 1024 * 1024;

/** A file nobody can compress or guess; gives its path and SHA-256. */
function write(folder, name, megabytes) {
  const path = join(folder, name);
  const file = openSync(path, 'w');
  const hash = createHash('sha256');
  for (let n = 0; n < megabytes; n += 1) {
    const bytes = randomBytes(MEGA);
    hash.update(bytes);
    writeSync(file, bytes);
  }
  closeSync(file);
  return { path, name, sha256: hash.digest('hex') };
}

async function sha256(path) {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path)) hash.update(bytes);
  return hash.digest('hex');
}

/** Drops a real file of this machine on the conversation: the browser reads it through a File, as from a desktop. */
async function drop(visitor, path) {
  const { page } = visitor;
  await page.evaluate(() => {
    const input = Object.assign(document.createElement('input'), { type: 'file', id: 'dropped', hidden: true });
    document.body.append(input);
  });
  await page.setInputFiles('#dropped', path);
  await page.evaluate(() => {
    const input = document.getElementById('dropped');
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(input.files[0]);
    const target = document.querySelector('main');
    for (const type of ['dragenter', 'dragover', 'drop']) target.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
    input.remove();
  });
}

const card = (visitor, name) => visitor.page.getByRole('region', { name: 'Conversation' }).getByRole('article').filter({ hasText: name });

async function download(visitor, name) {
  const [file] = await Promise.all([
    visitor.page.waitForEvent('download', { timeout: 60_000 }),
    card(visitor, name).getByRole('link', { name: `Télécharger ${name}` }).click(),
  ]);
  assert.equal(file.suggestedFilename(), name);
  return file.path();
}

journey('files', {
  'Alice and Bob are in the room': async (world) => {
    for (const name of ['alice', 'bob']) {
      world[name] = await world.arrive(name);
      await world[name].signIn();
      await world[name].enter('Accueil');
    }
  },
  'a file of 200 MB is dropped and its progress shows': async (world) => {
    const { alice, house } = world;
    world.big = write(house.data, 'plan-de-la-ville.bin', 200);
    await drop(alice, world.big.path);
    const bar = alice.page.getByRole('progressbar', { name: 'Envoi de plan-de-la-ville.bin' });
    await bar.waitFor();
    await until('the bar moves', async () => Number(await bar.getAttribute('value')) > MEGA);
  },
  'it appears for both with its size and its SHA-256': async ({ alice, bob, big }) => {
    for (const visitor of [alice, bob]) {
      await card(visitor, big.name).waitFor({ timeout: 120_000 });
      const text = await card(visitor, big.name).innerText();
      assert.match(text, /210 Mo|209,7 Mo|200 Mo/);
      assert.equal(await card(visitor, big.name).getByRole('button', { name: /SHA-256/ }).getAttribute('title'), big.sha256);
    }
    await pictures(alice, 'file');
  },
  'Bob downloads it, byte for byte the same': async ({ bob, big }) => {
    const path = await download(bob, big.name);
    assert.equal(statSync(path).size, 200 * MEGA);
    assert.equal(await sha256(path), big.sha256);
  },
  'an interrupted upload resumes where the server stands': async (world) => {
    const { alice, bob, house } = world;
    alice.forgive(/WebSocket connection to .* failed/, /ERR_INTERNET_DISCONNECTED/);
    const file = write(house.data, 'budget.bin', 96);
    const offsets = [];
    alice.page.on('request', (request) => {
      if (request.method() === 'PATCH' && request.url().includes('/api/uploads/')) offsets.push(Number(request.headers()['upload-offset']));
    });
    await drop(alice, file.path);
    const bar = alice.page.getByRole('progressbar', { name: 'Envoi de budget.bin' });
    await until('some of it left', async () => offsets.length >= 3);
    await alice.context.setOffline(true);
    await alice.page.getByText('reprise automatique').waitFor();
    await pictures(alice, 'upload-interrupted', { only: ['desktop'] });
    const held = Math.max(...offsets);
    const before = offsets.length;
    await alice.context.setOffline(false);
    await card(alice, file.name).waitFor({ timeout: 120_000 });
    await bar.waitFor({ state: 'detached' });
    assert.ok(offsets[before] >= held && offsets[before] > 0, `went on from ${offsets[before]}, having reached ${held}`);
    await card(bob, file.name).waitFor();
    assert.equal(await sha256(await download(bob, file.name)), file.sha256);
  },
  'the folder of the room lists both, latest first': async ({ alice }) => {
    const about = alice.page.getByRole('complementary', { name: 'À propos du salon' });
    const names = await about.getByRole('link', { name: /^Télécharger/ }).evaluateAll((links) => links.map((link) => link.getAttribute('download')));
    assert.deepEqual(names.slice(0, 2), ['budget.bin', 'plan-de-la-ville.bin']);
  },
});

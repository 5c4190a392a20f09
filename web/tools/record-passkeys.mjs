// Records what a real Chromium answers for passkeys into crates/identity/tests/passkey/chromium.json, which
// passkey_in_chromium.rs reads. Run by hand when the options of the server change:
//   node tools/record-passkeys.mjs
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Authenticator } from '../e2e/house/authenticator.mjs';
import { openBrowser } from '../e2e/house/browser.mjs';

const out = fileURLToPath(new URL('../../crates/identity/tests/passkey/chromium.json', import.meta.url));
const ORIGIN = 'http://demo.localhost:8440';
const base64 = (bytes) => Buffer.from(bytes).toString('base64url');
const challenge = (byte) => base64(new Uint8Array(32).fill(byte));

/** As RelyingParty writes them: the test compares. */
const creation = (byte, attestation) => ({
  rp: { id: 'demo.localhost', name: 'Valmont' },
  user: { id: base64('alice: 16 bytes.'), name: 'alice@demo.localhost', displayName: 'Alice Martin' },
  challenge: challenge(byte),
  pubKeyCredParams: [-7, -257].map((alg) => ({ type: 'public-key', alg })),
  timeout: 300_000,
  excludeCredentials: [],
  authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
  attestation,
  extensions: { credProps: true },
});
const request = (byte, allowCredentials = []) => ({
  challenge: challenge(byte),
  timeout: 300_000,
  rpId: 'demo.localhost',
  allowCredentials,
  userVerification: 'required',
});

const browser = await openBrowser();
const context = await browser.newContext();
await context.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>passkeys</title>' }));

/** A page at `origin`, and what its browser answers: JSON, or the name of its exception. */
async function at(origin, key) {
  const page = await context.newPage();
  await page.goto(origin);
  const plugged = await Authenticator.plug(page, key);
  const ask = (how, options) =>
    page.evaluate(
      async ([how, options]) => {
        const kind = PublicKeyCredential;
        const publicKey = how === 'create' ? kind.parseCreationOptionsFromJSON(options) : kind.parseRequestOptionsFromJSON(options);
        return navigator.credentials[how]({ publicKey }).then((given) => given.toJSON(), (cause) => cause.name);
      },
      [how, options],
    );
  return { create: (options) => ask('create', options), get: (options) => ask('get', options), key: plugged, page };
}

const said = { chromium: browser.version(), origin: ORIGIN };

const usb = await at(ORIGIN);
said.made = { options: creation(1, 'none'), answer: await usb.create(creation(1, 'none')) };
said.signed_in = { options: request(2), answer: await usb.get(request(2)) };
const descriptor = { type: 'public-key', id: said.made.answer.id, transports: ['usb'] };
said.proven = { options: request(3, [descriptor]), answer: await usb.get(request(3, [descriptor])) };
said.twice = { options: { ...creation(5, 'none'), excludeCredentials: [descriptor] } };
said.twice.answer = await usb.create(said.twice.options);

// Nobody recognised, on a page that does not ask for it: what a careless or wicked page would bring us.
const older = await at(ORIGIN, { older: true });
const known = await older.create(creation(4, 'none'));
await older.key.recognises(false);
const asked = { ...request(12, [{ type: 'public-key', id: known.id }]), userVerification: 'discouraged' };
said.recognised_before = { options: creation(4, 'none'), answer: known };
said.not_recognised = { options: asked, answer: await older.get(asked) };

const sealed = await at(ORIGIN);
said.attested = { options: creation(6, 'direct'), answer: await sealed.create(creation(6, 'direct')) };

const phone = await at(ORIGIN, { internal: true, copyable: true });
said.copyable = { options: creation(7, 'none'), answer: await phone.create(creation(7, 'none')) };
said.copyable_signed_in = { options: request(8), answer: await phone.get(request(8)) };

// Another page of this machine acting for the same name: Chromium lets a sub-domain, we do not.
const sibling = await at('http://www.demo.localhost:8440');
said.sibling = { options: creation(9, 'none'), answer: await sibling.create(creation(9, 'none')) };
// Two sites that it refuses itself.
const stranger = await at('http://other.localhost:8440');
said.stranger = { options: creation(10, 'none'), answer: await stranger.create(creation(10, 'none')) };

writeFileSync(out, `${JSON.stringify(said, null, 1)}\n`);
for (const [name, one] of Object.entries(said)) console.log(name, typeof one === 'string' ? one : typeof one.answer === 'string' ? one.answer : 'answered');
await browser.close();

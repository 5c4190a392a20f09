// A real Chromium, and visitors in it: each its own context, with everything that must not happen watched.
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { lookInEnglish } from './english.mjs';
import { withoutMouse } from './keyboard.mjs';
import { watchPeers } from './peers.mjs';
import { ENGLISH } from './words.mjs';

const KNOWN = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
/** `CHROMIUM`, or the first of the usual names on the PATH. */
const executablePath =
  process.env.CHROMIUM ||
  KNOWN.flatMap((name) => (process.env.PATH ?? '').split(':').map((folder) => join(folder, name))).find((path) => existsSync(path));
const flags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
  '--mute-audio',
  // A test machine may have no interface but loopback, which WebRTC leaves out otherwise.
  '--allow-loopback-in-peer-connection',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--auto-select-desktop-capture-source=Entire screen',
  '--autoplay-policy=no-user-gesture-required',
];

/** Answers that are part of the game: asking who I am before signing in. */
const USUAL = [/401 .*\/api\/session$/];

export async function openBrowser() {
  if (!executablePath) throw new Error(`no Chromium: install one of ${KNOWN.join(', ')}, or name it in CHROMIUM`);
  // A page that serveClient() gave has no address: Chromium would not let it speak to this machine.
  const own = process.env.BEFFROI_E2E_CLIENT ? ['--disable-features=LocalNetworkAccessChecks'] : [];
  return chromium.launch({ executablePath, headless: false, args: [...flags, ...own] });
}

/**
 * While the client is being written: its files come from `folder` instead of from inside the program,
 * under the policy that the program sends. The journeys of `make test` never use it.
 */
async function serveClient(context, folder) {
  await context.route(/^http:\/\/[^/]+\/(?!api\/|xmpp-websocket|health|metrics|\.well-known)/, async (route) => {
    const path = new URL(route.request().url()).pathname;
    const file = /\.\w+$/.test(path) ? join(folder, path) : join(folder, 'index.html');
    if (!existsSync(file)) return route.fulfill({ status: 404 });
    const { headers } = await fetch(`http://127.0.0.1:${new URL(route.request().url()).port}/`);
    return route.fulfill({ path: file, headers: { 'content-security-policy': headers.get('content-security-policy') ?? '', 'content-type': TYPES[extname(file)] ?? 'text/plain' } });
  });
}
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };

/** Who is at which page, for those who use it without a mouse. */
const visitors = new WeakMap();
let taught = false;
/** How journeys of this run look for things and use them: in French with a mouse, or as the environment says. */
function teach(page) {
  if (taught) return;
  taught = true;
  if (process.env.BEFFROI_E2E_KEYBOARD) withoutMouse(page, (one) => visitors.get(one.context()));
  if (ENGLISH) lookInEnglish(page);
}

/** Somebody at their own machine. `faults` holds what should not have happened. */
export class Visitor {
  #forgiven = [...USUAL];

  constructor(context, page, house, name, url) {
    this.context = context;
    this.page = page;
    this.house = house;
    this.name = name;
    /** The origin of the pages of their body. */
    this.url = url;
    this.faults = [];
    visitors.set(context, this);
    this.#watch();
  }

  /** `domain`: of which body, when it is not the demonstration's. */
  static async arrive(browser, house, name, { domain, ...options } = {}) {
    const url = domain ? `http://${domain}:${house.port}` : house.url;
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      locale: ENGLISH ? 'en-GB' : 'fr-FR',
      timezoneId: 'Europe/Paris',
      acceptDownloads: true,
      ...options,
    });
    await context.grantPermissions(['clipboard-read', 'clipboard-write', 'camera', 'microphone'], { origin: url });
    await context.addInitScript(watchPeers);
    if (process.env.BEFFROI_E2E_CLIENT) await serveClient(context, process.env.BEFFROI_E2E_CLIENT);
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    // From the start: a file dialog that opened before anybody waited for it would be the machine's own.
    page.on('filechooser', () => {});
    teach(page);
    return new Visitor(context, page, house, name, url);
  }

  /** From now on this answer or message is expected; matched against « STATUS METHOD URL » or the console's text. */
  forgive(...patterns) {
    this.#forgiven.push(...patterns);
  }

  #fault(text) {
    if (!this.#forgiven.some((pattern) => pattern.test(text))) this.faults.push(`${this.name}: ${text}`);
  }

  #watch() {
    const { context, page, url: own } = this;
    const ours = (url) => {
      const { protocol, host } = new URL(url);
      return protocol === 'blob:' || protocol === 'data:' || host === new URL(own).host;
    };
    context.on('request', (request) => {
      if (!ours(request.url())) this.#fault(`a request to another origin: ${request.url()}`);
    });
    page.on('websocket', (socket) => {
      if (!ours(socket.url())) this.#fault(`a WebSocket to another origin: ${socket.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) this.#fault(`answer ${response.status()} ${response.request().method()} ${response.url()}`);
    });
    page.on('console', (message) => {
      if (message.type() !== 'error' && message.type() !== 'warning') return;
      // The answer itself was judged above, with its status and address.
      if (message.text().startsWith('Failed to load resource')) return;
      this.#fault(`console ${message.type()}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.#fault(`script error: ${error.stack ?? error.message}`));
  }

  go(path) {
    return this.page.goto(this.url + path);
  }

  /** Signs in on the page's own form and sees the rooms. */
  async signIn(who = this.name, path = '/') {
    const { address, password } = this.house.person(who);
    await this.go(path);
    await this.page.getByLabel('Adresse e-mail').fill(address);
    await this.page.getByLabel('Mot de passe', { exact: true }).fill(password);
    await this.page.getByRole('button', { name: 'Se connecter', exact: true }).click();
    if (path === '/') await this.page.getByRole('heading', { name: 'Salons', exact: true }).waitFor();
  }

  /** Opens a room by its name in the rail. */
  async enter(room) {
    await this.page.getByRole('navigation').getByRole('link', { name: room }).click();
    await this.page.getByRole('heading', { level: 1, name: room }).waitFor();
  }

  composer() {
    return this.page.getByRole('textbox', { name: /^Écrire à/ });
  }

  async say(text) {
    await this.composer().fill(text);
    await this.page.keyboard.press('Enter');
    await this.said(text).waitFor();
  }

  /** The message with that text, once it is in the timeline: words of people, which no table carries into English. */
  said(text) {
    return this.page.getByRole('region', { name: 'Conversation' }).getByRole('article').and(this.page.locator(`:has-text(${JSON.stringify(text)})`));
  }

  async leave() {
    await this.context.close();
  }
}

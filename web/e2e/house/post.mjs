// A mail server: the real aiosmtpd (scripts/test.sh needs), a process of its own that keeps letters in a Maildir.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { freeTcp } from './server.mjs';
import { until } from './until.mjs';

const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const python = process.env.BEFFROI_MAIL_PYTHON || join(cache, 'beffroi', 'mail-venv', 'bin', 'python');

export class Post {
  #child;

  constructor(port, maildir) {
    this.port = port;
    this.maildir = maildir;
  }

  /** One that greets; `folder` is where it may keep things. */
  static async open(folder) {
    if (!existsSync(python)) throw new Error(`${python} is not there: run scripts/test.sh needs`);
    const post = new Post(await freeTcp(), join(folder, 'letters'));
    post.#child = spawn(python, ['-m', 'aiosmtpd', '-n', '-l', `127.0.0.1:${post.port}`, '-c', 'aiosmtpd.handlers.Mailbox', post.maildir], { stdio: 'ignore' });
    await until('the mail server greets', () => new Promise((greets) => {
      const socket = connect(post.port, '127.0.0.1', () => (socket.destroy(), greets(true))).once('error', () => greets(false));
    }));
    return post;
  }

  get settings() {
    return `[mail]\nsmtp = "127.0.0.1:${this.port}"\ntls = "none"\nfrom = "beffroi@demo.localhost"\n`;
  }

  /** The latest letter's link, once there are `count` letters. */
  async link(count = 1) {
    const text = await this.#latest(count);
    const found = /http:\/\/\S+\/bienvenue\/[\w-]+/.exec(text);
    if (!found) throw new Error(`no link in ${text}`);
    return found[0];
  }

  #names() {
    const folder = join(this.maildir, 'new');
    return existsSync(folder) ? readdirSync(folder).sort() : [];
  }

  #read(name) {
    const letter = readFileSync(join(this.maildir, 'new', name), 'utf8');
    const [head, ...body] = letter.split(/\r?\n\r?\n/);
    if (/transfer-encoding: base64/i.test(head)) return Buffer.from(body.join(''), 'base64').toString('utf8');
    const text = body.join('\n\n');
    if (!/transfer-encoding: quoted-printable/i.test(head)) return text;
    const bytes = text.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
    return Buffer.from(bytes, 'latin1').toString('utf8');
  }

  async #latest(count) {
    await until(`letter ${count}`, () => this.#names().length >= count);
    return this.#read(this.#names().at(-1));
  }

  /** The first link of a letter that says this, whatever else came. */
  async linkOf(words) {
    const found = () => this.#names().map((name) => this.#read(name)).find((text) => text.includes(words));
    await until(`a letter that says « ${words} »`, () => found() !== undefined, 60_000);
    return /http:\/\/\S+/.exec(found())[0];
  }

  /** The code of the latest letter, once there are `count` letters. */
  async code(count) {
    const text = await this.#latest(count);
    const found = /^\d{6}\s*$/m.exec(text);
    if (!found) throw new Error(`no code in ${text}`);
    return found[0].trim();
  }

  close() {
    this.#child?.kill();
  }
}

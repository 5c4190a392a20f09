// The real program on free ports, with a data folder of its own.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.mjs';

const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const target = process.env.CARGO_TARGET_DIR || join(cache, 'beffroi', 'target');
const program = process.env.BEFFROI_BIN || join(target, 'debug', 'beffroi');

/** A TCP port that nobody had a moment ago. */
export function freeTcp() {
  return new Promise((found, failed) => {
    const socket = createServer().once('error', failed);
    socket.listen(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => found(port));
    });
  });
}
function freeUdp() {
  return new Promise((found, failed) => {
    const socket = createSocket('udp4').once('error', failed);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => found(port));
    });
  });
}

export class House {
  #child = null;
  #said = '';

  constructor(data, port, media) {
    this.data = data;
    this.port = port;
    this.media = media;
    /** The page's origin: a secure context in Chromium, which resolves *.localhost by itself. */
    this.url = `http://demo.localhost:${port}`;
    /** address → { password, name } */
    this.people = new Map();
  }

  /** A demonstration on free ports in a fresh folder, answering. */
  static async open() {
    if (!existsSync(program)) throw new Error(`${program} is not there: cargo build -p beffroi, or set BEFFROI_BIN`);
    const house = new House(mkdtempSync(join(tmpdir(), 'beffroi-e2e-')), await freeTcp(), await freeUdp());
    await house.start('demo');
    for (const line of readFileSync(join(house.data, 'demo-passwords.txt'), 'utf8').split('\n')) {
      const found = /^(\S+@\S+)\s+(\S+)\s+(.+?)(?: \(.*\))?$/.exec(line);
      if (found) house.people.set(found[1], { address: found[1], password: found[2], name: found[3] });
    }
    if (house.people.size === 0) throw new Error('the demonstration wrote no passwords');
    return house;
  }

  person(name) {
    const person = this.people.get(`${name}@demo.localhost`);
    if (!person) throw new Error(`the demonstration has no ${name}`);
    return person;
  }

  async start(command = 'serve') {
    const child = spawn(program, [command, '--data', this.data, '--listen', `127.0.0.1:${this.port}`, '--media', `127.0.0.1:${this.media}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const keep = (bytes) => (this.#said = (this.#said + bytes).slice(-20_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    await until('the server is ready', async () => {
      if (child.exitCode !== null) throw new Error(`it stopped with ${child.exitCode}: ${this.#said}`);
      const answer = await fetch(`http://127.0.0.1:${this.port}/health/ready`, { headers: { host: `demo.localhost:${this.port}` } });
      return answer.ok;
    }, 60_000);
  }

  /** SIGTERM, as an operator stops it. */
  async stop() {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((exit) => child.once('exit', exit));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
    await gone;
    clearTimeout(late);
    this.#child = null;
  }

  async restart() {
    await this.stop();
    await this.start();
  }

  /** Runs another command of the program on the same data. */
  command(...words) {
    return this.commandWith('', ...words);
  }

  /** The same, with something on its standard input. */
  commandWith(input, ...words) {
    const { status, stdout, stderr } = spawnSync(program, [...words, '--data', this.data], { encoding: 'utf8', timeout: 60_000, input });
    return { status, said: `${stdout}${stderr}` };
  }

  /** What the program printed, for a failed test. */
  get said() {
    return this.#said;
  }

  async close() {
    await this.stop();
    if (!process.env.BEFFROI_E2E_KEEP) rmSync(this.data, { recursive: true, force: true });
  }
}

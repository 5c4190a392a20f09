import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../core/problem';
import type { Place } from '../core/wire';
import { Meetings } from './meetings';
import { readArchiveResult, readStanza } from './read';
import { bare, parseXml } from './xml';
import { Xmpp } from './xmpp';

/**
 * The transcripts that the server's tests replay, read from the other side. What the server says there
 * must mean to this client what `transcripts.golden.txt` says; `our-client.txt` is what this client asks,
 * byte for byte, which the server's test then understands. `vitest -u` rewrites the golden file: its diff
 * is reviewed like code.
 */
const transcripts: Record<string, string> = import.meta.glob('../../../transcripts/xmpp/*.txt', { query: '?raw', import: 'default', eager: true });
/** What this client asks; its answers are read below. */
const OURS = 'our-client.txt';
const people: Record<string, { address: string; name: string }> = {
  'alice@demo.localhost': { address: 'alice@demo.localhost', name: 'Alice Martin' },
  'bob@demo.localhost': { address: 'bob@demo.localhost', name: 'Bob Dupont' },
};
const me = { address: 'alice@demo.localhost', name: 'Alice Martin' };

interface Line {
  mark: string;
  text: string;
}

/** The lines of a transcript, as crates/testkit reads them. */
function lines(name: string): Line[] {
  const joined: string[] = [];
  for (const line of (transcripts[`../../../transcripts/xmpp/${name}`] ?? '').split('\n')) {
    if (line.startsWith('  ')) joined.push((joined.pop() ?? '') + line.trimStart());
    else joined.push(line);
  }
  return joined.filter(Boolean).map((line) => ({ mark: line.charAt(0), text: line.slice(2).replaceAll('\\n', '\n') }));
}
const isFrame = ({ mark, text }: Line) => mark === '>' && text.startsWith('<');

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 10, 23, 9) }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('what the server says means to this client what it meant', async () => {
  const read: string[] = [];
  const names = Object.keys(transcripts).map((path) => path.slice(path.lastIndexOf('/') + 1));
  for (const name of names.filter((one) => one !== OURS).sort()) {
    const frames = lines(name).filter(isFrame).map(({ text }) => parseXml(text));
    const stanzas = frames.flatMap((one) => (one && ['message', 'presence'].includes(one.localName) ? [one] : []));
    if (stanzas.length > 0) read.push(`# ${name}`);
    for (const stanza of stanzas) {
      const reader = people[bare(stanza.getAttribute('to') ?? '')] ?? me;
      const archived = readArchiveResult(stanza, reader);
      const found = archived ? [{ archived: archived.query, ...archived.event }] : readStanza(stanza, reader);
      read.push(...(found.length === 0 ? ['nothing'] : found.map((one) => JSON.stringify(one))));
    }
  }
  await expect(`${read.join('\n')}\n`).toMatchFileSnapshot('./transcripts.golden.txt');
});

class Socket extends EventTarget {
  readonly OPEN = 1;
  readyState = 1;
  sent: string[] = [];
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.readyState = 3;
  }
}

test('what this client asks is what the server’s transcript says', async () => {
  vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => array);
  const socket = new Socket();
  const heard: string[] = [];
  const handler = { ready: () => heard.push('ready'), incoming: (incoming: object) => heard.push(JSON.stringify(incoming)), signedOut: () => heard.push('signed out') };
  const asked = new Set<string>();
  /** Notes which methods were called. */
  const noting = <T extends object>(of: T): T =>
    new Proxy(of, {
      get(target, name) {
        asked.add(String(name));
        const found: unknown = Reflect.get(target, name, target);
        return typeof found === 'function' ? (found.bind(target) as unknown) : found;
      },
    });
  const real = new Xmpp('ws://x', 'demo.localhost', me, handler, () => socket as unknown as WebSocket);
  const [xmpp, meetings] = [noting(real), noting(new Meetings((type, to, payload) => real.ask(type, to, payload)))];
  const room: Place = { address: 'accueil@rooms.demo.localhost', kind: 'group' };
  const bob: Place = { address: 'bob@demo.localhost', kind: 'direct' };
  const at = room.address;

  const acts: [string, () => unknown][] = [
    ['signs in by the cookie', () => [xmpp.open(), socket.dispatchEvent(new Event('open'))]],
    ['asks who is there', () => xmpp.roster()],
    ['wants copies', () => xmpp.carbons()],
    ['is present, then away', () => [xmpp.present(false), xmpp.present(true)]],
    ['enters a room', () => xmpp.enter(at)],
    ['speaks in a room, in its meeting, to somebody', () => [xmpp.say(room, 'm1', 'L’<ordre> du jour', null), xmpp.say(room, 'm2', 'Je partage', '0000000000007'), xmpp.say(bob, 'm3', 'Tu viens ?\nOui', null)]],
    ['types, and stops', () => [xmpp.typing(room, true), xmpp.typing(bob, false)]],
    ['has read, in a room and between two', () => [xmpp.displayed(room, 42), xmpp.displayed(bob, 42)]],
    ['reads the latest page of a room', () => xmpp.archive(room, { max: 50 })],
    ['reads the page before', () => xmpp.archive(room, { before: 41, max: 50 })],
    ['reads what it missed between two', () => xmpp.archive(bob, { after: 41, max: 100 })],
    ['rings', () => meetings.ring(at)],
    ['knocks', () => meetings.knock(at)],
    ['joins', () => meetings.join(at, 'v=0\r\n')],
    ['sends a picture', () => meetings.media(at, { audio: true, video: true, screen: false })],
    ['raises a hand', () => meetings.hand(at, true)],
    ['lowers a hand', () => meetings.lower(at, 'P1')],
    ['admits', () => meetings.admit(at, '0000000000001@guests.demo.localhost')],
    ['refuses', () => meetings.refuse(at, '0000000000001@guests.demo.localhost')],
    ['removes', () => meetings.remove(at, 'P2')],
    ['asks for the state', () => meetings.state(at)],
    ['leaves', () => meetings.leave(at)],
    ['ends', () => meetings.end(at)],
    ['suspects that the link is dead', () => xmpp.suspect()],
    ['declines a call', () => meetings.decline(bob.address)],
    ['leaves for good', () => xmpp.close()],
  ];
  const script = lines(OURS);
  const answers: string[] = [];
  for (const [title, act] of acts) {
    const begin = script.findIndex(({ mark, text }) => mark === '#' && text === title);
    expect(begin, title).toBeGreaterThanOrEqual(0);
    const rest = script.slice(begin + 1);
    const end = rest.findIndex(({ mark }) => mark === '#');
    const done = Promise.resolve(act()).catch((cause: unknown) => Problem.from(cause).detail);
    for (const line of end < 0 ? rest : rest.slice(0, end)) {
      if (line.mark === '<') expect(socket.sent.shift(), title).toBe(line.text);
      else if (isFrame(line)) socket.dispatchEvent(new MessageEvent('message', { data: line.text }));
    }
    expect(socket.sent, `${title}: said more than is written`).toEqual([]);
    const answer: unknown = await done;
    answers.push(`# ${title}`, ...heard.splice(0), ...(typeof answer === 'object' || typeof answer === 'string' ? [JSON.stringify(answer)] : []));
  }
  await expect(`${answers.join('\n')}\n`).toMatchFileSnapshot('./our-client.golden.txt');

  // Whoever adds a request adds it above.
  const methods = [...Object.getOwnPropertyNames(Xmpp.prototype), ...Object.getOwnPropertyNames(Meetings.prototype), ...Object.keys(new Meetings(() => Promise.reject(new Error('nobody answers'))))];
  const silent = ['constructor', 'subscribe', 'online', 'ask', 'hurry', 'again'];
  expect(methods.filter((name) => !asked.has(name) && !silent.includes(name))).toEqual([]);
  real.close();
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Connection, StanzaError } from './connection';
import { x } from './xml';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A socket whose other end is the test. */
class Socket extends EventTarget {
  readonly OPEN = 1;
  readyState = 0;
  sent: string[] = [];
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(new Event('close'));
  }
  say(text: string): void {
    this.dispatchEvent(new MessageEvent('message', { data: text }));
  }
  /** Answers as a server does, to the end of binding. */
  accept(): void {
    const features = (inside: string) => this.say(`<stream:features xmlns:stream='http://etherx.jabber.org/streams'>${inside}</stream:features>`);
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
    features(`<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>`);
    this.say(`<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`);
    features(`<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>`);
    this.say(`<iq xmlns='jabber:client' type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>a@x/web</jid></bind></iq>`);
  }
}

function dial() {
  const sockets: Socket[] = [];
  const told: string[] = [];
  const connection = new Connection(
    'wss://x/xmpp-websocket',
    'x',
    { ready: (jid) => told.push(`ready ${jid}`), stanza: (stanza) => told.push(stanza.localName), signedOut: () => told.push('signed out') },
    () => {
      const socket = new Socket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
  );
  connection.subscribe((link) => told.push(link));
  connection.open();
  return { connection, sockets, told, last: () => sockets.at(-1) as Socket };
}

test('a lost link is dialled again, later and later, and at once when told to hurry', () => {
  const { connection, sockets, last } = dial();
  last().accept();
  last().close();
  expect(connection.value).toBe('offline');
  vi.advanceTimersByTime(500);
  expect(sockets.length).toBe(2);
  last().close();
  vi.advanceTimersByTime(499);
  expect(sockets.length).toBe(2);
  connection.hurry();
  expect(sockets.length).toBe(3);
  last().accept();
  expect(connection.value).toBe('online');
});

test('an IQ is answered by its id; an error and a lost link are told apart', async () => {
  const { connection, last } = dial();
  last().accept();
  const good = connection.ask('get', 'r@rooms.x', x('a', { xmlns: 'urn:a' }));
  const bad = connection.ask('set', 'r@rooms.x', x('b', { xmlns: 'urn:a' })).catch((error: StanzaError) => error);
  const lost = connection.ask('get', null, x('c', { xmlns: 'urn:a' })).catch((error: StanzaError) => error);
  last().say(`<iq xmlns='jabber:client' type='error' id='q2'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Non.</text></error></iq>`);
  last().say(`<iq xmlns='jabber:client' type='result' id='q1'/>`);
  last().close();
  expect((await good).getAttribute('id')).toBe('q1');
  expect(await bad).toMatchObject({ condition: 'forbidden', text: 'Non.' });
  expect(await lost).toMatchObject({ condition: 'lost' });
});

test('a server that falls silent is noticed by its unanswered ping; one that answers stays', async () => {
  const { connection, sockets, last } = dial();
  last().accept();
  await vi.advanceTimersByTimeAsync(25_000);
  const ping = last().sent.at(-1) ?? '';
  expect(ping).toContain('urn:xmpp:ping');
  last().say(`<iq xmlns='jabber:client' type='result' id='${/id='(q\d+)'/.exec(ping)?.[1] ?? ''}'/>`);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(connection.value).toBe('online');
  await vi.advanceTimersByTimeAsync(20_000);
  expect(sockets.length).toBeGreaterThan(1);
});

test('a dial that never binds is given up and tried again', async () => {
  const { sockets } = dial();
  await vi.advanceTimersByTimeAsync(16_000);
  expect(sockets.length).toBe(2);
});

test('a ping of the server is answered, an unknown request is refused', () => {
  const { last } = dial();
  last().accept();
  last().say(`<iq xmlns='jabber:client' type='get' id='s1' from='x'><ping xmlns='urn:xmpp:ping'/></iq>`);
  last().say(`<iq xmlns='jabber:client' type='get' id='s2' from='x'><other xmlns='urn:other'/></iq>`);
  expect(last().sent.slice(-2)).toEqual([
    `<iq xmlns='jabber:client' type='result' id='s1' to='x'/>`,
    `<iq xmlns='jabber:client' type='error' id='s2' to='x'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`,
  ]);
});

test('a session that is over is told, and leaving for good dials no more', async () => {
  const { connection, sockets, told, last } = dial();
  last().accept();
  last().say(`<stream:error xmlns:stream='http://etherx.jabber.org/streams'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`);
  expect(told).toContain('signed out');
  connection.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sockets.length).toBe(1);
});

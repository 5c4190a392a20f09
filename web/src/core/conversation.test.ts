import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Conversation } from './conversation';
import type { RoomEvent } from './events';
import type { ArchivePage, Place, Wire } from './wire';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const place: Place = { address: 'accueil@rooms.x', kind: 'group' };

/** A room whose timeline is an array; the link can be cut. */
class Room implements Wire {
  online = true;
  timeline: RoomEvent[] = [];
  sent: string[] = [];
  read: number[] = [];
  asked: object[] = [];

  speak(who: string, body: string, id = `${who}${this.timeline.length}`): RoomEvent {
    const event: RoomEvent = { type: 'speech', seq: this.timeline.length + 1, at: 0, id, body, thread: null, author: { address: `${who}@x`, name: who, kind: 'account' } };
    this.timeline.push(event);
    return event;
  }
  say(_: Place, id: string): boolean {
    if (this.online) this.sent.push(id);
    return this.online;
  }
  suspect(): void {}
  typing(): void {}
  displayed(_: Place, seq: number): void {
    this.read.push(seq);
  }
  archive(_: Place, page: { before?: number; after?: number; max: number }): Promise<ArchivePage> {
    this.asked.push(page);
    if (!this.online) return Promise.reject(new Error('offline'));
    const { before = Infinity, after } = page;
    const range = this.timeline.filter((event) => event.seq < before && event.seq > (after ?? 0));
    const events = after === undefined ? range.slice(-page.max) : range.slice(0, page.max);
    return Promise.resolve({ events, complete: events.length === range.length });
  }
}

function enter(room: Room, readUpTo: (seq: number) => void = () => {}) {
  let ids = 0;
  return new Conversation(room, { place, me: { address: 'alice@x', name: 'alice' }, whole: true, marks: true, newId: () => `mine${(ids += 1)}`, onRead: readUpTo });
}
const seqs = (conversation: Conversation) => conversation.value.events.map((event) => event.seq);
const settle = () => vi.advanceTimersByTimeAsync(0);

test('opens on the latest page and goes back page by page to the first event, each once', async () => {
  const room = new Room();
  for (let i = 0; i < 120; i += 1) room.speak('bob', `mot ${i}`);
  const conversation = enter(room);
  await conversation.open(0);
  expect(seqs(conversation)[0]).toBe(71);
  await conversation.loadOlder();
  await conversation.loadOlder();
  await conversation.loadOlder();
  expect(seqs(conversation)).toEqual(room.timeline.map((event) => event.seq));
  expect(conversation.value.complete).toBe(true);
});

test('what I write shows at once and is acknowledged by its coming back', async () => {
  const room = new Room();
  const conversation = enter(room);
  await conversation.open(0);
  conversation.send('  Bonjour  ');
  expect(conversation.value.pending).toMatchObject([{ body: 'Bonjour', status: 'sending' }]);
  conversation.handleEvent(room.speak('alice', 'Bonjour', 'mine1'));
  expect(conversation.value.pending).toEqual([]);
  expect(seqs(conversation)).toEqual([1]);
});

test('written offline it waits, leaves with the link, and arrives once even if its answer was lost', async () => {
  const room = new Room();
  const conversation = enter(room);
  await conversation.open(0);
  room.online = false;
  conversation.send('un');
  expect(conversation.value.pending).toMatchObject([{ status: 'waiting' }]);
  room.online = true;
  await conversation.resync();
  expect(room.sent).toEqual(['mine1']);
  // The server kept it, but the link went before it said so.
  room.speak('alice', 'un', 'mine1');
  await conversation.resync();
  expect(room.sent).toEqual(['mine1']);
  expect(conversation.value.pending).toEqual([]);
});

test('what was on its way when the link went waits for its return', async () => {
  const room = new Room();
  const conversation = enter(room);
  await conversation.open(0);
  conversation.send('un');
  room.online = false;
  conversation.handleLinkLost();
  expect(conversation.value.pending).toMatchObject([{ status: 'waiting' }]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(conversation.value.pending).toMatchObject([{ status: 'waiting' }]);
});

test('a message that takes the link down each time stops trying', async () => {
  const room = new Room();
  const conversation = enter(room);
  await conversation.open(0);
  conversation.send('un');
  for (let i = 0; i < 6; i += 1) {
    conversation.handleLinkLost();
    await conversation.resync();
  }
  expect(room.sent.length).toBe(4);
  expect(conversation.value.pending).toMatchObject([{ status: 'failed' }]);
});

test('a hole in the numbers is filled from the archive', async () => {
  const room = new Room();
  room.speak('bob', 'un');
  const conversation = enter(room);
  await conversation.open(0);
  room.speak('bob', 'deux, perdu en route');
  conversation.handleEvent(room.speak('bob', 'trois'));
  await settle();
  expect(seqs(conversation)).toEqual([1, 2, 3]);
});

test('an absence too long to fill shows the latest page instead', async () => {
  const room = new Room();
  room.speak('bob', 'un');
  const conversation = enter(room);
  await conversation.open(0);
  for (let i = 0; i < 2000; i += 1) room.speak('bob', `mot ${i}`);
  await conversation.resync();
  expect(seqs(conversation)).toEqual(Array.from({ length: 50 }, (_, i) => 1952 + i));
  expect(conversation.value.complete).toBe(false);
});

test('a message refused is kept with the reason and can be sent again', async () => {
  const room = new Room();
  const conversation = enter(room);
  await conversation.open(0);
  conversation.send('un');
  conversation.handleRefused('mine1', 'Vous n’êtes pas membre.');
  expect(conversation.value.pending).toMatchObject([{ status: 'failed', why: 'Vous n’êtes pas membre.' }]);
  await conversation.retry('mine1');
  expect(room.sent).toEqual(['mine1', 'mine1']);
});

test('without an answer it is looked for in the archive, then called lost', async () => {
  const room = new Room();
  const conversation = enter(room);
  await conversation.open(0);
  conversation.send('un');
  conversation.send('deux');
  room.speak('alice', 'un', 'mine1');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(conversation.value.pending.map((one) => one.id)).toEqual(['mine2']);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(conversation.value.pending).toMatchObject([{ status: 'failed' }]);
});

test('reading is told only while someone looks, and once per event', async () => {
  const room = new Room();
  const told: number[] = [];
  const conversation = enter(room, (seq) => told.push(seq));
  room.speak('bob', 'un');
  await conversation.open(0);
  expect(told).toEqual([]);
  conversation.watch(true);
  conversation.watch(true);
  conversation.handleEvent(room.speak('bob', 'deux'));
  conversation.watch(false);
  conversation.handleEvent(room.speak('bob', 'trois'));
  expect(room.read).toEqual([1, 2]);
  expect(told).toEqual([1, 2]);
});

test('what comes while I look is not new, what came behind my back is', async () => {
  const room = new Room();
  room.speak('bob', 'un');
  const conversation = enter(room);
  await conversation.open(1);
  conversation.watch(true);
  conversation.handleEvent(room.speak('bob', 'deux'));
  expect(conversation.value.newAfter).toBe(2);
  conversation.watch(false);
  conversation.handleEvent(room.speak('bob', 'trois'));
  conversation.watch(true);
  conversation.handleEvent(room.speak('bob', 'quatre'));
  expect(conversation.value.newAfter).toBe(2);
  conversation.send('cinq');
  expect(conversation.value.newAfter).toBe(4);
});

test('somebody stops writing when they have spoken, or after a while', () => {
  const room = new Room();
  const conversation = enter(room);
  conversation.handleTyping('bob', true);
  conversation.handleTyping('claire', true);
  expect(conversation.value.typing).toEqual(['bob', 'claire']);
  conversation.handleEvent(room.speak('bob', 'voilà'));
  expect(conversation.value.typing).toEqual(['claire']);
  vi.advanceTimersByTime(15_000);
  expect(conversation.value.typing).toEqual([]);
});

test('who has read is known from the members’ list, goes on live, and ends with membership', () => {
  const conversation = enter(new Room());
  const member = (name: string, read_seq: number) => ({ address: `${name}@x`, name, role: 'member' as const, read_seq });
  const reads = () => [...conversation.value.reads].map(([address, { name, seq }]) => `${address} ${name} ${seq}`);
  conversation.handleRead('bob@x', 'bob', 7); // overtook the list
  conversation.handleMembers([member('alice', 9), member('bob', 4), member('claire', 5)]);
  expect(reads()).toEqual(['bob@x bob 7', 'claire@x claire 5']);
  conversation.handleRead('claire@x', 'claire', 6);
  conversation.handleRead('claire@x', 'claire', 3);
  conversation.handleMembers([member('alice', 9), member('claire', 5)]);
  expect(reads()).toEqual(['claire@x claire 6']);
});

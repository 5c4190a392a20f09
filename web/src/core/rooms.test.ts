import { expect, test } from 'vitest';
import type { RoomEvent } from './events';
import { plain, Rooms } from './rooms';
import { Roster } from './roster';
import type { Room } from './types';

const room = (id: string, change: Partial<Room> = {}): Room => ({
  id,
  address: `${id}@rooms.x`,
  name: id,
  topic: '',
  kind: 'group',
  label: 'internal',
  role: 'member',
  last_seq: 10,
  read_seq: 10,
  unread: 0,
  last_us: 1,
  meeting: false,
  member_count: 2,
  ...change,
});
const speech = (seq: number, who: string): RoomEvent => ({ type: 'speech', seq, at: seq, id: '', body: 'x', thread: null, author: { address: who, name: who, kind: 'account' } });
const happening = (seq: number, type: 'meeting-started' | 'meeting-ended' | 'label-changed', detail = {}): RoomEvent => ({ type, seq, at: seq, by: 'b', detail });

test('words of others count as unread and bring the room up; mine and repeated ones do not', async () => {
  const rooms = new Rooms(() => Promise.resolve([room('a', { last_us: 5 }), room('b')]), 'alice@x');
  await rooms.refresh();
  rooms.handleEvent('b@rooms.x', speech(11, 'bob@x'));
  rooms.handleEvent('b@rooms.x', speech(11, 'bob@x'));
  rooms.handleEvent('b@rooms.x', speech(12, 'alice@x'));
  expect(rooms.value.rooms.map((one) => [one.id, one.unread])).toEqual([['b', 1], ['a', 0]]);
  rooms.read('b@rooms.x', 12);
  expect(rooms.byId('b')).toMatchObject({ unread: 0, read_seq: 12 });
});

test('a meeting and a label are followed', async () => {
  const rooms = new Rooms(() => Promise.resolve([room('a')]), 'alice@x');
  await rooms.refresh();
  rooms.handleEvent('a@rooms.x', happening(11, 'meeting-started'));
  expect(rooms.byId('a')?.meeting).toBe(true);
  rooms.handleEvent('a@rooms.x', happening(12, 'label-changed', { to: 'sensitive' }));
  rooms.handleEvent('a@rooms.x', happening(13, 'meeting-ended'));
  expect(rooms.byId('a')).toMatchObject({ meeting: false, label: 'sensitive', unread: 0 });
  expect(rooms.handleEvent('zz@rooms.x', speech(1, 'bob@x'))).toBe(false);
});

test('a missed call counts as unread for whom it was, and only for them', async () => {
  const call = (seq: number, type: 'call-missed' | 'call-declined', by: string): RoomEvent => ({ type, seq, at: seq, by, detail: { by } });
  const rooms = new Rooms(() => Promise.resolve([room('a', { kind: 'direct', meeting: true })]), 'alice@x');
  await rooms.refresh();
  rooms.handleEvent('a@rooms.x', call(11, 'call-missed', 'bob@x'));
  expect(rooms.byId('a')).toMatchObject({ meeting: false, unread: 1 });
  rooms.handleEvent('a@rooms.x', call(12, 'call-missed', 'alice@x'));
  rooms.handleEvent('a@rooms.x', call(13, 'call-declined', 'bob@x'));
  expect(rooms.byId('a')?.unread).toBe(1);
});

test('an answer that events have overtaken does not bring the past back', async () => {
  let answer: (rooms: Room[]) => void = () => {};
  const rooms = new Rooms(() => new Promise((resolve) => (answer = resolve)), 'alice@x');
  const first = rooms.refresh();
  answer([room('a')]);
  await first;
  const second = rooms.refresh();
  rooms.handleEvent('a@rooms.x', speech(11, 'bob@x'));
  answer([room('a', { name: 'renamed' })]);
  await second;
  expect(rooms.byId('a')).toMatchObject({ name: 'renamed', last_seq: 11, unread: 1 });
});

test('presence is the best of one’s devices, and is forgotten with the link', () => {
  const roster = new Roster();
  roster.handlePeople([{ address: 'bob@x', name: 'Bob' }]);
  roster.handlePresence('bob@x', 'phone', 'away');
  roster.handlePresence('bob@x', 'web', 'available');
  expect(roster.value[0]?.presence).toBe('available');
  roster.handlePresence('bob@x', 'web', 'offline');
  expect(roster.value[0]?.presence).toBe('away');
  roster.forget();
  expect(roster.value[0]?.presence).toBe('offline');
});

test('searching ignores case and accents', () => {
  expect(plain('Équipe Été')).toBe('equipe ete');
});

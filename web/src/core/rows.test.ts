import { expect, test } from 'vitest';
import type { RoomEvent } from './events';
import { readers, rows } from './rows';

const minute = 60_000;
const said = (seq: number, who: string, at: number): RoomEvent => ({
  type: 'speech',
  seq,
  at,
  id: `m${seq}`,
  body: `mot ${seq}`,
  thread: null,
  author: { address: `${who}@x`, name: who, kind: 'account' },
});
const day = (at: number) => String(Math.floor(at / 86_400_000));
const shape = (events: RoomEvent[], newAfter: number | null) =>
  rows(events, newAfter, 'alice@x', day).map((row) => (row.kind === 'said' ? `${row.continued ? '+' : ''}${row.event.seq}` : row.kind));

test('one person’s words within five minutes stand together', () => {
  expect(shape([said(1, 'bob', 0), said(2, 'bob', minute), said(3, 'alice', 2 * minute), said(4, 'alice', 9 * minute)], null)).toEqual(['day', '1', '+2', '3', '4']);
});

test('a day begins a group, and so does the line of what is new', () => {
  const events = [said(1, 'bob', 86_400_000 - minute), said(2, 'bob', 86_400_000), said(3, 'bob', 86_400_000 + minute)];
  expect(shape(events, 2)).toEqual(['day', '1', 'day', '2', 'new', '3']);
});

test('my own words are not new to me', () => {
  expect(shape([said(1, 'bob', 0), said(2, 'alice', minute)], 1)).toEqual(['day', '1', '2']);
  expect(shape([said(2, 'alice', 0), said(3, 'bob', minute)], 1)).toEqual(['day', '2', 'new', '3']);
});

test('who has seen my latest words, by name', () => {
  const events = [said(1, 'alice', 0), said(2, 'bob', 1), said(3, 'alice', 2)];
  expect(readers(events, new Map([['b@x', { name: 'Bob', seq: 3 }], ['c@x', { name: 'Claire', seq: 2 }]]), 'alice@x')).toEqual({ seq: 3, names: ['Bob'] });
});

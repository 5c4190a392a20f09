import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { MeetingState } from './events';
import { Meeting, type Call } from './meeting';
import { Problem } from './problem';
import type { MeetingWire } from './wire';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const state = (change: Partial<MeetingState> = {}): MeetingState => ({
  id: 'M',
  version: 1,
  started: 0,
  ends: null,
  me: 'P1',
  admitted: true,
  participants: [{ id: 'P1', address: 'a@x', name: 'a', kind: 'account', role: 'owner', audio: false, video: false, screen: false, slots: [] }],
  hands: [],
  waiting: [],
  called: null,
  over: null,
  ...change,
});

function room(guest = false) {
  const done: string[] = [];
  let now: MeetingState | null = state();
  const say = (what: string) => {
    done.push(what);
    return Promise.resolve();
  };
  const wire: MeetingWire = {
    ring: () => say('ring').then(() => 'M'),
    knock: () => say('knock'),
    join: () => say('join').then(() => ({ participant: 'P1', answer: 'answer' })),
    decline: () => say('decline'),
    leave: () => say('leave'),
    media: (_, sends) => say(`media ${JSON.stringify(Object.values(sends))}`),
    hand: (_, raised) => say(`hand ${raised}`),
    lower: () => say('lower'),
    admit: () => say('admit'),
    refuse: () => say('refuse'),
    remove: () => say('remove'),
    end: () => say('end'),
    state: () => Promise.resolve(now),
  };
  const calls: { lost: () => void; closed: boolean }[] = [];
  const makeCall = (lost: () => void): Call => {
    const call = { lost, closed: false };
    calls.push(call);
    return { offer: () => Promise.resolve('offer'), accept: () => Promise.resolve(), close: () => void (call.closed = true) };
  };
  const meeting = new Meeting(wire, 'r@rooms.x', guest);
  return { meeting, done, calls, makeCall, wire, is: (next: MeetingState | null) => (now = next) };
}
const off = { audio: false, video: false, screen: false };
const settle = () => vi.advanceTimersByTimeAsync(0);

test('joining offers, answers, and says what is sent', async () => {
  const { meeting, done, makeCall } = room();
  await meeting.join(makeCall, { ...off, audio: true });
  expect(done).toEqual(['join', 'media [true,false,false]']);
  expect(meeting.value).toMatchObject({ phase: 'inside', me: 'P1' });
});

test('a guest knocks, sends nothing, and goes in when let in', async () => {
  const { meeting, done, calls, makeCall } = room(true);
  await meeting.join(makeCall, off);
  expect(meeting.value.phase).toBe('waiting');
  expect(calls).toEqual([]);
  meeting.handleState(state({ admitted: false, participants: [] }));
  expect(done).toEqual(['knock']);
  meeting.handleState(state({ version: 2 }));
  await settle();
  expect(meeting.value.phase).toBe('inside');
});

test('an older state is ignored', async () => {
  const { meeting } = room();
  meeting.handleState(state({ version: 5, hands: ['P2', 'P1'] }));
  meeting.handleState(state({ version: 4 }));
  expect(meeting.value.meeting?.hands).toEqual(['P2', 'P1']);
});

test('a broken media path is made again while the meeting is on', async () => {
  const { meeting, calls, makeCall } = room();
  await meeting.join(makeCall, off);
  calls[0]?.lost();
  await settle();
  expect(calls.map((call) => call.closed)).toEqual([true, false]);
  expect(meeting.value.phase).toBe('inside');
});

test('« ended » while it is still on means that my path was lost; otherwise it is over', async () => {
  const { meeting, calls, makeCall, is } = room();
  await meeting.join(makeCall, off);
  meeting.handleState(state({ over: 'ended' }));
  await settle();
  expect(meeting.value.phase).toBe('inside');
  is(null);
  meeting.handleState(state({ over: 'ended' }));
  await settle();
  expect(meeting.value).toMatchObject({ phase: 'over', over: 'ended' });
  expect(calls.every((call) => call.closed)).toBe(true);
});

test('removed is removed: the call closes at once', async () => {
  const { meeting, calls, makeCall } = room();
  await meeting.join(makeCall, off);
  meeting.handleState(state({ over: 'removed' }));
  expect(calls[0]?.closed).toBe(true);
  expect(meeting.value).toMatchObject({ phase: 'over', over: 'removed' });
});

test('leaving is not undone by the server’s word about it', async () => {
  const { meeting, makeCall } = room();
  await meeting.join(makeCall, off);
  await meeting.leave();
  meeting.handleState(state({ over: 'ended' }));
  expect(meeting.value).toMatchObject({ phase: 'over', over: 'left' });
});

test('between two, going in rings first, and a call that is over says so', async () => {
  const { meeting, done, makeCall, wire } = room();
  meeting.want();
  expect(meeting.value).toMatchObject({ phase: 'outside', wanted: true });
  await meeting.join(makeCall, off, true);
  expect(done.slice(0, 2)).toEqual(['ring', 'join']);
  expect(meeting.value).toMatchObject({ phase: 'inside', wanted: false });
  meeting.handleState(state({ over: 'declined' }));
  expect(meeting.value).toMatchObject({ phase: 'over', over: 'declined' });
  wire.join = () => Promise.reject(new Problem({ status: 0, title: 'not-found', detail: '' }));
  meeting.want();
  await meeting.join(makeCall, off);
  expect(meeting.value).toMatchObject({ phase: 'over', over: 'ended' });
});

test('a refused join is shown with its reason', async () => {
  const { meeting, makeCall, wire } = room();
  wire.join = () => Promise.reject(new Problem({ status: 0, title: 'denied', detail: 'Pas ici.' }));
  await meeting.join(makeCall, off);
  expect(meeting.value).toMatchObject({ phase: 'outside', problem: { title: 'denied' } });
});

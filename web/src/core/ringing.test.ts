import { expect, test } from 'vitest';
import { Ringing } from './ringing';

const call = (meeting: string, state: 'rings' | 'taken' | 'over', by = 'bob@x') => ({ kind: 'call' as const, room: by === 'alice@x' ? 'bob@x' : by, meeting, state, by, name: by });
const names = (ringing: Ringing) => ringing.value.map((one) => one.name);

test('a call rings once however often it is told, until it is taken or over', () => {
  const ringing = new Ringing('alice@x');
  ringing.handleCall(call('M', 'rings'));
  ringing.handleCall(call('M', 'rings'));
  ringing.handleCall(call('N', 'rings', 'claire@x'));
  expect(names(ringing)).toEqual(['bob@x', 'claire@x']);
  ringing.handleCall(call('M', 'taken'));
  expect(names(ringing)).toEqual(['claire@x']);
  ringing.handleCall(call('N', 'over', 'claire@x'));
  expect(names(ringing)).toEqual([]);
});

test('my own call does not ring for me', () => {
  const ringing = new Ringing('alice@x');
  ringing.handleCall(call('M', 'rings', 'alice@x'));
  expect(names(ringing)).toEqual([]);
});

test('what the timeline says is over rings no more, nor what was told before the link was lost', () => {
  const ringing = new Ringing('alice@x');
  ringing.handleCall(call('M', 'rings'));
  ringing.handleEvent('bob@x', { type: 'meeting-started', seq: 1, at: 1, by: 'bob', detail: {} });
  expect(names(ringing)).toEqual(['bob@x']);
  ringing.handleEvent('bob@x', { type: 'call-missed', seq: 2, at: 2, by: 'bob', detail: {} });
  expect(names(ringing)).toEqual([]);
  ringing.handleCall(call('N', 'rings'));
  ringing.handleLinkLost();
  expect(names(ringing)).toEqual([]);
});

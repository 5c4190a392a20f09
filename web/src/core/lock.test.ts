import { expect, test } from 'vitest';
import { LockTimer } from './lock';

const MINUTE = 60_000;
/** Five minutes, of which `left` ms are left on the server's clock, which is a day ahead of this machine's. */
const facts = (left: number) => ({ lock_minutes: 5, now_us: 86_400_000_000, locks_us: 86_400_000_000 + left * 1000 });

test('it warns twenty seconds before, then locks', () => {
  const timer = new LockTimer();
  expect(timer.phase(0)).toBe('open');
  timer.hear(facts(5 * MINUTE), 0);
  expect([5 * MINUTE - 20_001, 5 * MINUTE - 20_000, 5 * MINUTE].map((now) => timer.phase(now))).toEqual(['open', 'warn', 'lock']);
  expect(timer.left(5 * MINUTE - 12_300)).toBe(13);
});

test('use pushes it back, and the server hears of it at most once a minute', () => {
  const timer = new LockTimer();
  timer.hear(facts(5 * MINUTE), 0);
  timer.use(10_000);
  expect(timer.owes(10_000)).toBe(false);
  expect(timer.owes(MINUTE)).toBe(true);
  timer.hear(facts(5 * MINUTE), MINUTE);
  expect(timer.owes(2 * MINUTE)).toBe(false);
  timer.use(2 * MINUTE + 1);
  expect(timer.owes(30 * MINUTE), 'who closed the lid half an hour ago is not there').toBe(false);
  timer.use(4 * MINUTE);
  expect(timer.phase(8 * MINUTE)).toBe('open');
  expect(timer.phase(9 * MINUTE)).toBe('lock');
});

test('what the server knew before the page was opened counts', () => {
  const timer = new LockTimer();
  timer.hear(facts(30_000), 1000);
  expect(timer.phase(11_000)).toBe('warn');
  expect(timer.phase(31_000)).toBe('lock');
});

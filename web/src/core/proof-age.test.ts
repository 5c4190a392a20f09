import { expect, test } from 'vitest';
import { closes, minutesLeft, WARN_BEFORE } from './proof-age';

test('a room closes so many hours after the last proof, by the clock of the server', () => {
  const here = 1_000_000; // another clock than the server's
  const proved = { identified_us: 50_000_000_000, now_us: 50_000_000_000 + 3_600_000_000 };
  const closing = closes(proved, 2, here);
  expect(closing).toBe(here + 3_600_000);
  expect(minutesLeft(closing, closing - WARN_BEFORE - 1)).toBeNull();
  expect(minutesLeft(closing, closing - WARN_BEFORE)).toBe(5);
  expect(minutesLeft(closing, closing - 1)).toBe(1);
  expect(minutesLeft(closing, closing)).toBe(0);
  expect(closes({ ...proved, identified_us: proved.now_us }, 2, here)).toBe(here + 7_200_000);
});

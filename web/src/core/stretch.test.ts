import { expect, test } from 'vitest';
import { AT_END, bounds, FIRST, MOST, newer, older, placeOf, trimmed, type Stretch } from './stretch';

const held = (count: number, first = 1) => Array.from({ length: count }, (_, at) => ({ seq: first + at }));

test('at the end the latest are laid out, and what comes joins them', () => {
  expect(bounds(held(10), AT_END)).toEqual([0, 10]);
  expect(bounds(held(1000), AT_END)).toEqual([1000 - FIRST, 1000]);
  expect(bounds(held(1001), AT_END)).toEqual([1001 - FIRST, 1001]);
  expect(bounds([], AT_END)).toEqual([0, 0]);
});

test('to the beginning and back every event is laid out once in between, and never more than a bounded number', () => {
  const events = held(10_000, 17);
  let stretch: Stretch = AT_END;
  const seen = new Set<number>();
  const look = () => {
    const [start, end] = bounds(events, stretch);
    expect(end - start).toBeLessThanOrEqual(MOST);
    for (const { seq } of events.slice(start, end)) seen.add(seq);
  };
  for (let next: Stretch | null = stretch; next; next = older(events, stretch)) {
    stretch = next;
    look();
  }
  expect(seen.size).toBe(10_000);
  expect(bounds(events, stretch)).toEqual([0, MOST]);
  for (let next: Stretch | null = stretch; next; next = newer(events, stretch)) {
    stretch = next;
    look();
  }
  expect(stretch.to).toBe(0);
  expect(bounds(events, stretch)[1]).toBe(10_000);
});

test('pages that come in before, and words that come after, move nothing of what is laid out', () => {
  const middle: Stretch = { from: 400, to: 500 };
  expect(bounds(held(1000), middle)).toEqual([399, 500]);
  expect(bounds([...held(100, 251), ...held(650, 351)], middle)).toEqual([149, 250]);
  expect(newer(held(500), middle)).toBeNull();
  expect(bounds(held(600), { from: 400, to: 0 })).toEqual([399, 600]);
});

test('what is too much is let go of where nobody looks', () => {
  expect(trimmed(held(MOST), { from: 1, to: 0 }, 'last')).toBeNull();
  expect(trimmed(held(1000), { from: 1, to: 0 }, 'first')).toEqual({ from: 1, to: MOST });
  expect(trimmed(held(1000), { from: 1, to: 0 }, 'last')).toEqual({ from: 1001 - MOST, to: 0 });
});

test('a number that is not held stands where it would', () => {
  const events = [{ seq: 3 }, { seq: 7 }];
  expect([1, 3, 4, 7, 8].map((seq) => placeOf(events, seq))).toEqual([0, 0, 1, 1, 2]);
});

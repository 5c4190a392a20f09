import { expect, test } from 'vitest';
import { Problem } from './problem';

const denied = (rule?: string) => new Problem({ status: 403, title: 'denied', detail: '', ...(rule === undefined ? {} : { rule }) });

test('what refuses a whole room is said once; another refusal, or one without a rule, is said beside it', () => {
  expect(denied('clearance').repeats(denied('clearance'))).toBe(true);
  expect(denied('clearance').repeats(denied('rank'))).toBe(false);
  expect(denied('clearance').repeats(null)).toBe(false);
  expect(denied().repeats(denied())).toBe(false);
});

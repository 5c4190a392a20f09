import { expect, test } from 'vitest';
import { mayUse } from './requests';

const approved = { own: true, act: 'export', right_until_us: 1_000, used_us: null } as const;

test.each([
  ['approved a moment ago', approved, 900, true],
  ['an export that began stays open while its right lasts', { ...approved, used_us: 500 }, 900, true],
  ['its time is over', { ...approved, used_us: 500 }, 1_000, false],
  ['somebody else’s', { ...approved, own: false }, 900, false],
  ['nobody approved it yet', { ...approved, right_until_us: null }, 900, false],
  ['whoever acted in somebody’s name did so once', { ...approved, act: 'impersonation', used_us: 500 }, 900, false],
] as const)('%s', (_, request, now, may) => {
  expect(mayUse(request, now)).toBe(may);
});

import { expect, test } from 'vitest';
import { Importing, type ImportDoor } from './importing';
import { Problem } from './problem';
import type { Import, ImportLine } from './types';

const START: Import = { id: 'i', digest: 'd'.repeat(64), ignored: [], begun: false, over: false, mail: false, create: 5, rename: 0, same: 1, refused: 450, applied: 0, skipped: 0 };

/** Two lines a call; the second call fails once. */
function house(over: Partial<ImportDoor> = {}) {
  const asked: string[] = [];
  let now = START;
  let broken = true;
  const lines: ImportLine[] = Array.from({ length: 450 }, (_, n) => ({ line: n + 2, address: '', name: '', former: '', role: '', fate: 'refused', rule: 'domain' }));
  const door: ImportDoor = {
    beginImport: () => Promise.resolve(now),
    importLines: (_id, _fate, after, limit) => {
      const some = lines.filter((one) => one.line > after).slice(0, limit);
      return Promise.resolve({ lines: some, next: some.length === limit ? some.at(-1)!.line : null });
    },
    applyImport: (id, digest, mail) => {
      asked.push(`${id} ${digest.slice(0, 1)} ${mail}`);
      if (asked.length === 2 && broken) {
        broken = false;
        return Promise.reject(Problem.unreachable());
      }
      const applied = Math.min(5, now.applied + 2);
      now = { ...now, begun: true, mail, applied, over: applied === 5 };
      return Promise.resolve(now);
    },
    ...over,
  };
  return { asked, importing: new Importing(door) };
}

test('what was shown is applied part by part, and goes on after a failure as it began', async () => {
  const { asked, importing } = house();
  const seen: number[] = [];
  importing.subscribe((view) => seen.push(view.found?.applied ?? -1));
  await importing.read(new Blob(['x']));
  expect(importing.value).toMatchObject({ doing: 'nothing', found: { create: 5 }, problem: null });
  await importing.apply(true);
  expect(importing.value).toMatchObject({ doing: 'nothing', found: { applied: 2, over: false }, problem: { title: 'unreachable' } });
  await importing.apply(false); // the choice was made
  expect(importing.value).toMatchObject({ found: { applied: 5, over: true }, problem: null });
  expect(asked).toEqual(['i d true', 'i d true', 'i d true', 'i d true']);
  expect(seen.filter((n, at) => n !== seen[at - 1])).toEqual([-1, 0, 2, 4, 5]);
  await importing.apply(true);
  expect(asked).toHaveLength(4);
});

test('every refused line is fetched, whatever their number', async () => {
  const { importing } = house();
  expect(await importing.refused()).toEqual([]);
  await importing.read(new Blob(['x']));
  expect(await importing.refused()).toHaveLength(450);
});

test('a file that is refused says why, and another may be chosen', async () => {
  const { importing } = house({ beginImport: () => Promise.reject(new Problem({ status: 422, title: 'invalid', detail: 'no columns' })) });
  await importing.read(new Blob(['x']));
  expect(importing.value).toMatchObject({ found: null, problem: { detail: 'no columns' } });
  importing.forget();
  expect(importing.value.problem).toBeNull();
});

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Directory, type DirectoryPage } from './directory';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A server that answers when it is told to. */
function house() {
  const asked: { query: string; after: string | null; answer: (page: DirectoryPage<string>) => void; fail: (why: Error) => void }[] = [];
  const directory = new Directory<string, string>((query, after) => new Promise((answer, fail) => asked.push({ query, after, answer, fail })));
  return { asked, directory };
}
const page = (...items: string[]): DirectoryPage<string> => ({ items, next: null, count: items.length });

test('keys that follow each other ask once, and the last question wins', async () => {
  const { asked, directory } = house();
  for (const words of ['m', 'ma', 'mar']) directory.seek(words);
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked.map((one) => one.query)).toEqual(['mar']);
  directory.seek('mart');
  await vi.advanceTimersByTimeAsync(1000);
  asked[1]!.answer(page('Martin'));
  await vi.advanceTimersByTimeAsync(0);
  asked[0]!.answer(page('Maria', 'Martin'));
  await vi.advanceTimersByTimeAsync(0);
  expect(directory.value).toMatchObject({ items: ['Martin'], count: 1, loaded: true, busy: false });
});

test('an answer to what is not asked any more is not shown', async () => {
  const { asked, directory } = house();
  void directory.load('a');
  directory.seek('b');
  asked[0]!.answer(page('Alice'));
  await vi.advanceTimersByTimeAsync(0);
  expect(directory.value).toMatchObject({ items: [], busy: true });
  directory.stop();
  await vi.advanceTimersByTimeAsync(1000);
  expect(asked).toHaveLength(1);
});

test('pages follow each other, and the count is that of the first', async () => {
  const { asked, directory } = house();
  void directory.load('');
  asked[0]!.answer({ items: ['a', 'b'], next: 'b', count: 3 });
  await vi.advanceTimersByTimeAsync(0);
  void directory.more();
  void directory.more();
  expect(asked.map((one) => one.after)).toEqual([null, 'b']);
  asked[1]!.answer({ items: ['c'], next: null, count: null });
  await vi.advanceTimersByTimeAsync(0);
  expect(directory.value).toMatchObject({ items: ['a', 'b', 'c'], next: null, count: 3 });
  await directory.more();
  expect(asked).toHaveLength(2);
});

test('a failure is told and leaves what was there', async () => {
  const { asked, directory } = house();
  void directory.load('');
  asked[0]!.answer(page('a'));
  await vi.advanceTimersByTimeAsync(0);
  void directory.again();
  asked[1]!.fail(new Error('gone'));
  await vi.advanceTimersByTimeAsync(0);
  expect(directory.value.items).toEqual(['a']);
  expect(directory.value.problem).not.toBeNull();
});

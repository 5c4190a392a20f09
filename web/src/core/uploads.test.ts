import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from './problem';
import type { FileEntry } from './types';
import { CHUNK, Uploads, type Put, type UploadDoor } from './uploads';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A server that keeps what it acknowledged; `cut` breaks the link after that many bytes of a request. */
class Server implements UploadDoor {
  kept = 0;
  size = 0;
  offsets: number[] = [];
  cut: number | null = null;

  create(_: string, file: { size: number }): Promise<{ upload: string; offset: number }> {
    this.size = file.size;
    return Promise.resolve({ upload: 'u1', offset: 0 });
  }
  offset(): Promise<number> {
    return Promise.resolve(this.kept);
  }
  put(_: string, offset: number, bytes: Blob, progress: (sent: number) => void): Promise<Put> {
    this.offsets.push(offset);
    if (offset !== this.kept) return Promise.reject(new Problem({ status: 409, title: 'conflict', detail: '' }));
    if (this.cut !== null) {
      this.kept += Math.min(this.cut, bytes.size);
      this.cut = null;
      return Promise.reject(Problem.unreachable());
    }
    progress(bytes.size);
    this.kept += bytes.size;
    return Promise.resolve(this.kept === this.size ? { done: true, file: {} as FileEntry } : { done: false, offset: this.kept });
  }
  forget = () => Promise.resolve();
}
const file = (size: number) => new File([new Uint8Array(size)], 'budget.ods');

test('travels in pieces, in order, to the end', async () => {
  const server = new Server();
  const uploads = new Uploads(server);
  uploads.add('r1', [file(2 * CHUNK + 5)]);
  await vi.advanceTimersByTimeAsync(0);
  expect(server.offsets).toEqual([0, CHUNK, 2 * CHUNK]);
  expect(uploads.value).toMatchObject([{ status: 'done', sent: 2 * CHUNK + 5 }]);
});

test('after a broken link it goes on by itself from where the server stands', async () => {
  const server = new Server();
  server.cut = 1000;
  const uploads = new Uploads(server);
  uploads.add('r1', [file(CHUNK + 5)]);
  await vi.advanceTimersByTimeAsync(0);
  expect(uploads.value).toMatchObject([{ status: 'waiting' }]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.offsets).toEqual([0, 1000, 1000 + CHUNK].filter((offset) => offset < CHUNK + 5));
  expect(uploads.value).toMatchObject([{ status: 'done' }]);
});

test('a refusal stops it and says why; an empty file passes', async () => {
  const server = new Server();
  server.create = () => Promise.reject(new Problem({ status: 413, title: 'too-large', detail: 'Au plus 5 Go.' }));
  const uploads = new Uploads(server);
  uploads.add('r1', [file(5)]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(uploads.value).toMatchObject([{ status: 'failed', problem: { title: 'too-large' } }]);

  const empty = new Uploads(new Server());
  empty.add('r1', [file(0)]);
  await vi.advanceTimersByTimeAsync(0);
  expect(empty.value).toMatchObject([{ status: 'done' }]);
});

test('a pause holds, a resume asks the server where it stands', async () => {
  const server = new Server();
  server.cut = 10;
  const uploads = new Uploads(server);
  uploads.add('r1', [file(100)]);
  await vi.advanceTimersByTimeAsync(0);
  uploads.pause(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(uploads.value).toMatchObject([{ status: 'paused' }]);
  uploads.resume(1);
  await vi.advanceTimersByTimeAsync(0);
  expect(server.offsets).toEqual([0, 10]);
  expect(uploads.value).toMatchObject([{ status: 'done' }]);
});

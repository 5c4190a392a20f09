import { Problem } from './problem';
import { Readable } from './readable';
import type { FileEntry } from './types';

/** One file on its way to a room. */
export interface Transfer {
  id: number;
  room: string;
  name: string;
  size: number;
  /** Bytes that left, those on their way included. */
  sent: number;
  /** `waiting`: the link is lost, tried again by itself. */
  status: 'queued' | 'sending' | 'paused' | 'waiting' | 'failed' | 'done';
  problem: Problem | null;
}

export type Put = { done: false; offset: number } | { done: true; file: FileEntry };

/** What an upload needs of the HTTP API (the manner of tus 1.0, docs/protocol.md). */
export interface UploadDoor {
  create(room: string, file: { name: string; size: number; media_type: string }): Promise<{ upload: string; offset: number }>;
  /** How many bytes the server holds. */
  offset(upload: string): Promise<number>;
  put(upload: string, offset: number, bytes: Blob, progress: (sent: number) => void, stop: AbortSignal): Promise<Put>;
  forget(upload: string): Promise<void>;
}

/** Bytes per request: what one loses at most when the link breaks, and what the server takes at once. */
export const CHUNK = 8 * 1024 * 1024;
const AT_ONCE = 2;
const LONGEST_WAIT = 15_000; // ms

interface Job {
  id: number;
  file: File;
  upload: string | null;
  stop: AbortController;
  tries: number;
  timer: ReturnType<typeof setTimeout> | null;
}

/** Files being sent: a few at once, paused and resumed, continued after a lost link from where the server stands. */
export class Uploads extends Readable<readonly Transfer[]> {
  #jobs = new Map<number, Job>();
  #last = 0;

  constructor(private readonly door: UploadDoor) {
    super([]);
  }

  add(room: string, files: Iterable<File>): void {
    for (const file of files) {
      this.#last += 1;
      const id = this.#last;
      this.#jobs.set(id, { id, file, upload: null, stop: new AbortController(), tries: 0, timer: null });
      const transfer: Transfer = { id, room, name: file.name, size: file.size, sent: 0, status: 'queued', problem: null };
      this.set([...this.value, transfer]);
    }
    this.#next();
  }

  pause(id: number): void {
    const job = this.#jobs.get(id);
    if (!job) return;
    this.#change(id, { status: 'paused' });
    this.#halt(job);
    this.#next();
  }

  resume(id: number): void {
    const job = this.#jobs.get(id);
    if (!job) return;
    this.#halt(job);
    job.tries = 0;
    this.#change(id, { status: 'queued', problem: null });
    this.#next();
  }

  cancel(id: number): void {
    const job = this.#jobs.get(id);
    if (job) {
      this.#halt(job);
      this.#jobs.delete(id);
      if (job.upload !== null) this.door.forget(job.upload).catch(() => {}); // the server forgets it by itself in time
    }
    this.set(this.value.filter((one) => one.id !== id));
    this.#next();
  }

  /** Nobody is signed in any more. */
  clear(): void {
    for (const job of this.#jobs.values()) this.#halt(job);
    this.#jobs.clear();
    this.set([]);
  }

  /** The network may be back. */
  hurry(): void {
    for (const one of this.value) if (one.status === 'waiting') this.resume(one.id);
  }

  /** Something is still on its way: closing the page would cut it. */
  get busy(): boolean {
    return this.value.some((one) => one.status !== 'done' && one.status !== 'failed');
  }

  #next(): void {
    const running = this.value.filter((one) => one.status === 'sending').length;
    const queued = this.value.filter((one) => one.status === 'queued').slice(0, Math.max(0, AT_ONCE - running));
    for (const one of queued) {
      const job = this.#jobs.get(one.id);
      if (job) void this.#run(job, one.room);
    }
  }

  async #run(job: Job, room: string): Promise<void> {
    job.stop = new AbortController();
    const { signal } = job.stop;
    this.#change(job.id, { status: 'sending', problem: null });
    try {
      let offset: number;
      if (job.upload === null) {
        const media_type = job.file.type || 'application/octet-stream';
        const made = await this.door.create(room, { name: job.file.name, size: job.file.size, media_type });
        job.upload = made.upload;
        offset = made.offset;
      } else {
        offset = await this.door.offset(job.upload);
      }
      while (!signal.aborted) {
        const at = offset;
        this.#change(job.id, { sent: at });
        const bytes = job.file.slice(at, at + CHUNK);
        const put = await this.door.put(job.upload, at, bytes, (sent) => this.#change(job.id, { sent: at + sent }), signal);
        job.tries = 0;
        if (put.done) {
          this.#jobs.delete(job.id);
          this.#change(job.id, { status: 'done', sent: job.file.size });
          break;
        }
        offset = put.offset;
      }
    } catch (cause) {
      if (!signal.aborted) this.#trouble(job, Problem.from(cause));
    }
    this.#next();
  }

  #trouble(job: Job, problem: Problem): void {
    // A disagreement about the offset is settled by asking; an unknown upload starts again.
    if (problem.title === 'not-found' && job.upload !== null) job.upload = null;
    const passing = ['unreachable', 'conflict', 'busy', 'wait', 'not-found'].includes(problem.title) || problem.status >= 500;
    if (!passing || job.tries >= 40) return this.#change(job.id, { status: 'failed', problem });
    const wait = problem.waitS !== null ? problem.waitS * 1000 : problem.title === 'conflict' ? 0 : Math.min(LONGEST_WAIT, 500 * 2 ** job.tries);
    job.tries += 1;
    this.#change(job.id, { status: 'waiting', problem });
    job.timer = setTimeout(() => {
      this.#change(job.id, { status: 'queued' });
      this.#next();
    }, wait);
  }

  #halt(job: Job): void {
    if (job.timer !== null) clearTimeout(job.timer);
    job.timer = null;
    job.stop.abort();
  }

  #change(id: number, change: Partial<Transfer>): void {
    this.set(this.value.map((one) => (one.id === id ? { ...one, ...change } : one)));
  }
}

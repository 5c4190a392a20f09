import { Problem } from './problem';
import { Readable } from './readable';

export interface DirectoryPage<T> {
  readonly items: readonly T[];
  /** After whom the next page begins; null on the last. */
  readonly next: string | null;
  /** How many there are on all pages; told with the first. */
  readonly count: number | null;
}

export interface Listing<T> {
  readonly items: readonly T[];
  readonly next: string | null;
  readonly count: number;
  /** Whether an answer ever came: what is here before is nothing. */
  readonly loaded: boolean;
  readonly busy: boolean;
  readonly problem: Problem | null;
}

/** Milliseconds after the last key before the server is asked. */
const PAUSE = 200;

/** A long list that the server searches: asked when the typing pauses, the last question's answer wins. */
export class Directory<T, Query> extends Readable<Listing<T>> {
  #asked = 0;
  #query: Query | null = null;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly ask: (query: Query, after: string | null) => Promise<DirectoryPage<T>>) {
    super({ items: [], next: null, count: 0, loaded: false, busy: false, problem: null });
  }

  /** Searches once the typing pauses. */
  seek(query: Query): void {
    clearTimeout(this.#waiting);
    this.#asked += 1; // an answer on its way is no answer to this
    this.set({ ...this.value, busy: true });
    this.#waiting = setTimeout(() => void this.load(query), PAUSE);
  }

  /** Searches at once. */
  async load(query: Query): Promise<void> {
    clearTimeout(this.#waiting);
    this.#query = query;
    await this.#answer(query, null, []);
  }

  /** The same search again: something changed. */
  async again(): Promise<void> {
    if (this.#query !== null) await this.load(this.#query);
  }

  /** The next page, below what is there. */
  async more(): Promise<void> {
    const { next, busy, items } = this.value;
    if (busy || next === null || this.#query === null) return;
    await this.#answer(this.#query, next, items);
  }

  /** Somebody changed: what is shown of them follows, without asking. */
  change(how: (item: T) => T): void {
    this.set({ ...this.value, items: this.value.items.map(how) });
  }

  /** Nobody looks any more. */
  stop(): void {
    clearTimeout(this.#waiting);
    this.#asked += 1;
  }

  async #answer(query: Query, after: string | null, before: readonly T[]): Promise<void> {
    this.#asked += 1;
    const mine = this.#asked;
    this.set({ ...this.value, busy: true, problem: null });
    try {
      const page = await this.ask(query, after);
      if (mine !== this.#asked) return;
      const items = [...before, ...page.items];
      this.set({ items, next: page.next, count: page.count ?? this.value.count, loaded: true, busy: false, problem: null });
    } catch (cause) {
      if (mine === this.#asked) this.set({ ...this.value, busy: false, problem: Problem.from(cause) });
    }
  }
}

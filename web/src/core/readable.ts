/** The Svelte store contract, without Svelte: a value, and those who want to know when it changes. */
export class Readable<T> {
  #value: T;
  readonly #readers = new Set<(value: T) => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  subscribe(read: (value: T) => void): () => void {
    this.#readers.add(read);
    read(this.#value);
    return () => this.#readers.delete(read);
  }

  protected set(value: T): void {
    this.#value = value;
    for (const read of [...this.#readers]) read(value);
  }
}

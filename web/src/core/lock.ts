/** What the server says of the lock, with its clock beside it. */
export interface LockFacts {
  locks_us: number | null;
  now_us: number;
  lock_minutes: number;
}

export type Phase = 'open' | 'warn' | 'lock';

/** How long before the lock one is asked (WCAG 2.2.1 asks twenty seconds at least). */
const WARN_BEFORE = 20_000; // ms
const TELL_EVERY = 60_000;

/**
 * When this page locks, on this machine's clock. The server's clock decides in the end; the page is told what
 * it knows, counts what happens here, and tells the server of it now and then.
 */
export class LockTimer {
  #rest = Infinity;
  /** The last use that the server knows of. */
  #told = -Infinity;
  #used = -Infinity;

  /** What the server says. */
  hear(facts: LockFacts, now: number): void {
    if (facts.locks_us === null) return;
    this.#rest = facts.lock_minutes * 60_000;
    this.#told = now + (facts.locks_us - facts.now_us) / 1000 - this.#rest;
  }

  /** Somebody touched the page. */
  use(now: number): void {
    this.#used = now;
  }

  /** Whether the server should hear of it by now. A machine that slept since does not say that somebody is there. */
  owes(now: number): boolean {
    const awake = now - this.#used <= TELL_EVERY + 5_000;
    return awake && this.#used > this.#told && now - this.#told >= Math.min(TELL_EVERY, this.#rest / 4);
  }

  /** Seconds before the lock. */
  left(now: number): number {
    return Math.max(0, Math.ceil((Math.max(this.#told, this.#used) + this.#rest - now) / 1000));
  }

  phase(now: number): Phase {
    const due = Math.max(this.#told, this.#used) + this.#rest;
    return now >= due ? 'lock' : now >= due - WARN_BEFORE ? 'warn' : 'open';
  }
}

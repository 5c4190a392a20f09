import { Problem } from './problem';
import { Readable } from './readable';

/** What can be proved beside a password, as the server offers it; `password` for who holds nothing else, `pin` where it opens a lock. */
export type Way = 'passkey' | 'totp' | 'email' | 'recovery' | 'password' | 'pin';

/** Something typed as a proof; the shape of the API. */
export type Proof = { kind: 'totp' | 'email' | 'recovery'; code: string } | { kind: 'password'; password: string };

/** What opens a locked session: a proof, or the PIN of this browser. */
export type Opening = Proof | { kind: 'pin'; pin: string };

/** Why a proof is asked for. */
export interface Asked {
  /** The rule that refused: `stale`, `own-passkey`, `label-second-factor`, `label-proof-age`, `administration-factor`, `administration-own-proof`. */
  rule: string;
  /** The level that would do; null when any recent proof does. */
  needs: 'second' | 'passkey' | null;
}

const RULES = new Set(['stale', 'own-passkey', 'label-second-factor', 'label-proof-age', 'administration-factor', 'administration-own-proof']);

/** Whether a refusal is about what was proved, so that proving more and asking again would help. */
export function provable(problem: Problem): boolean {
  return problem.title === 'denied' && problem.rule !== null && RULES.has(problem.rule);
}

/** Whether the person was asked to prove once more that it is them, and would rather not: that is no error. */
export const declined = (problem: Problem): boolean => problem.rule === 'stale' || problem.rule === 'own-passkey';

/**
 * Step-up instead of a wall: whoever was refused for want of a proof waits here while the person is asked,
 * once for all who wait, and then asks the server again.
 */
export class Prover extends Readable<Asked | null> {
  #waiting: ((proved: boolean) => void)[] = [];
  /** What the person would rather not prove; forgotten when they go elsewhere. */
  #declined = new Set<string>();
  /** How often the person went elsewhere. */
  place = 0;

  constructor() {
    super(null);
  }

  /**
   * Asks for what a refusal names; true once it is proved, false when the person would rather not. In the
   * `background` (a page that reads itself again) what was declined here is not asked again, and what was read
   * for another `place`, which the person left meanwhile, is not asked at all.
   */
  ask(problem: Problem, background = false, place = this.place): Promise<boolean> {
    if (background && (place !== this.place || this.#declined.has(problem.rule ?? ''))) return Promise.resolve(false);
    return new Promise((done) => {
      this.#waiting.push(done);
      if (this.value === null) this.set({ rule: problem.rule ?? '', needs: problem.needs === 'unlock' ? null : problem.needs });
    });
  }

  /** The person went to another place: what they declined there may be asked here. */
  moved(): void {
    this.place += 1;
    this.#declined.clear();
  }

  /** The person answered, or closed the question. */
  answer(proved: boolean): void {
    if (this.value && !proved) this.#declined.add(this.value.rule);
    const waiting = this.#waiting;
    this.#waiting = [];
    this.set(null);
    for (const done of waiting) done(proved);
  }
}

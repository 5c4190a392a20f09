/** A rule that a new password or PIN breaks. */
export interface Weakness {
  code: string;
  /** The server's own sentence. */
  text: string;
  /** What was missed, as a number: characters, or bits of strength. */
  least?: number;
}

/** Shape of an `application/problem+json` answer (RFC 9457) as docs/protocol.md defines it. */
export interface ProblemDocument {
  status: number;
  /** A stable machine word: `denied`, `invalid`, `wait`, `signed-out`… */
  title: string;
  /** A sentence for a person. */
  detail: string;
  /** The policy rule behind a `denied`. */
  rule?: string;
  /** The level of proof that a `denied` asks for. */
  needs?: 'second' | 'passkey' | 'unlock';
  /** Tries left before the session ends, with a wrong PIN. */
  left?: number;
  /** Seconds before the next try. */
  wait_s?: number;
  /** The rules that a new password breaks. */
  weaknesses?: readonly Weakness[];
}

/** What the server refused, or `unreachable` (status 0) when it did not answer at all. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly rule: string | null;
  readonly needs: 'second' | 'passkey' | 'unlock' | null;
  readonly left: number | null;
  readonly waitS: number | null;
  readonly weaknesses: readonly Weakness[];

  constructor(document: ProblemDocument) {
    super(`${document.title}: ${document.detail}`);
    this.name = 'Problem';
    this.status = document.status;
    this.title = document.title;
    this.detail = document.detail;
    this.rule = document.rule ?? null;
    this.needs = document.needs ?? null;
    this.left = document.left ?? null;
    this.waitS = document.wait_s ?? null;
    this.weaknesses = document.weaknesses ?? [];
  }

  /** Whether this is the refusal that another part of the screen already says: what refuses a room refuses all of it. */
  repeats(said: Problem | null | undefined): boolean {
    return this.rule !== null && this.rule === said?.rule;
  }

  static unreachable(): Problem {
    return new Problem({ status: 0, title: 'unreachable', detail: '' });
  }

  /** Whatever was thrown, as a Problem: an unknown error is `internal`, never silence. */
  static from(cause: unknown): Problem {
    if (cause instanceof Problem) return cause;
    const detail = cause instanceof Error ? cause.message : String(cause);
    return new Problem({ status: 0, title: 'internal', detail });
  }
}

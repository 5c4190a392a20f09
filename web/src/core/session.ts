import { Problem } from './problem';
import { Readable } from './readable';
import type { Proof, Way } from './proof';
import type { AccountSession, PasskeyQuestion, SecondStep, Session } from './types';

/** What the session needs of the HTTP API. */
export interface SessionDoor {
  session(): Promise<Session>;
  signIn(address: string, password: string): Promise<Session | SecondStep>;
  secondStep(token: string, proof: Proof): Promise<Session>;
  passkeyQuestion(): Promise<PasskeyQuestion>;
  passkeySignIn(token: string, answer: PasskeyAnswer): Promise<Session>;
  passkeyProofQuestion(): Promise<PasskeyQuestion>;
  passkeyProof(token: string, answer: PasskeyAnswer): Promise<Session>;
  ways(): Promise<Way[]>;
  prove(proof: Proof): Promise<Session>;
  sendCode(token: string): Promise<unknown>;
  sendProofCode(): Promise<unknown>;
  extend(): Promise<Session>;
  lock(): Promise<void>;
  unlock(pin: string): Promise<Session>;
  acceptCharter(version: number, sha256: string): Promise<void>;
  signOut(): Promise<void>;
}

type PasskeyAnswer = Record<string, unknown>;
/** The browser's passkey dialogue: a question's options in, its answer out. */
export type AskPasskey = (options: Record<string, unknown>) => Promise<PasskeyAnswer>;

export type SessionState =
  | { status: 'unknown' }
  /** The server did not answer; nobody knows yet whether we are signed in. */
  | { status: 'unreachable' }
  /** `wiped`: the PIN was wrong ten times, and this browser forgets what it holds. */
  | { status: 'signed-out'; ended: boolean; wiped?: boolean }
  /**
   * The session is there, and nothing of it opens before its person shows up. `covered`: this page closed by itself,
   * and the server has not said yet that it did so too.
   */
  | { status: 'locked'; session: AccountSession; covered?: 'asking' | 'unreachable' }
  /** Nothing opens before the charter of the body is accepted. */
  | { status: 'charter'; session: AccountSession }
  | { status: 'signed-in'; session: Session };

/** Who is at this screen. `csrf` is called with the token to send from now on. */
export class SessionKeeper extends Readable<SessionState> {
  /** Closed here and not yet by the server: no answer about an open session opens the page. */
  #covered = false;

  constructor(
    private readonly door: SessionDoor,
    private readonly csrf: (token: string | null) => void,
  ) {
    super({ status: 'unknown' });
  }

  get session(): Session | null {
    return 'session' in this.value ? this.value.session : null;
  }

  /** Asks the server who the cookie belongs to. */
  async open(): Promise<void> {
    try {
      this.accept(await this.door.session());
    } catch (cause) {
      const problem = Problem.from(cause);
      this.csrf(null);
      this.set(problem.status === 401 ? { status: 'signed-out', ended: false } : { status: 'unreachable' });
    }
  }

  /** The second step when the account asks for one; null when one is in. */
  async signIn(address: string, password: string): Promise<SecondStep | null> {
    return this.enter(await this.door.signIn(address, password));
  }

  /** What a first step led to: in, or one more. */
  enter(entered: Session | SecondStep): SecondStep | null {
    if (entered.kind === 'second-step') return entered;
    this.accept(entered);
    return null;
  }

  async secondStep(step: SecondStep, proof: Proof): Promise<void> {
    this.accept(await this.door.secondStep(step.token, proof));
  }

  /** Has a code sent by mail, for a sign-in under way or, without one, for this session. */
  async sendCode(step?: SecondStep): Promise<void> {
    await (step ? this.door.sendCode(step.token) : this.door.sendProofCode());
  }

  /** Signs in with a passkey of whoever answers; nobody typed an address. */
  async passkeySignIn(ask: AskPasskey): Promise<void> {
    const { token, options } = await this.door.passkeyQuestion();
    this.accept(await this.door.passkeySignIn(token, await ask(options)));
  }

  /** Proves once more who one is, with a passkey. */
  async provePasskey(ask: AskPasskey): Promise<void> {
    const { token, options } = await this.door.passkeyProofQuestion();
    this.accept(await this.door.passkeyProof(token, await ask(options)));
  }

  /** What can be proved once more; the password when there is nothing else. */
  async ways(): Promise<Way[]> {
    const ways = await this.door.ways();
    return ways.length === 0 ? ['password'] : ways;
  }

  /** Proves once more who one is; the session is worth more afterwards. */
  async prove(proof: Proof): Promise<void> {
    this.accept(await this.door.prove(proof));
  }

  /** Pushes the idle limit back. */
  async extend(): Promise<void> {
    this.accept(await this.door.extend());
  }

  /** A session that another page obtained: an invitation accepted, a guest let through the link. */
  accept(session: Session): void {
    this.csrf(session.csrf);
    if (session.kind !== 'account' || session.locked) this.#covered = false;
    else if (this.#covered) return this.set({ status: 'locked', session, covered: 'asking' });
    const closed = session.kind !== 'account' ? null : session.locked ? 'locked' : session.charter ? 'charter' : null;
    if (closed && session.kind === 'account') this.set({ status: closed, session });
    else this.set({ status: 'signed-in', session });
  }

  /**
   * Locks the session, in every window of this browser. What is on the screen goes at once, whether the server
   * answers or not; it is back when the server said that the session is locked, and its person opened that.
   */
  async lock(): Promise<void> {
    if (this.value.status !== 'signed-in' || this.value.session.kind !== 'account') return this.check();
    this.#covered = true;
    this.set({ status: 'locked', session: this.value.session, covered: 'asking' });
    await this.check();
  }

  /** Opens it with the PIN of this browser. Ten wrong ones end it. */
  async unlock(pin: string): Promise<void> {
    try {
      this.accept(await this.door.unlock(pin));
    } catch (cause) {
      if (Problem.from(cause).title !== 'wiped') throw cause;
      this.csrf(null);
      this.set({ status: 'signed-out', ended: false, wiped: true });
    }
  }

  /** Accepts the charter that was read; what was asked for before opens. */
  async acceptCharter(version: number, sha256: string): Promise<void> {
    await this.door.acceptCharter(version, sha256);
    await this.check();
  }

  async signOut(): Promise<void> {
    try {
      await this.door.signOut();
    } catch (cause) {
      if (Problem.from(cause).status !== 401) throw cause;
    }
    this.#covered = false;
    this.csrf(null);
    this.set({ status: 'signed-out', ended: false });
  }

  /** The stream was refused: asks whether the session is still good. */
  async check(): Promise<void> {
    try {
      const found = await this.door.session();
      this.accept(found);
      if (!this.#covered) return;
      await this.#tellLocked();
      this.accept(await this.door.session());
    } catch (cause) {
      if (Problem.from(cause).status === 401) this.ended();
      else if (this.#covered && this.value.status === 'locked') this.set({ ...this.value, covered: 'unreachable' });
    }
  }

  /** Closes it at the server too, where it may have closed by itself a moment ago. */
  async #tellLocked(): Promise<void> {
    try {
      await this.door.lock();
    } catch (cause) {
      if (Problem.from(cause).status !== 423) throw cause;
    }
  }

  /** The server ended the session: revoked, disabled, or its time is over. */
  ended(): void {
    if (this.session === null) return;
    this.#covered = false;
    this.csrf(null);
    this.set({ status: 'signed-out', ended: true });
  }
}

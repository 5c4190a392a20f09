import type { MeetingState, Participant } from './events';
import { Problem } from './problem';
import { Readable } from './readable';
import type { MeetingWire } from './wire';

/** One peer connection, whoever makes it. */
export interface Call {
  offer(): Promise<string>;
  accept(answer: string): Promise<void>;
  close(): void;
}

export interface Sends {
  audio: boolean;
  video: boolean;
  screen: boolean;
}

export interface MeetingView {
  /**
   * `outside`: looking at the door, nothing sent. `joining`. `waiting`: a guest at the door.
   * `inside`. `returning`: the path broke and is being made again. `over`.
   */
  phase: 'outside' | 'joining' | 'waiting' | 'inside' | 'returning' | 'over';
  /** The latest state that the server told; null while none is known. */
  meeting: MeetingState | null;
  /** My participant's id. */
  me: string;
  speaking: ReadonlySet<string>;
  over: MeetingState['over'] | 'left';
  /** I said yes elsewhere on the page (« Appeler », « Répondre »): go in as soon as a microphone is open. */
  wanted: boolean;
  problem: Problem | null;
}

const OUTSIDE: MeetingView = { phase: 'outside', meeting: null, me: '', speaking: new Set(), over: null, wanted: false, problem: null };
const TRIES = 5;

/** The meeting of one room, seen by one person. Media are someone else's: `makeCall` gives a fresh connection. */
export class Meeting extends Readable<MeetingView> {
  #call: Call | null = null;
  #makeCall: ((lost: () => void) => Call) | null = null;
  #sends: Sends = { audio: false, video: false, screen: false };
  #joining = 0;

  constructor(
    private readonly wire: MeetingWire,
    readonly room: string,
    private readonly guest: boolean,
  ) {
    super(OUTSIDE);
  }

  get participant(): Participant | undefined {
    return this.value.meeting?.participants.find((one) => one.id === this.value.me);
  }
  get inside(): boolean {
    return this.value.phase === 'inside' || this.value.phase === 'returning' || this.value.phase === 'joining';
  }

  /** Starts the meeting, or finds it running. */
  async ring(): Promise<void> {
    await this.wire.ring(this.room);
  }

  /** Between two: goes in without asking again, from whatever is on the screen. */
  want(): void {
    if (!this.inside) this.set({ ...OUTSIDE, wanted: true });
  }
  decline = () => this.wire.decline(this.room);

  /** What is on in there, for those who are not inside. */
  async look(): Promise<void> {
    if (this.inside) return;
    const state = await this.wire.state(this.room);
    if (state) this.handleState(state);
  }

  /**
   * Goes in, and asks to be let in first when I am a guest. The microphone and the camera may be open
   * already for the preview; nothing of them leaves before this. `ring`: starts it if need be.
   */
  async join(makeCall: (lost: () => void) => Call, sends: Sends, ring = false): Promise<void> {
    this.#makeCall = makeCall;
    this.#sends = sends;
    if (ring) {
      this.#change({ phase: 'joining', problem: null, over: null });
      try {
        await this.ring();
      } catch (cause) {
        return this.#change({ phase: 'outside', problem: Problem.from(cause) });
      }
    }
    if (this.guest && !this.value.meeting?.admitted) {
      this.#change({ phase: 'waiting', problem: null, over: null });
      try {
        await this.wire.knock(this.room);
      } catch (cause) {
        // Nobody has rung yet: the guest stays, and whoever shows the door knocks again (`handleLinkBack`).
        const problem = Problem.from(cause);
        this.#change({ phase: problem.title === 'not-found' ? 'waiting' : 'outside', problem });
      }
      return; // being let in continues in handleState
    }
    await this.#enter('joining');
  }

  async #enter(phase: 'joining' | 'returning'): Promise<void> {
    if (!this.#makeCall) return;
    const turn = (this.#joining += 1);
    this.#call?.close();
    this.#change({ phase, problem: null, over: null, wanted: false });
    const call = this.#makeCall(() => {
      if (this.#call === call) void this.#return();
    });
    this.#call = call;
    try {
      const offer = await call.offer();
      const { participant, answer } = await this.wire.join(this.room, offer);
      if (turn !== this.#joining) return call.close();
      this.#change({ me: participant });
      await call.accept(answer);
      await this.wire.media(this.room, this.#sends);
      if (turn === this.#joining) this.#change({ phase: 'inside' });
    } catch (cause) {
      call.close();
      if (turn !== this.#joining) return;
      this.#call = null;
      const problem = Problem.from(cause);
      // It ended before I was in: that is all there is to say.
      if (problem.title === 'not-found' && !this.guest) this.#finish('ended');
      else this.#change({ phase: 'outside', problem });
    }
  }

  /** The media path broke: a new one, a few times, then out with a word. */
  async #return(): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      await this.#enter('returning');
      if (this.value.phase === 'inside' || this.value.problem?.title !== 'unreachable') return;
      this.#change({ phase: 'returning' });
      await new Promise((wait) => setTimeout(wait, 1000 * 2 ** tries));
      if (this.value.phase !== 'returning') return;
    }
    this.#change({ phase: 'outside' });
  }

  /** The conversation's link is back: the server may have let me go meanwhile. */
  async handleLinkBack(): Promise<void> {
    if (this.value.phase === 'waiting') return this.#knockAgain();
    if (this.value.phase !== 'inside' && this.value.phase !== 'returning') return;
    try {
      const state = await this.wire.state(this.room);
      const still = state?.participants.some((one) => one.id === this.value.me) ?? false;
      if (!still) return await this.#enter('returning');
      if (state) this.handleState({ ...state, me: this.value.me });
      await this.wire.media(this.room, this.#sends);
    } catch (cause) {
      this.#change({ problem: Problem.from(cause) });
    }
  }

  async #knockAgain(): Promise<void> {
    try {
      await this.wire.knock(this.room);
      this.#change({ problem: null });
    } catch (cause) {
      this.#change({ problem: Problem.from(cause) });
    }
  }

  handleState(state: MeetingState): void {
    const held = this.value.meeting;
    if (held && held.id === state.id && state.version < held.version && !state.over) return;
    if (state.over) return this.#handleOver(state);
    this.#change({ meeting: state, me: state.me || this.value.me });
    if (this.value.phase === 'waiting' && state.admitted) void this.#enter('joining');
  }

  #handleOver(state: MeetingState): void {
    if (this.value.phase === 'over') return; // the answer to my own leaving
    // `replaced` tells the connection that another one of mine took its place: when I am coming
    // back by myself, that other one is me.
    if (state.over === 'replaced' && (this.value.phase === 'returning' || this.value.phase === 'joining')) return;
    if (state.over === 'ended' && this.value.phase === 'inside') return void this.#endedOrLost();
    this.#finish(state.over);
  }

  #finish(over: MeetingState['over']): void {
    const mine = this.value.phase !== 'outside';
    this.#hangUp();
    this.set({ ...OUTSIDE, phase: mine ? 'over' : 'outside', over });
  }

  /** The server also says « ended » when it lost my media path: a meeting that is still on takes me back. */
  async #endedOrLost(): Promise<void> {
    this.#change({ phase: 'returning' });
    const state = await this.wire.state(this.room).catch(() => null);
    if (this.value.phase !== 'returning') return;
    if (state && !state.over) await this.#return();
    else this.#finish('ended');
  }

  handleSpeaking(meeting: string, participants: readonly string[]): void {
    if (this.value.meeting?.id === meeting) this.#change({ speaking: new Set(participants) });
  }

  /** What I send changed: everybody is told. */
  async sends(sends: Sends): Promise<void> {
    this.#sends = sends;
    if (this.inside && this.value.me !== '') await this.wire.media(this.room, sends);
  }

  async raise(raised: boolean): Promise<void> {
    await this.wire.hand(this.room, raised);
  }
  lower = (participant: string) => this.wire.lower(this.room, participant);
  admit = (guest: string) => this.wire.admit(this.room, guest);
  refuse = (guest: string) => this.wire.refuse(this.room, guest);
  remove = (participant: string) => this.wire.remove(this.room, participant);

  async end(): Promise<void> {
    await this.wire.end(this.room);
  }

  /** Goes out. The media stop at once, whether the server hears it or not. */
  async leave(): Promise<void> {
    const told = this.inside ? this.wire.leave(this.room).catch(() => {}) : undefined;
    this.#hangUp();
    this.set({ ...OUTSIDE, phase: 'over', over: 'left' });
    await told;
  }

  /** Back to the door after it was over. */
  again(): void {
    this.set(OUTSIDE);
  }

  #hangUp(): void {
    this.#joining += 1;
    this.#call?.close();
    this.#call = null;
    this.#makeCall = null;
  }

  #change(change: Partial<MeetingView>): void {
    this.set({ ...this.value, ...change });
  }
}

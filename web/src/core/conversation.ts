import type { RoomEvent } from './events';
import { Problem } from './problem';
import { Readable } from './readable';
import type { Place, Wire } from './wire';

/** Something I wrote that the timeline does not hold yet. */
export interface Pending {
  id: string;
  body: string;
  thread: string | null;
  /** Milliseconds since the Unix epoch. */
  at: number;
  /** `waiting`: written offline, leaves when the link is back. */
  status: 'sending' | 'waiting' | 'failed';
  /** Why it failed; empty when nobody said. */
  why: string;
  /** The rule of the policy behind it, which the screen says in its own words. */
  rule: string | null;
}

/** How far somebody else has read. */
export interface Reader {
  name: string;
  seq: number;
}

export interface ConversationState {
  /** In the order of the timeline, without holes from the first to the last held here. */
  events: readonly RoomEvent[];
  pending: readonly Pending[];
  /** The latest page is here. */
  loaded: boolean;
  loading: 'no' | 'first' | 'older';
  /** The first event of the room is here. */
  complete: boolean;
  problem: Problem | null;
  /** Names of those who write. */
  typing: readonly string[];
  /** By address: the last event that each of the others has read. */
  reads: ReadonlyMap<string, Reader>;
  /** What is numbered above this is new since the conversation was opened; null when nothing is. */
  newAfter: number | null;
}

const PAGE = 50;
/** A gap longer than this many pages is not filled: the latest page replaces what was held. */
const CATCH_UP_PAGES = 6;
const LOOK_FOR_IT_AFTER = 1_500; // ms: a sent message that has not come back is asked of the archive
const GIVE_UP_AFTER = 15_000;
const MOST_TRIES = 4;
const TYPING_LASTS = 12_000;
const TYPING_AGAIN_AFTER = 4_000;

export interface ConversationOptions {
  place: Place;
  me: { address: string; name: string };
  /** False for a guest, who sees the meeting's words and so a timeline with holes. */
  whole: boolean;
  /** Whether reading leaves marks: a guest has none, and nobody leaves those of somebody else. */
  marks: boolean;
  newId: () => string;
  /** Read up to there, here: the unread count of the room follows. */
  onRead: (seq: number) => void;
}

/** What is said in one room: the part of its timeline that is held here, and what I am sending. */
export class Conversation extends Readable<ConversationState> {
  #watched = false;
  #catchingUp: Promise<void> | null = null;
  #typingUntil = new Map<string, ReturnType<typeof setTimeout>>();
  #saidTyping = 0;
  #told = 0;
  #timers = new Map<string, ReturnType<typeof setTimeout>[]>();
  #tries = new Map<string, number>();
  /** Events that came while the first page was on its way. */
  #early: RoomEvent[] = [];

  constructor(
    private readonly wire: Wire,
    private readonly options: ConversationOptions,
  ) {
    super({
      events: [],
      pending: [],
      loaded: false,
      loading: 'no',
      complete: false,
      problem: null,
      typing: [],
      reads: new Map(),
      newAfter: null,
    });
  }

  get place(): Place {
    return this.options.place;
  }
  get lastSeq(): number {
    return this.value.events.at(-1)?.seq ?? 0;
  }

  /** Shows it: loads the latest page if need be. `readSeq` is where I stopped reading last time. */
  async open(readSeq: number): Promise<void> {
    this.#told = Math.max(this.#told, readSeq);
    this.#change({ newAfter: readSeq });
    if (!this.value.loaded) await this.#loadLatest();
  }

  async #loadLatest(): Promise<void> {
    if (this.value.loading === 'first' || !this.wire.online) return;
    this.#change({ loading: 'first', problem: null });
    try {
      const page = await this.wire.archive(this.place, { max: PAGE });
      this.#change({ loaded: true, complete: page.complete || page.events[0]?.seq === 1 });
      this.#insert([...page.events, ...this.#early.filter((event) => event.seq > (page.events.at(-1)?.seq ?? 0))]);
    } catch (cause) {
      this.#change({ problem: Problem.from(cause) });
    } finally {
      this.#early = [];
      this.#change({ loading: 'no' });
    }
    // Nothing but events without a voice may stand after what I read: no line for those.
    const voices = this.value.events.some((event) => event.seq > (this.value.newAfter ?? 0) && (event.type === 'speech' || event.type === 'file') && event.author.address !== this.options.me.address);
    if (!voices && this.value.newAfter !== null) this.#change({ newAfter: Math.max(this.value.newAfter, this.lastSeq) });
    this.#tellRead();
  }

  /** The page before what is held; one at a time. */
  async loadOlder(): Promise<void> {
    const first = this.value.events[0]?.seq;
    if (this.value.complete || this.value.loading !== 'no' || first === undefined || !this.wire.online) return;
    this.#change({ loading: 'older', problem: null });
    try {
      const page = await this.wire.archive(this.place, { before: first, max: PAGE });
      this.#insert(page.events);
      this.#change({ complete: page.complete || page.events.length === 0 || page.events[0]?.seq === 1 });
    } catch (cause) {
      this.#change({ problem: Problem.from(cause) });
    } finally {
      this.#change({ loading: 'no' });
    }
  }

  /** The link is back: fills the gap from the archive, then sends again what did not arrive. */
  async resync(): Promise<void> {
    if (!this.value.loaded && this.value.newAfter !== null) await this.#loadLatest();
    await this.#catchUp();
    for (const one of this.value.pending) {
      if (one.status === 'failed') continue;
      // A message that takes the link down each time it leaves would do so for ever.
      if ((this.#tries.get(one.id) ?? 0) >= MOST_TRIES) this.handleRefused(one.id, '');
      else this.#leave(one);
    }
    this.#told = 0; // a marker may have been lost with the link
    this.#tellRead();
  }

  /** The link is lost: what was on its way waits. */
  handleLinkLost(): void {
    for (const one of this.value.pending) {
      if (one.status !== 'sending') continue;
      this.#forgetTimers(one.id);
      this.#update(one.id, { status: 'waiting' });
    }
    for (const name of [...this.#typingUntil.keys()]) this.#stopTyping(name);
  }

  #catchUp(): Promise<void> {
    if (!this.value.loaded) return Promise.resolve();
    this.#catchingUp ??= this.#fillGap().finally(() => (this.#catchingUp = null));
    return this.#catchingUp;
  }

  async #fillGap(): Promise<void> {
    try {
      for (let page = 0; page < CATCH_UP_PAGES; page += 1) {
        const found = await this.wire.archive(this.place, { after: this.lastSeq, max: 2 * PAGE });
        this.#insert(found.events);
        if (found.complete || found.events.length === 0) return;
      }
      const latest = await this.wire.archive(this.place, { max: PAGE });
      this.#change({ events: [], complete: false });
      this.#insert(latest.events);
    } catch {
      // The link went again; its return starts this once more.
    }
  }

  handleEvent(event: RoomEvent): void {
    const last = this.lastSeq;
    if (event.type === 'speech') this.#stopTyping(event.author.name);
    if (!this.value.loaded) {
      // Not shown yet: the archive will have it. Only my own message coming back matters now.
      if (this.value.loading === 'first') this.#early.push(event);
      this.#acknowledge([event]);
      return;
    }
    if (this.options.whole && last > 0 && event.seq > last + 1) {
      void this.#catchUp();
      this.#acknowledge([event]);
      return;
    }
    this.#stepOver(event);
    this.#insert([event]);
    this.#tellRead();
  }

  /** What comes before my eyes, or is mine, is not new: the line of the new stays where it is, or absent. */
  #stepOver(event: RoomEvent): void {
    const mine = event.type === 'speech' && event.author.address === this.options.me.address;
    const { newAfter } = this.value;
    if (newAfter !== null && newAfter >= this.lastSeq && (this.#watched || mine)) this.#change({ newAfter: event.seq });
  }

  #insert(fresh: readonly RoomEvent[]): void {
    if (fresh.length === 0) return;
    const held = this.value.events;
    const [first, last] = [held[0]?.seq ?? 0, this.lastSeq];
    let events: RoomEvent[];
    if (held.length === 0) events = [...fresh];
    else if (fresh.every((one) => one.seq > last)) events = [...held, ...fresh];
    else if (fresh.every((one) => one.seq < first)) events = [...fresh, ...held];
    else events = [...new Map([...held, ...fresh].map((one) => [one.seq, one])).values()].sort((a, b) => a.seq - b.seq);
    this.#change({ events });
    this.#acknowledge(fresh);
  }

  #acknowledge(events: readonly RoomEvent[]): void {
    const arrived = new Set(events.flatMap((one) => (one.type === 'speech' ? [one.id] : [])));
    const pending = this.value.pending.filter((one) => !arrived.has(one.id));
    if (pending.length === this.value.pending.length) return;
    for (const id of arrived) {
      this.#forgetTimers(id);
      this.#tries.delete(id);
    }
    this.#change({ pending });
  }

  // Writing

  send(body: string, thread: string | null = null): void {
    const text = body.trim();
    if (text === '') return;
    const one: Pending = { id: this.options.newId(), body: text, thread, at: Date.now(), status: 'sending', why: '', rule: null };
    // Whoever answers has read.
    const newAfter = this.value.newAfter === null ? null : Math.max(this.value.newAfter, this.lastSeq);
    this.#change({ pending: [...this.value.pending, one], newAfter });
    this.#saidTyping = 0;
    this.#leave(one);
  }

  /** Sends a failed message again, once the archive has confirmed that it is not there. */
  async retry(id: string): Promise<void> {
    this.#tries.delete(id);
    this.#update(id, { status: 'waiting', why: '', rule: null });
    await this.#catchUp();
    const one = this.value.pending.find((pending) => pending.id === id);
    if (one) this.#leave(one);
  }

  discard(id: string): void {
    this.#forgetTimers(id);
    this.#change({ pending: this.value.pending.filter((one) => one.id !== id) });
  }

  handleRefused(id: string, why: string, rule: string | null = null): void {
    this.#forgetTimers(id);
    this.#update(id, { status: 'failed', why, rule });
  }

  #leave(one: Pending): void {
    this.#forgetTimers(one.id);
    if (!this.wire.say(this.place, one.id, one.body, one.thread)) return this.#update(one.id, { status: 'waiting' });
    this.#tries.set(one.id, (this.#tries.get(one.id) ?? 0) + 1);
    this.#update(one.id, { status: 'sending' });
    this.#timers.set(one.id, [
      setTimeout(() => {
        this.wire.suspect();
        void this.#catchUp();
      }, LOOK_FOR_IT_AFTER),
      setTimeout(() => {
        // Offline meanwhile: the return of the link decides. Online and absent: it is lost.
        if (this.wire.online) this.#update(one.id, { status: 'failed', why: '' });
      }, GIVE_UP_AFTER),
    ]);
  }

  #update(id: string, change: Partial<Pending>): void {
    this.#change({ pending: this.value.pending.map((one) => (one.id === id ? { ...one, ...change } : one)) });
  }

  #forgetTimers(id: string): void {
    for (const timer of this.#timers.get(id) ?? []) clearTimeout(timer);
    this.#timers.delete(id);
  }

  /** Called at every keystroke; tells the others now and then. */
  writing(now: number): void {
    if (now - this.#saidTyping < TYPING_AGAIN_AFTER) return;
    this.#saidTyping = now;
    this.wire.typing(this.place, true);
  }

  /** The text was emptied without being sent. */
  stoppedWriting(): void {
    if (this.#saidTyping === 0) return;
    this.#saidTyping = 0;
    this.wire.typing(this.place, false);
  }

  handleTyping(name: string, composing: boolean): void {
    this.#stopTyping(name);
    if (!composing) return;
    this.#typingUntil.set(name, setTimeout(() => this.#stopTyping(name), TYPING_LASTS));
    this.#change({ typing: [...this.#typingUntil.keys()] });
  }

  #stopTyping(name: string): void {
    const timer = this.#typingUntil.get(name);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#typingUntil.delete(name);
    this.#change({ typing: [...this.#typingUntil.keys()] });
  }

  // Reading

  handleRead(address: string, name: string, seq: number): void {
    if ((this.value.reads.get(address)?.seq ?? 0) >= seq) return;
    this.#change({ reads: new Map(this.value.reads).set(address, { name, seq }) });
  }

  /** Everybody in the room as the server lists them: who left has read nothing any more. A marker may have overtaken the list. */
  handleMembers(members: readonly { address: string; name: string; read_seq: number }[]): void {
    const others = members.filter((one) => one.address !== this.options.me.address);
    const reads = others.map(({ address, name, read_seq }): [string, Reader] => [address, { name, seq: Math.max(read_seq, this.value.reads.get(address)?.seq ?? 0) }]);
    this.#change({ reads: new Map(reads) });
  }

  /** True while the end of the conversation is in front of someone's eyes. */
  watch(watched: boolean): void {
    this.#watched = watched;
    this.#tellRead();
  }

  /** Leaving the room: what was new is new no more. */
  leave(): void {
    this.#watched = false;
    this.stoppedWriting();
    this.#change({ newAfter: null });
  }

  #tellRead(): void {
    const last = this.lastSeq;
    if (!this.#watched || !this.value.loaded || last <= this.#told || !this.wire.online) return;
    this.#told = last;
    if (this.options.marks) this.wire.displayed(this.place, last);
    this.options.onRead(last);
  }

  #change(change: Partial<ConversationState>): void {
    this.set({ ...this.value, ...change });
  }
}

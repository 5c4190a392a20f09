import type { RoomEvent } from './events';
import { Problem } from './problem';
import { Readable } from './readable';
import type { Room } from './types';

export interface RoomsState {
  /** Last spoken first. */
  rooms: readonly Room[];
  loaded: boolean;
  problem: Problem | null;
}

/** My rooms and one-to-ones, with what is unread in each. */
export class Rooms extends Readable<RoomsState> {
  #asking: Promise<void> | null = null;
  #again = false;

  constructor(
    private readonly ask: () => Promise<Room[]>,
    private readonly me: string,
  ) {
    super({ rooms: [], loaded: false, problem: null });
  }

  byId(id: string): Room | undefined {
    return this.value.rooms.find((room) => room.id === id);
  }
  byAddress(address: string): Room | undefined {
    return this.value.rooms.find((room) => room.address === address);
  }

  /** What is unread in all of them. */
  get unread(): number {
    return this.value.rooms.reduce((sum, room) => sum + room.unread, 0);
  }

  /** Asks the server again; calls that come while it is asked are answered by one more question. */
  refresh(): Promise<void> {
    if (this.#asking) {
      this.#again = true;
      return this.#asking;
    }
    this.#asking = this.#load().finally(() => {
      this.#asking = null;
      if (!this.#again) return;
      this.#again = false;
      void this.refresh();
    });
    return this.#asking;
  }

  async #load(): Promise<void> {
    try {
      const rooms = await this.ask();
      // Events may have overtaken the answer: what is known to be later stays.
      const merged = rooms.map((room) => {
        const held = this.byId(room.id);
        if (!held || held.last_seq <= room.last_seq) return room;
        return { ...room, last_seq: held.last_seq, last_us: held.last_us, unread: held.unread };
      });
      this.set({ rooms: order(merged), loaded: true, problem: null });
    } catch (cause) {
      this.set({ ...this.value, problem: Problem.from(cause) });
    }
  }

  /** Adds or replaces one (just created, or asked alone). */
  put(room: Room): void {
    this.set({ ...this.value, rooms: order([room, ...this.value.rooms.filter((one) => one.id !== room.id)]) });
  }

  /** False when the room is not known here: the list must be asked again. */
  handleEvent(address: string, event: RoomEvent): boolean {
    const room = this.byAddress(address);
    if (!room) return false;
    if (event.seq <= room.last_seq) return true;
    const mine = !waitsToBeSeen(event, this.me);
    const change: Partial<Room> = { last_seq: event.seq, last_us: event.at * 1000, unread: room.unread + (mine ? 0 : 1) };
    if (event.type === 'meeting-started') change.meeting = true;
    if (event.type === 'meeting-ended' || event.type === 'call-missed' || event.type === 'call-declined') change.meeting = false;
    if (event.type === 'label-changed' && event.detail.to) change.label = event.detail.to;
    if (event.type === 'renamed' && event.detail.to) change.name = event.detail.to;
    this.put({ ...room, ...change });
    return true;
  }

  /** I read up to there, on this screen or another. */
  read(address: string, seq: number): void {
    const room = this.byAddress(address);
    if (!room || seq <= room.read_seq) return;
    this.put({ ...room, read_seq: seq, unread: seq >= room.last_seq ? 0 : Math.min(room.unread, room.last_seq - seq) });
  }

  /** The meeting of a room is on, or not. */
  meeting(address: string, on: boolean): void {
    const room = this.byAddress(address);
    if (room && room.meeting !== on) this.put({ ...room, meeting: on });
  }
}

/** What the server counts as unread too: words, files and missed calls of others. */
function waitsToBeSeen(event: RoomEvent, me: string): boolean {
  if (event.type === 'speech' || event.type === 'file') return event.author.address !== me;
  return event.type === 'call-missed' && event.detail.by !== me;
}

function order(rooms: Room[]): Room[] {
  return rooms.sort((a, b) => b.last_us - a.last_us || a.name.localeCompare(b.name));
}

/** Text as one searches it: without case or accents. */
export function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

import type { Incoming, RoomEvent } from './events';
import { Readable } from './readable';

/** A call that rings for me. */
export interface Ring {
  meeting: string;
  /** The address of who calls: that of our conversation. */
  address: string;
  name: string;
}

const ENDS: readonly RoomEvent['type'][] = ['meeting-ended', 'call-missed', 'call-declined'];

/** The calls that ring for me now, the first one first; the same on every window of mine. */
export class Ringing extends Readable<readonly Ring[]> {
  constructor(private readonly me: string) {
    super([]);
  }

  handleCall({ room, meeting, state, by, name }: Extract<Incoming, { kind: 'call' }>): void {
    const others = this.value.filter((one) => one.meeting !== meeting);
    if (state !== 'rings') this.#set(others);
    else if (by !== this.me) this.#set([...others, { meeting, address: room, name }]);
  }

  /** The timeline says that it is over: nothing that is over rings. */
  handleEvent(address: string, event: RoomEvent): void {
    if (ENDS.includes(event.type)) this.stop(address);
  }

  /** Answered, declined, or over. */
  stop(address: string): void {
    this.#set(this.value.filter((one) => one.address !== address));
  }

  /** The link is lost: what still rings is told again when it is back. */
  handleLinkLost(): void {
    this.#set([]);
  }

  #set(rings: readonly Ring[]): void {
    if (rings.length > 0 || this.value.length > 0) this.set(rings);
  }
}

import { Conversation } from './conversation';
import type { Incoming, MeetingState } from './events';
import { Folder } from './folder';
import { Meeting } from './meeting';
import { Readable } from './readable';
import { Ringing } from './ringing';
import { Rooms } from './rooms';
import { Roster } from './roster';
import type { FileEntry, Person, Room, Session } from './types';
import type { MeetingWire, Place, Wire } from './wire';

export interface WorkspaceDoor {
  rooms(): Promise<Room[]>;
  people(): Promise<Person[]>;
  files(room: string): Promise<FileEntry[]>;
}

export interface WorkspaceWire extends Wire {
  enter(room: string): void;
  carbons(): Promise<void>;
  present(away: boolean): void;
  roster(): Promise<Person[]>;
}

/** Something that deserves a word outside the room where it happens. */
export type Call = { kind: 'rang'; room: Room; by: string } | { kind: 'spoke'; room: Room; name: string };

/** Everything of one session that lives as long as the page: what comes from the wire finds its place here. */
export class Workspace {
  readonly rooms: Rooms;
  readonly roster = new Roster();
  /** Bumped when a room's members, label or name changed, or may have while the link was lost: those who show details ask again. */
  readonly changes = new Changes();
  /** Bumped when the body's name, colour, labels or someone's clearance changed. */
  readonly organisation = new Count();
  readonly calls = new Calls();
  readonly ringing: Ringing;
  #conversations = new Map<string, Conversation>();
  #meetings = new Map<string, Meeting>();
  #folders = new Map<string, Folder>();
  #entered = new Set<string>();
  #streams = 0;

  constructor(
    readonly session: Session,
    private readonly door: WorkspaceDoor,
    private readonly wire: WorkspaceWire,
    private readonly meetingWire: MeetingWire,
    private readonly newId: () => string,
  ) {
    this.rooms = new Rooms(() => door.rooms(), session.address);
    this.rooms.subscribe(() => this.#enterRooms());
    this.ringing = new Ringing(session.address);
  }

  get guest(): boolean {
    return this.session.kind === 'guest';
  }

  /** Whoever acts in this name looks on, and writes nothing in it. */
  get helping(): boolean {
    return this.session.kind === 'account' && this.session.helper !== null;
  }

  conversation(place: Place): Conversation {
    let found = this.#conversations.get(place.address);
    if (!found) {
      found = new Conversation(this.wire, {
        place,
        me: { address: this.session.address, name: this.session.name },
        whole: !this.guest,
        marks: !this.guest && !this.helping,
        newId: this.newId,
        onRead: (seq) => this.rooms.read(place.address, seq),
      });
      this.#conversations.set(place.address, found);
    }
    return found;
  }

  meeting(room: string): Meeting {
    let found = this.#meetings.get(room);
    if (!found) {
      found = new Meeting(this.meetingWire, room, this.guest);
      this.#meetings.set(room, found);
      if (this.guest) found.subscribe((view) => view.phase === 'inside' && this.#enterAsGuest(room));
    }
    return found;
  }

  /** The meeting I am in, wherever I look. */
  get currentMeeting(): Meeting | undefined {
    return [...this.#meetings.values()].find((one) => one.inside);
  }

  folder(room: string): Folder {
    let found = this.#folders.get(room);
    if (!found) {
      found = new Folder(() => this.door.files(room));
      this.#folders.set(room, found);
    }
    return found;
  }

  /** A new stream: joins, asks who is there, and fills what was missed. */
  async handleReady(): Promise<void> {
    this.#entered.clear();
    this.#streams += 1;
    if (this.guest) {
      this.#resync();
      return;
    }
    this.roster.forget();
    void this.wire.carbons().catch(() => {}); // other devices' messages then come from the archive
    void this.#people();
    this.wire.present(false);
    await this.rooms.refresh();
    this.#enterRooms();
    this.#resync();
    // Who read, came or went meanwhile was told to nobody here.
    if (this.#streams > 1) this.changes.bump(...this.rooms.value.rooms.map((room) => room.id));
  }

  handleLinkLost(): void {
    this.ringing.handleLinkLost();
    for (const conversation of this.#conversations.values()) conversation.handleLinkLost();
  }

  async #people(): Promise<void> {
    const own = this.session.address;
    const asked = await Promise.allSettled([this.wire.roster(), this.door.people()]);
    const people = asked.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (people.length > 0) this.roster.handlePeople(people.filter((person) => person.address !== own));
  }

  #resync(): void {
    for (const conversation of this.#conversations.values()) void conversation.resync();
    for (const meeting of this.#meetings.values()) void meeting.handleLinkBack();
  }

  /** Let in: what is said in the meeting comes from the room, what was said before from its archive. */
  #enterAsGuest(room: string): void {
    if (this.#entered.has(room)) return;
    this.#entered.add(room);
    this.wire.enter(room);
    void this.conversation({ address: room, kind: 'group' }).open(0);
  }

  #enterRooms(): void {
    if (!this.wire.online || this.guest) return;
    for (const room of this.rooms.value.rooms) {
      if (room.kind !== 'group' || this.#entered.has(room.address)) continue;
      this.#entered.add(room.address);
      this.wire.enter(room.address);
    }
  }

  handle(incoming: Incoming): void {
    switch (incoming.kind) {
      case 'event':
        return this.#handleEvent(incoming);
      case 'refused':
        return this.#conversations.get(incoming.room)?.handleRefused(incoming.id, incoming.text, incoming.rule);
      case 'typing':
        return this.#handleTyping(incoming);
      case 'read':
        return this.#handleRead(incoming);
      case 'presence':
        if (incoming.address !== this.session.address) this.roster.handlePresence(incoming.address, incoming.resource, incoming.presence);
        return;
      case 'joined':
        return;
      case 'left':
        if (this.#entered.delete(incoming.room) && incoming.condition === 'removed') this.#putOut(incoming.room);
        return;
      case 'changed':
        return this.#handleChanged(incoming.what, incoming.room);
      case 'meeting':
        return this.#handleMeeting(incoming.room, incoming.state);
      case 'call':
        return this.helping ? undefined : this.ringing.handleCall(incoming); // it is not for who only looks on
      case 'speaking':
        return this.meeting(incoming.room).handleSpeaking(incoming.meeting, incoming.participants);
    }
  }

  #handleEvent({ room: address, event }: Extract<Incoming, { kind: 'event' }>): void {
    const known = this.rooms.byAddress(address);
    const late = known !== undefined && event.seq <= known.last_seq;
    const spokenByOther = event.type === 'speech' && event.author.address !== this.session.address;
    if (!this.rooms.handleEvent(address, event) && !this.guest) void this.rooms.refresh();
    this.ringing.handleEvent(address, event);
    const place: Place = { address, kind: known?.kind ?? (this.guest ? 'group' : address.includes('@rooms.') ? 'group' : 'direct') };
    this.conversation(place).handleEvent(event);
    if (event.type === 'file' && known) void this.#folders.get(known.id)?.refresh();
    if (event.type !== 'speech' && event.type !== 'file' && known) this.changes.bump(known.id);
    if (!known || late) return;
    // Between two it is a call, which rings by itself and knows when to stop.
    if (event.type === 'meeting-started' && !this.helping && known.kind === 'group' && event.detail.by !== this.session.address) this.calls.tell({ kind: 'rang', room: known, by: event.by });
    if (spokenByOther && event.type === 'speech') this.calls.tell({ kind: 'spoke', room: known, name: event.author.name });
  }

  #handleTyping({ room, address, name, composing }: Extract<Incoming, { kind: 'typing' }>): void {
    if (this.#mine(address, name)) return;
    this.#conversations.get(room)?.handleTyping(this.roster.name(address) ?? (name || address), composing);
  }

  #handleRead({ room, address, name, seq }: Extract<Incoming, { kind: 'read' }>): void {
    if (this.#mine(address, name)) return this.rooms.read(room, seq); // on another screen of mine
    this.#conversations.get(room)?.handleRead(address || name, this.roster.name(address) ?? (name || address), seq);
  }

  /** A room shows people by their name; mine may be numbered when I am there twice. */
  #mine(address: string, name: string): boolean {
    return address !== '' ? address === this.session.address : name.replace(/ \(\d+\)$/, '') === this.session.name;
  }

  /** Out of a room: for good, or until something is proved, which whoever shows it asks for. */
  #putOut(address: string): void {
    const known = this.rooms.byAddress(address);
    if (known) this.changes.bump(known.id);
    void this.rooms.refresh();
  }

  #handleChanged(what: string, room: string): void {
    if (what === 'people') return void this.#people();
    if (what === 'organisation') {
      for (const one of this.rooms.value.rooms) this.changes.bump(one.id);
      this.organisation.bump();
    }
    if (room !== '') {
      this.changes.bump(room);
      if (what === 'files' || what === 'file') void this.#folders.get(room)?.refresh();
    }
    void this.rooms.refresh();
  }

  #handleMeeting(room: string, state: MeetingState): void {
    this.meeting(room).handleState(state);
    // That it ended is an event of the room; here « over » may only mean that I am out.
    if (state.over === null) this.rooms.meeting(room, true);
  }
}

/** How many times each room was said to have changed. */
export class Changes extends Readable<ReadonlyMap<string, number>> {
  constructor() {
    super(new Map());
  }
  bump(...rooms: string[]): void {
    const counts = new Map(this.value);
    for (const room of rooms) counts.set(room, (counts.get(room) ?? 0) + 1);
    this.set(counts);
  }
}

/** How many times something was said to have changed. */
export class Count extends Readable<number> {
  constructor() {
    super(0);
  }
  bump(): void {
    this.set(this.value + 1);
  }
}

/** The latest call, numbered so that two alike are told apart. */
export class Calls extends Readable<{ number: number; call: Call } | null> {
  constructor() {
    super(null);
  }
  tell(call: Call): void {
    this.set({ number: (this.value?.number ?? 0) + 1, call });
  }
}

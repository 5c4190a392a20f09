import type { MeetingState, RoomEvent } from './events';

/** What `core` asks of the wire. Implemented by `wire/xmpp.ts`, and by a few lines in tests. */

/** An address of a room and how one speaks to it. */
export interface Place {
  address: string;
  kind: 'group' | 'direct';
}

export interface ArchivePage {
  /** Oldest first. */
  events: RoomEvent[];
  /** Nothing lies beyond this page in the direction that was asked. */
  complete: boolean;
}

export interface Wire {
  readonly online: boolean;
  /** Something that should have been answered was not: finds out soon whether the link is dead. */
  suspect(): void;
  /** Sends speech; false when it could not leave (offline). */
  say(place: Place, id: string, body: string, thread: string | null): boolean;
  typing(place: Place, composing: boolean): void;
  displayed(place: Place, seq: number): void;
  /** A page of the timeline: the `max` events before, or after, an event; the latest ones by default. */
  archive(place: Place, page: { before?: number; after?: number; max: number }): Promise<ArchivePage>;
}

/** The acts of docs/protocol.md "Meetings". Each rejects when the server refuses. */
export interface MeetingWire {
  ring(room: string): Promise<string>;
  knock(room: string): Promise<void>;
  /** Offer in, participant id and answer out. */
  join(room: string, offer: string): Promise<{ participant: string; answer: string }>;
  /** Says no to the call that rings for me. */
  decline(room: string): Promise<void>;
  leave(room: string): Promise<void>;
  media(room: string, sends: { audio: boolean; video: boolean; screen: boolean }): Promise<void>;
  hand(room: string, raised: boolean): Promise<void>;
  lower(room: string, participant: string): Promise<void>;
  admit(room: string, guest: string): Promise<void>;
  refuse(room: string, guest: string): Promise<void>;
  remove(room: string, participant: string): Promise<void>;
  end(room: string): Promise<void>;
  /** Null when no meeting is on. */
  state(room: string): Promise<MeetingState | null>;
}

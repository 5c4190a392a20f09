/** What happens in a room, as its timeline keeps it and as the wire tells it. */

export interface Author {
  address: string;
  name: string;
  kind: 'account' | 'guest';
}

interface Numbered {
  /** The event's number in its room, from 1 without gaps. */
  seq: number;
  /** Milliseconds since the Unix epoch. */
  at: number;
}

export interface Speech extends Numbered {
  type: 'speech';
  /** The id its sender gave; how a sender recognises their own message. */
  id: string;
  author: Author;
  body: string;
  /** The meeting during which it was said. */
  thread: string | null;
}
export interface FileShared extends Numbered {
  type: 'file';
  file: { id: string; name: string; size: number; mediaType: string; sha256: string };
  author: Author;
}
export interface Happening extends Numbered {
  type: 'meeting-started' | 'meeting-ended' | 'call-missed' | 'call-declined' | 'label-changed' | 'member-added' | 'member-removed' | 'renamed';
  /** Who did it, by name; empty when nobody did (a meeting that ran out). */
  by: string;
  /** Attributes of the element, as docs/protocol.md names them. */
  detail: Readonly<Record<string, string>>;
}

export type RoomEvent = Speech | FileShared | Happening;

/** Who can see it: state of a person. */
export type Presence = 'available' | 'away' | 'offline';

export interface Participant {
  id: string;
  address: string;
  name: string;
  kind: 'account' | 'guest';
  role: string;
  audio: boolean;
  video: boolean;
  screen: boolean;
  slots: readonly { mid: string; kind: 'audio' | 'video' | 'screen' }[];
}
export interface Waiting {
  guest: string;
  name: string;
  /** Milliseconds since the Unix epoch. */
  since: number;
}
/** The whole of a meeting, as the server tells it after each change. */
export interface MeetingState {
  id: string;
  version: number;
  /** Milliseconds since the Unix epoch. */
  started: number | null;
  ends: number | null;
  /** My participant's id; empty before I joined. */
  me: string;
  admitted: boolean;
  participants: readonly Participant[];
  /** Participants' ids, in the order in which the hands were raised. */
  hands: readonly string[];
  waiting: readonly Waiting[];
  /** Between two, while it rings: for whom, and whether anybody is there to hear it. */
  called: { address: string; name: string; reached: boolean } | null;
  over: 'ended' | 'removed' | 'refused' | 'replaced' | 'declined' | 'unanswered' | null;
}

/** What the wire brings, already read. `room` is a room's address, or a person's for a one-to-one. */
export type Incoming =
  | { kind: 'event'; room: string; event: RoomEvent; label: string | null }
  | { kind: 'refused'; room: string; id: string; condition: string; text: string; rule: string | null }
  | { kind: 'typing'; room: string; name: string; address: string; composing: boolean }
  | { kind: 'read'; room: string; name: string; address: string; seq: number }
  | { kind: 'presence'; address: string; resource: string; presence: Presence }
  | { kind: 'joined'; room: string; nick: string }
  | { kind: 'left'; room: string; condition: string }
  | { kind: 'changed'; what: string; room: string }
  | { kind: 'meeting'; room: string; state: MeetingState }
  /** A call between two, `room` being the other's address; `by` called. */
  | { kind: 'call'; room: string; meeting: string; state: 'rings' | 'taken' | 'over'; by: string; name: string }
  | { kind: 'speaking'; room: string; meeting: string; participants: readonly string[] };

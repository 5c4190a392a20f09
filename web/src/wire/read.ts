import type { Author, FileShared, Happening, Incoming, MeetingState, Participant, RoomEvent, Speech } from '../core/events';
import { bare, child, childIn, children, NS, refusalOf, resource } from './xml';

/** Turns stanzas into what `core` understands. Total: what it does not know, or what is malformed, is skipped. */

const HAPPENINGS: readonly string[] = ['meeting-started', 'meeting-ended', 'call-missed', 'call-declined', 'label-changed', 'member-added', 'member-removed', 'renamed'];

/** Who reads: needed to tell my own one-to-one messages from the other person's. */
export interface Me {
  /** My bare address. */
  address: string;
  name: string;
}

export function readStanza(stanza: Element, me: Me): Incoming[] {
  if (stanza.localName === 'presence') return readPresence(stanza);
  if (stanza.localName !== 'message') return [];
  const carbon = childIn(stanza, NS.carbons);
  if (carbon) {
    // Only my own server may tell me what I said or received elsewhere (XEP-0280 §11).
    if (bare(stanza.getAttribute('from') ?? me.address) !== me.address) return [];
    const inner = forwarded(carbon);
    return inner ? readMessage(inner.message, me, inner.at) : [];
  }
  return readMessage(stanza, me, delayOf(stanza));
}

function readMessage(message: Element, me: Me, at: number | null): Incoming[] {
  const from = message.getAttribute('from') ?? '';
  const type = message.getAttribute('type') ?? 'normal';
  if (type === 'headline') return readHeadline(message, from);
  const room = type === 'groupchat' || type === 'error' ? bare(from) : other(message, from, me);
  if (type === 'error') return readRefusal(message, room);

  const found: Incoming[] = [];
  const event = readEvent(message, me, at);
  if (event) found.push({ kind: 'event', room, event, label: labelOf(message) });

  const who = child(message, 'author', NS.room);
  const name = who?.getAttribute('name') ?? (type === 'groupchat' ? resource(from) : '');
  const address = who?.getAttribute('address') ?? (type === 'groupchat' ? '' : bare(from));
  const state = childIn(message, NS.chatstates)?.localName;
  if (state && !event) found.push({ kind: 'typing', room, name, address, composing: state === 'composing' });
  const displayed = child(message, 'displayed', NS.markers);
  const seq = numberOf(displayed?.getAttribute('id') ?? '');
  if (seq > 0) found.push({ kind: 'read', room, name, address, seq });
  return found;
}

/** The one-to-one's other side, from my point of view. */
function other(message: Element, from: string, me: Me): string {
  return bare(from) === me.address || from === '' ? bare(message.getAttribute('to') ?? '') : bare(from);
}

function readRefusal(message: Element, room: string): Incoming[] {
  const id = message.getAttribute('id') ?? '';
  return id === '' ? [] : [{ kind: 'refused', room, id, ...refusalOf(message) }];
}

/** What a message adds to the timeline; null when it is not numbered or adds nothing. */
export function readEvent(message: Element, me: Me, at: number | null, archivedAs: string | null = null): RoomEvent | null {
  const seq = numberOf(archivedAs ?? child(message, 'stanza-id', NS.stanzaId)?.getAttribute('id') ?? '');
  if (!Number.isSafeInteger(seq) || seq < 1) return null;
  const numbered = { seq, at: at ?? Date.now() };

  for (const element of children(message, 'file', NS.room)) return readFile(element, numbered);
  for (const element of message.children) {
    if (element.namespaceURI !== NS.room || !HAPPENINGS.includes(element.localName)) continue;
    const detail = Object.fromEntries([...element.attributes].map((one) => [one.name, one.value]));
    return { type: element.localName as Happening['type'], ...numbered, by: detail['by-name'] ?? '', detail };
  }

  const body = child(message, 'body', NS.client)?.textContent ?? '';
  if (body === '') return null;
  const speech: Speech = {
    type: 'speech',
    ...numbered,
    id: child(message, 'origin-id', NS.stanzaId)?.getAttribute('id') ?? message.getAttribute('id') ?? '',
    author: readAuthor(message, me),
    body,
    thread: child(message, 'thread', NS.client)?.textContent || null,
  };
  return speech;
}

/** The event's number in its room: all of a room's id, the end of one in my own archive (`0000000000003-42`). */
function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1));
}

function readFile(element: Element, numbered: { seq: number; at: number }): FileShared {
  const read = (name: string) => element.getAttribute(name) ?? '';
  return {
    type: 'file',
    ...numbered,
    file: { id: read('id'), name: read('name'), size: Number(read('size')) || 0, mediaType: read('media-type'), sha256: read('sha256') },
    author: { address: read('author'), name: read('author-name'), kind: 'account' },
  };
}

function readAuthor(message: Element, me: Me): Author {
  const author = child(message, 'author', NS.room);
  if (author) {
    const kind = author.getAttribute('kind') === 'guest' ? 'guest' : 'account';
    return { address: author.getAttribute('address') ?? '', name: author.getAttribute('name') ?? '', kind };
  }
  const from = message.getAttribute('from') ?? '';
  if (message.getAttribute('type') === 'groupchat') return { address: '', name: resource(from), kind: 'account' };
  const address = bare(from) || me.address;
  return { address, name: address === me.address ? me.name : address, kind: 'account' };
}

function labelOf(message: Element): string | null {
  const label = child(message, 'securitylabel', NS.label);
  for (const one of label?.getElementsByTagNameNS(NS.room, 'label') ?? []) return one.getAttribute('slug');
  return null;
}

function timeOf(stamp: string | null): number | null {
  const at = stamp === null ? NaN : Date.parse(stamp);
  return Number.isNaN(at) ? null : at;
}

function delayOf(message: Element): number | null {
  return timeOf(child(message, 'delay', NS.delay)?.getAttribute('stamp') ?? null);
}

function forwarded(wrapper: Element): { message: Element; at: number | null } | null {
  const forward = child(wrapper, 'forwarded', NS.forward);
  const message = forward && child(forward, 'message', NS.client);
  return forward && message ? { message, at: delayOf(forward) ?? delayOf(message) } : null;
}

export interface ArchiveResult {
  query: string;
  event: RoomEvent | null;
  /** Read markers are kept in some archives; they carry no event of their own. */
  other: Incoming[];
}

/** One `<result/>` of an archive query (XEP-0313 §4.3), or null when the stanza is not one. */
export function readArchiveResult(stanza: Element, me: Me): ArchiveResult | null {
  const result = stanza.localName === 'message' ? child(stanza, 'result', NS.mam) : null;
  const inner = result && forwarded(result);
  if (!result || !inner) return null;
  const event = readEvent(inner.message, me, inner.at, result.getAttribute('id'));
  const others = event ? [] : readMessage(inner.message, me, inner.at);
  return { query: result.getAttribute('queryid') ?? '', event, other: others };
}

function readPresence(stanza: Element): Incoming[] {
  const from = stanza.getAttribute('from') ?? '';
  const type = stanza.getAttribute('type') ?? '';
  const occupant = child(stanza, 'x', NS.mucUser);
  const inRoom = occupant !== null || child(stanza, 'x', NS.muc) !== null;
  if (inRoom) {
    const codes = occupant ? children(occupant, 'status').map((status) => status.getAttribute('code')) : [];
    if (type === 'error') return [{ kind: 'left', room: bare(from), condition: conditionOf(stanza) }];
    if (!codes.includes('110')) return [];
    if (type === 'unavailable') return [{ kind: 'left', room: bare(from), condition: codes.includes('307') || codes.includes('321') ? 'removed' : 'gone' }];
    return [{ kind: 'joined', room: bare(from), nick: resource(from) }];
  }
  if (type === 'error') return [{ kind: 'left', room: bare(from), condition: conditionOf(stanza) }];
  if (type !== '' && type !== 'unavailable') return [];
  const show = child(stanza, 'show', NS.client)?.textContent ?? '';
  const away = show === 'away' || show === 'xa' || show === 'dnd';
  const presence = type === 'unavailable' ? 'offline' : away ? 'away' : 'available';
  return [{ kind: 'presence', address: bare(from), resource: resource(from), presence }];
}

export function conditionOf(stanza: Element): string {
  return refusalOf(stanza).condition;
}

function readHeadline(message: Element, from: string): Incoming[] {
  const changed = child(message, 'changed', NS.room);
  if (changed) return [{ kind: 'changed', what: changed.getAttribute('what') ?? '', room: changed.getAttribute('room') ?? '' }];
  const meeting = child(message, 'meeting', NS.meeting);
  if (meeting) return [{ kind: 'meeting', room: bare(from), state: readMeeting(meeting) }];
  const call = child(message, 'call', NS.meeting);
  const stage = (['rings', 'taken', 'over'] as const).find((one) => one === call?.getAttribute('state'));
  if (call && stage) {
    const read = (name: string) => call.getAttribute(name) ?? '';
    return [{ kind: 'call', room: bare(from), meeting: read('id'), state: stage, by: read('by'), name: read('by-name') }];
  }
  const speaking = child(message, 'speaking', NS.meeting);
  if (speaking) {
    const participants = (speaking.textContent ?? '').split(/\s+/).filter(Boolean);
    return [{ kind: 'speaking', room: bare(from), meeting: speaking.getAttribute('id') ?? '', participants }];
  }
  return [];
}

export function readMeeting(element: Element): MeetingState {
  const read = (name: string) => element.getAttribute(name);
  const reason = read('reason');
  const reasons = ['ended', 'removed', 'refused', 'replaced', 'declined', 'unanswered'] as const;
  const called = child(element, 'called', NS.meeting);
  return {
    id: read('id') ?? '',
    version: Number(read('version') ?? 0) || 0,
    started: timeOf(read('started')),
    ends: timeOf(read('ends')),
    me: read('me') ?? '',
    admitted: read('admitted') !== 'false',
    participants: children(element, 'participant').map(readParticipant),
    hands: children(element, 'hand').map((hand) => hand.getAttribute('participant') ?? ''),
    waiting: children(element, 'waiting').map((one) => ({
      guest: one.getAttribute('guest') ?? '',
      name: one.getAttribute('name') ?? '',
      since: timeOf(one.getAttribute('since')) ?? Date.now(),
    })),
    called: called && {
      address: called.getAttribute('address') ?? '',
      name: called.getAttribute('name') ?? '',
      reached: called.getAttribute('reached') === 'true',
    },
    over: read('ended') === 'true' ? (reasons.find((one) => one === reason) ?? 'ended') : null,
  };
}

function readParticipant(element: Element): Participant {
  const read = (name: string) => element.getAttribute(name) ?? '';
  const kinds = ['audio', 'video', 'screen'] as const;
  return {
    id: read('id'),
    address: read('address'),
    name: read('name'),
    kind: read('kind') === 'guest' ? 'guest' : 'account',
    role: read('role'),
    audio: read('audio') === 'true',
    video: read('video') === 'true',
    screen: read('screen') === 'true',
    slots: children(element, 'slot').flatMap((slot) => {
      const kind = kinds.find((one) => one === slot.getAttribute('kind'));
      return kind ? [{ mid: slot.getAttribute('mid') ?? '', kind }] : [];
    }),
  };
}

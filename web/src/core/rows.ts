import type { FileShared, Happening, RoomEvent, Speech } from './events';

/** A line of the conversation as it is laid out. `key` never changes for the same thing. */
export type Row =
  | { kind: 'day'; key: string; at: number }
  | { kind: 'new'; key: string; at: number }
  | { kind: 'said'; key: string; event: Speech | FileShared; /** Continues the one above: no name again. */ continued: boolean }
  | { kind: 'quiet'; key: string; event: Happening };

const TOGETHER = 5 * 60 * 1000; // ms

/**
 * Lays a conversation out: a line when the day changes, one where the new begins, and what one person
 * says within five minutes kept together. `newAfter` null draws no such line; my own words are not new to me.
 */
export function rows(events: readonly RoomEvent[], newAfter: number | null, me: string, dayOf: (at: number) => string): Row[] {
  const laid: Row[] = [];
  let day = '';
  let above: Speech | FileShared | null = null; // the first of the group, so that a long talk shows its name again
  let marked = newAfter === null;
  for (const event of events) {
    const today = dayOf(event.at);
    if (today !== day) {
      laid.push({ kind: 'day', key: `day-${today}`, at: event.at });
      day = today;
      above = null;
    }
    const said = event.type === 'speech' || event.type === 'file';
    if (!marked && newAfter !== null && event.seq > newAfter && said && event.author.address !== me) {
      laid.push({ kind: 'new', key: 'new', at: event.at });
      marked = true;
      above = null;
    }
    if (!said) {
      laid.push({ kind: 'quiet', key: `e${event.seq}`, event });
      above = null;
      continue;
    }
    const continued = above !== null && sameVoice(above, event) && event.at - above.at < TOGETHER;
    laid.push({ kind: 'said', key: `e${event.seq}`, event, continued });
    if (!continued) above = event;
  }
  return laid;
}

function sameVoice(a: Speech | FileShared, b: Speech | FileShared): boolean {
  return a.author.address === b.author.address && a.author.name === b.author.name;
}

/** Who has read up to my latest words: names, for the latest event only. */
export function readers(events: readonly RoomEvent[], reads: ReadonlyMap<string, { name: string; seq: number }>, me: string): { seq: number; names: string[] } | null {
  const mine = events.findLast((event) => (event.type === 'speech' || event.type === 'file') && event.author.address === me);
  if (!mine) return null;
  const names = [...reads.values()].filter((reader) => reader.seq >= mine.seq).map((reader) => reader.name);
  return { seq: mine.seq, names: names.sort((a, b) => a.localeCompare(b)) };
}

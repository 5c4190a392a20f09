/** Which part of the events held is laid out: a conversation of 10,000 messages is never 10,000 elements. */
export interface Stretch {
  /** Number of the first event laid out; 0: as many as fit before the end. */
  from: number;
  /** Number of the last one; 0: the latest, whatever comes. */
  to: number;
}

interface Seq {
  readonly seq: number;
}

/** Events laid out at first. */
export const FIRST = 80;
/** Added each time an edge comes near: little enough for one frame. */
export const STEP = 30;
/** Laid out at most; what is farthest from the eyes goes. */
export const MOST = 240;

export const AT_END: Stretch = { from: 0, to: 0 };

/** The place of the first event numbered `seq` or above, in order of number. */
export function placeOf(events: readonly Seq[], seq: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle] as Seq).seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Places of the first event laid out and of the one after the last. */
export function bounds(events: readonly Seq[], { from, to }: Stretch): [number, number] {
  const end = to === 0 ? events.length : placeOf(events, to + 1);
  const start = from === 0 ? Math.max(0, end - FIRST) : placeOf(events, from);
  return [Math.min(start, end), end];
}

/** A step towards the beginning; null when everything held before is laid out. */
export function older(events: readonly Seq[], stretch: Stretch): Stretch | null {
  const [start, end] = bounds(events, stretch);
  if (start === 0) return null;
  return between(events, Math.max(0, start - STEP), end, 'first');
}

/** A step towards the end; null when the end is laid out. */
export function newer(events: readonly Seq[], stretch: Stretch): Stretch | null {
  const [start, end] = bounds(events, stretch);
  if (end === events.length) return null;
  return between(events, start, Math.min(events.length, end + STEP), 'last');
}

/** Lets go of what is too much, farthest from the edge that is looked at; null when nothing is. */
export function trimmed(events: readonly Seq[], stretch: Stretch, keep: 'first' | 'last'): Stretch | null {
  const [start, end] = bounds(events, stretch);
  return end - start > MOST ? between(events, start, end, keep) : null;
}

function between(events: readonly Seq[], start: number, end: number, keep: 'first' | 'last'): Stretch {
  if (end - start > MOST) {
    if (keep === 'first') end = start + MOST;
    else start = end - MOST;
  }
  return { from: events[start]?.seq ?? 0, to: end >= events.length ? 0 : (events[end - 1]?.seq ?? 0) };
}

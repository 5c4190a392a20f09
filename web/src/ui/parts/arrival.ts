import { tick } from 'svelte';

/** Whether the page was used already: one that was just loaded begins at its top, as browsers do. */
let used = false;
document.addEventListener('focusin', () => (used = true), { once: true });

const shown = (one: HTMLElement) => one.getClientRects().length > 0;

/**
 * On the heading of what comes in the place of something else: takes the focus if that went with what it was on, so
 * that the keyboard goes on here and a screen reader says where one is. What chooses a field of its own comes first.
 */
export function arrival(heading: HTMLElement): void {
  if (!used) return;
  requestAnimationFrame(() => take(heading, FRAMES));
}

/** What was done took its own button away: the keyboard goes on at the heading, where it would otherwise begin again at the top. */
export async function focusIfLost(heading: HTMLElement | null | undefined): Promise<void> {
  await tick();
  if (document.activeElement === document.body) heading?.focus();
}

/** What one came by may be there a little longer: a link that leaves its list once the room is known. */
const FRAMES = 30;

function take(heading: HTMLElement, left: number): void {
  if (!heading.isConnected) return;
  const at = document.activeElement;
  // What was hidden a moment ago has the focus until a frame is drawn.
  if (at instanceof HTMLElement && at !== document.body && shown(at)) {
    if (left > 0) requestAnimationFrame(() => take(heading, left - 1));
    return;
  }
  // A narrow window leaves out what a wide one shows beside.
  const to = shown(heading) ? heading : [...document.querySelectorAll<HTMLElement>('h1, h2')].find(shown);
  if (!to) return;
  to.tabIndex = -1;
  to.focus({ preventScroll: true });
}

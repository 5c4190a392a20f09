import { region, t } from './words.svelte';

const US = 1000; // microseconds in a millisecond

function shown(us: number, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(region(), options).format(us / US);
}

function days(us: number, now: number): number {
  const midnight = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);
  return Math.round((midnight(now) - midnight(us / US)) / 86_400_000);
}

/** `9:42` */
export function hour(us: number): string {
  return shown(us, { hour: 'numeric', minute: '2-digit' });
}

/** A moment in a sentence: « à l’instant », « à 9:42 », « hier à 9:42 », « le 12 novembre à 9:42 »; times in microseconds. */
export function when(us: number, now = Date.now()): string {
  const ago = now - us / US;
  if (ago >= 0 && ago < 60_000) return t('when.now');
  const day = days(us, now);
  if (day === 0) return t('when.at', hour(us));
  if (day === 1) return t('when.yesterday', hour(us));
  const year = new Date(us / US).getFullYear() === new Date(now).getFullYear() ? {} : { year: 'numeric' as const };
  return t('when.on', shown(us, { day: 'numeric', month: 'long', ...year }), hour(us));
}

/** A moment in a column, exact to the second and with its day: `23/11/2026 09:42:07`. */
export function exactly(us: number): string {
  return shown(us, { dateStyle: 'short', timeStyle: 'medium' });
}

/** The day of a moment, where one is: « 31 mars 2027 ». */
export function dayOf(us: number): string {
  return shown(us, { day: 'numeric', month: 'long', year: 'numeric' });
}

/** A day of the calendar in a sentence, `2027-03-31`: « 31 mars 2027 ». */
export function calendarDay(day: string): string {
  return new Intl.DateTimeFormat(region(), { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(Date.parse(day));
}

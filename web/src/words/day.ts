import { region, t } from './words.svelte';

/** Days and hours of a conversation; times in milliseconds. */
export function dayKey(at: number): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/** « Aujourd’hui », « Hier », « Lundi 23 novembre » (with the year when it is another). */
export function dayName(at: number, now = Date.now()): string {
  if (dayKey(at) === dayKey(now)) return t('time.today');
  if (dayKey(at) === dayKey(now - 86_400_000)) return t('time.yesterday');
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? {} : { year: 'numeric' as const };
  const name = new Intl.DateTimeFormat(region(), { weekday: 'long', day: 'numeric', month: 'long', ...year }).format(at);
  return name.charAt(0).toLocaleUpperCase() + name.slice(1);
}

/** « 23 novembre » */
export function dayMonth(at: number): string {
  return new Intl.DateTimeFormat(region(), { day: 'numeric', month: 'long' }).format(at);
}

/** Made once per language: making one takes longer than laying out a message. */
function kept(options: Intl.DateTimeFormatOptions): (at: number) => string {
  const made = new Map<string, Intl.DateTimeFormat>();
  return (at) => {
    let format = made.get(region());
    if (!format) made.set(region(), (format = new Intl.DateTimeFormat(region(), options)));
    return format.format(at);
  };
}

/** `9:42` */
export const clock = kept({ hour: 'numeric', minute: '2-digit' });

export const exactTime = kept({ dateStyle: 'full', timeStyle: 'medium' });

import { language, t } from './words.svelte';

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
  const name = new Intl.DateTimeFormat(language(), { weekday: 'long', day: 'numeric', month: 'long', ...year }).format(at);
  return name.charAt(0).toLocaleUpperCase() + name.slice(1);
}

/** « 23 novembre » */
export function dayMonth(at: number): string {
  return new Intl.DateTimeFormat(language(), { day: 'numeric', month: 'long' }).format(at);
}

const hours = new Map<string, Intl.DateTimeFormat>();

/** `9:42` */
export function clock(at: number): string {
  let format = hours.get(language());
  if (!format) hours.set(language(), (format = new Intl.DateTimeFormat(language(), { hour: 'numeric', minute: '2-digit' })));
  return format.format(at);
}

export function exactTime(at: number): string {
  return new Intl.DateTimeFormat(language(), { dateStyle: 'full', timeStyle: 'medium' }).format(at);
}

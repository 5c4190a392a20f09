import { region, t } from './words.svelte';

/** A number of bytes as people read it: « 214 ko », « 200 Mo ». Powers of 1,000, as the units say. */
export function size(bytes: number): string {
  const shown = (value: number) => new Intl.NumberFormat(region(), { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
  if (bytes < 1_000) return t('unit.bytes', shown(bytes));
  if (bytes < 1_000_000) return t('unit.kilo', shown(bytes / 1_000));
  if (bytes < 1_000_000_000) return t('unit.mega', shown(bytes / 1_000_000));
  return t('unit.giga', shown(bytes / 1_000_000_000));
}

import { t } from './words.svelte';

/** From where somebody came, for an address block; a single address is said as one. Empty when nobody knows. */
export const from = (block: string): string => (block === '' ? '' : t('history.from', block.replace(/\/32$/, '')));

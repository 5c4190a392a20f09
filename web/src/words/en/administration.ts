import type { administration as source } from '../fr/administration';
import type { Translation } from '../types';

export const administration: Translation<typeof source> = {
  'administration.title': 'Administration',
};

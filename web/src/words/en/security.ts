import type { security as source } from '../fr/security';
import type { Translation } from '../types';

export const security: Translation<typeof source> = {
  'security.title': 'My security',
};

import type { when as source } from '../fr/when';
import type { Translation } from '../types';

export const when: Translation<typeof source> = {
  'when.now': 'just now',
  'when.at': (hour) => `at ${hour}`,
  'when.yesterday': (hour) => `yesterday at ${hour}`,
  'when.on': (day, hour) => `on ${day} at ${hour}`,
};

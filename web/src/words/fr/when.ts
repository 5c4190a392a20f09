/** Moments inside a sentence. */
export const when = {
  'when.now': 'à l’instant',
  'when.at': (hour: string) => `à ${hour}`,
  'when.yesterday': (hour: string) => `hier à ${hour}`,
  'when.on': (day: string, hour: string) => `le ${day} à ${hour}`,
} as const;

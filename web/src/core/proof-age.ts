/** What the server says of the last proof, with its clock beside it. */
export interface IdentityFacts {
  identified_us: number;
  now_us: number;
}

/** How long before a room closes one is told (WCAG 2.2.1 asks twenty seconds at least; a passkey may be in another room). */
export const WARN_BEFORE = 5 * 60_000; // ms

/** When a room whose label asks every so many hours who is there closes, on this machine's clock. */
export const closes = (facts: IdentityFacts, hours: number, now: number): number => now + (facts.identified_us - facts.now_us) / 1000 + hours * 3_600_000;

/** Minutes left of a room that closes then, once that is worth a word; null before. */
export const minutesLeft = (closing: number, now: number): number | null => (closing - now > WARN_BEFORE ? null : Math.max(0, Math.ceil((closing - now) / 60_000)));

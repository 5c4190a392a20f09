import type { Label } from '../../core/types';

/** Those whose texts hold every word of the search, wherever, whatever the accents and the case. */
export function found<T>(all: readonly T[], words: string, texts: (one: T) => readonly string[]): T[] {
  const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const wanted = plain(words).split(/\s+/).filter(Boolean);
  return all.filter((one) => {
    const text = plain(texts(one).join(' '));
    return wanted.every((word) => text.includes(word));
  });
}

/** The most sensitive label that a clearance reaches. */
export function clearedFor(clearance: number, labels: readonly Label[]): Label | undefined {
  return labels.filter((one) => one.rank <= clearance).sort((a, b) => b.rank - a.rank)[0];
}

/** One or two letters for someone without a picture. */
export function initials(name: string): string {
  const words = name.split(/[\s'’-]+/u).filter((word) => /\p{L}|\p{N}/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? '')][0] ?? '');
  return letters.join('').toLocaleUpperCase() || '?';
}

/** A file's name as it is spelled: what turns the reading direction around is shown as `�`, so that `…fdp.exe` cannot read `…exe.pdf`. */
export function spelled(name: string): string {
  return name.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** A message cut into text and links. Never HTML: whoever shows it writes text nodes. */
export type Piece =
  | { kind: 'text'; text: string }
  /** `host` is where it really goes, in ASCII: an address in disguise (bank.example@evil.test, іnternational letters) shows. */
  | { kind: 'link'; href: string; host: string; rest: string; disguised: boolean };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`{}|\\^]+/giu;

export function pieces(text: string): Piece[] {
  const cut: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const written = trimmed(match[0]);
    const link = read(written);
    if (!link) continue;
    if (match.index > from) cut.push({ kind: 'text', text: text.slice(from, match.index) });
    cut.push(link);
    from = match.index + written.length;
  }
  if (from < text.length) cut.push({ kind: 'text', text: text.slice(from) });
  return cut;
}

/** Punctuation that ends the sentence is not of the address; a closing bracket is when it was opened inside. */
function trimmed(address: string): string {
  let end = address.length;
  for (;;) {
    const last = address[end - 1] ?? '';
    const inside = address.slice(0, end);
    const unopened = last === ')' && inside.split('(').length < inside.split(')').length;
    if (!/[.,;:!?…»”’\]]/u.test(last) && !unopened) return inside;
    end -= 1;
  }
}

function read(written: string): Piece | null {
  let url: URL;
  try {
    url = new URL(written);
  } catch {
    return null;
  }
  const typed = written.slice(written.indexOf('//') + 2).split(/[/?#]/)[0] ?? '';
  const disguised = typed.toLowerCase().replace(/:\d+$/, '') !== url.hostname;
  const path = url.pathname === '/' && url.search === '' && url.hash === '' ? '' : url.pathname + url.search + url.hash;
  return { kind: 'link', href: url.href, host: url.host, rest: safeText(path), disguised };
}

/** Percent-encoding undone where it reads better; never bidi controls, which could turn the text around. */
function safeText(path: string): string {
  try {
    const text = decodeURI(path);
    return /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/u.test(text) ? path : text;
  } catch {
    return path;
  }
}
